"""The public list of products with what a search found in it, its facets, and suggestions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F, QuerySet
from django_filters import FilterSet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.filters import StrictFilterBackend
from core.api.keyset import Keyset
from core.errors import FieldError, Invalid
from market.catalog import selectors
from market.catalog.adapters.search import Found, Term, engine, search, suggestions, terms_of
from market.catalog.adapters.search.facets import facets
from market.catalog.api import documents
from market.catalog.api import serializers as shapes
from market.catalog.api.filters import ProductFilter
from market.catalog.models import ProductListing
from market.catalog.querysets import ProductListingQuerySet
from market.catalog.rules import MAX_ATTRIBUTE_TEXT

RELEVANCE = "relevance"
ORDERINGS = {
    "-created_at": Keyset(("created_at", "product_id"), descending=True),
    "created_at": Keyset(("created_at", "product_id")),
    "price": Keyset(("price", "product_id")),
    "-price": Keyset(("price", "product_id"), descending=True),
    "title": Keyset(("title", "product_id")),
    "-title": Keyset(("title", "product_id"), descending=True),
    "rating": Keyset(("rating_or_zero", "product_id")),
    "-rating": Keyset(("rating_or_zero", "product_id"), descending=True),
    "popularity": Keyset(("popularity", "product_id"), descending=True),
}
# What says where in a list to look, and what the search has narrowed already.
NOT_NARROWING = {"search", "category", "ordering", "limit", "offset", "page", "per_page", "cursor"}


ATTRIBUTES = OpenApiParameter(
    "attributes",
    {"type": "object", "additionalProperties": {"type": "string", "maxLength": MAX_ATTRIBUTE_TEXT}},
    style="deepObject",
    explode=True,
    description="`attributes[color]=red`. Given twice, one of the values is enough; of several attributes each counts.",
)


@dataclass(frozen=True, slots=True)
class Ranked:
    """Found products in the order of a list, as (rank, popularity, product id)."""

    places: Sequence[tuple[float, int, int]]
    is_exact: bool = True

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, part: slice) -> "Ranked":
        return Ranked(self.places[part], self.is_exact)


@dataclass(frozen=True, slots=True)
class Relevance(Keyset):
    """The order of a search: the best match first, then the more popular, then the newer product."""

    fields: tuple[str, ...] = ("search_rank", "popularity", "product_id")
    descending: bool = True

    def ordered(self, rows: Any, *, backward: bool = False) -> Any:
        """What was found stands in this order already; a queryset is left as it is, to be searched."""
        return rows[::-1] if isinstance(rows, Ranked) and backward else rows

    def beyond(self, rows: Ranked, values: Sequence[Any], *, backward: bool = False) -> Ranked:
        """Those behind the place that a cursor names, whether a product still stands there or not."""
        named = tuple(values)
        beyond = [place for place in rows.places if (place > named if backward else place < named)]
        return Ranked(beyond, rows.is_exact)

    def read(self, values: Sequence[Any], queryset: Any) -> tuple[Any, ...]:
        """The place that a cursor names."""
        rank, popularity, product_id = values
        return float(rank), int(popularity), int(product_id)


class ProductFilterBackend(StrictFilterBackend):
    """Filters and orders as everywhere; with `search`, only what that has found is left.

    A list of it comes `Ranked`, at most `most_candidates` long; facets, and a walk by cursor in
    another order than relevance, get a queryset.
    """

    def get_filterset(self, request: Request, queryset: QuerySet, view: Any) -> FilterSet:
        view.filterset = super().get_filterset(request, queryset, view)
        return view.filterset

    def filter_queryset(self, request: Request, queryset: QuerySet, view: Any) -> Any:
        listings = super().filter_queryset(request, queryset, view)
        if view.detail or not (text := view.filterset.form.cleaned_data["search"]):
            return listings
        view.search_terms = terms_of(text)
        view.found = search(text=text, terms=view.search_terms, category_ids=view.filterset.category_ids)
        listings = listings.among(view.found.product_ids)
        is_by_relevance = request.query_params.get("ordering", "") in {"", RELEVANCE}
        if not view.orderings or ("cursor" in request.query_params and not is_by_relevance):
            return listings
        if not is_by_relevance:
            places = {place[2]: place for place in view.found.places}
            return Ranked([places[pk] for pk in listings.values_list("pk", flat=True)], view.found.is_exact)
        is_narrowed = not engine().is_current or set(request.query_params) - NOT_NARROWING
        return Ranked(_kept(view.found, listings) if is_narrowed else view.found.places, view.found.is_exact)


def _kept(found: Found, listings: ProductListingQuerySet) -> Sequence[tuple[float, int, int]]:
    kept = set(listings.order_by().values_list("pk", flat=True))
    return [place for place in found.places if place[2] in kept]


class SearchingMixin:
    """The list, what it can be narrowed by, and suggestions while somebody types."""

    filter_backends = (ProductFilterBackend,)
    filterset_class = ProductFilter
    filterset: FilterSet
    found: Found | None = None
    search_terms: Sequence[Term] = ()

    @property
    def orderings(self) -> dict[str, Keyset]:
        """A search begins with the best match; where nothing is searched there is no relevance to order by."""
        if self.action != "list":
            return {}
        if self.request is None:
            return {**ORDERINGS, RELEVANCE: Relevance()}
        is_search = self.request.query_params.get("search", "").strip()
        return {RELEVANCE: Relevance(), **ORDERINGS} if is_search else ORDERINGS

    @extend_schema(parameters=[ATTRIBUTES])
    def list(self, request: Request) -> Response:
        rows = self.paginate_queryset(self.filter_queryset(ProductListing.objects.listed().orderable()))
        return self.get_paginated_response([documents.product_row(row, self.search_terms) for row in rows])

    @extend_schema(parameters=[ATTRIBUTES], responses=shapes.FacetsSerializer, filters=True)
    def facets(self, request: Request) -> Response:
        listings = self.filter_queryset(ProductListing.objects.listed())
        is_plain = {name for name, value in request.query_params.items() if value} <= {"category"}
        slug = self.filterset.form.cleaned_data["category"]
        counted = facets(listings, slug=slug, category_ids=self.filterset.category_ids, is_plain=is_plain)
        is_exact = counted.is_exact and (self.found is None or self.found.is_exact)
        return Response(documents.facets(counted, is_exact=is_exact))

    @extend_schema(parameters=[shapes.SuggestSerializer], responses=shapes.SuggestionsSerializer, filters=False)
    def suggest(self, request: Request) -> Response:
        asked = shapes.SuggestSerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        if unknown := sorted(set(request.query_params) - set(asked.fields)):
            errors = [FieldError(name, "unknown", "There is no such parameter here.") for name in unknown]
            raise Invalid("The query has parameters that are not known.", errors=errors)
        return Response({"results": suggestions(asked.validated_data["q"])})

    def page_rows(self, rows: Any, start: int, stop: int) -> Sequence[dict[str, Any]]:
        """The rows of a page: one query."""
        if isinstance(rows, Ranked):
            return selectors.found_page(rows.places[start:stop])
        page = selectors.listing_page(rows, start, stop)
        return page.annotate(description=F("product__description")) if self.found else page
