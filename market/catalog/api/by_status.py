"""What staff list beside what is for sale: drafts, archived products, or all of them."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.filters import StrictBooleanFilter, StrictFilterBackend, WordsFilter
from core.api.keyset import Keyset
from market.catalog import selectors
from market.catalog.api import documents
from market.catalog.api.filters import SKU_LENGTH, SLUG_LENGTH
from market.catalog.api.searching import ATTRIBUTES
from market.catalog.models import Product

ANY = "any"
ORDERINGS = {
    "-created_at": Keyset(("created_at", "id"), descending=True),
    "created_at": Keyset(("created_at", "id")),
}
STATUS = OpenApiParameter(
    "status",
    str,
    enum=[*Product.Status.values, ANY],
    description="For staff who may view products: those of a status, or all, whether they are for sale or not."
    " Beside it `category`, `featured`, `sku` and `search` (parts of title and slug) narrow; the order is by"
    " `created_at`.",
)


class ByStatusFilter(filters.FilterSet):
    """What staff narrow all products by; a category is taken alone, without those below it."""

    status = filters.ChoiceFilter(choices=[*Product.Status.choices, (ANY, ANY)], required=True, method="of_status")
    category = filters.CharFilter(field_name="category__slug", max_length=SLUG_LENGTH)
    featured = StrictBooleanFilter(field_name="is_featured")
    sku = filters.CharFilter(field_name="variants__sku", max_length=SKU_LENGTH)
    search = WordsFilter(fields=("title", "slug"))

    def of_status(self, products: QuerySet[Product], name: str, status: str) -> QuerySet[Product]:
        return products if status == ANY else products.filter(status=status)


class ByStatusMixin:
    """The list of products turns into that of staff when it is asked for a `status`."""

    @property
    def is_by_status(self) -> bool:
        """Whether somebody asks for what may not be for sale."""
        return self.action == "list" and self.request is not None and "status" in self.request.query_params

    @property
    def filterset_class(self) -> type[filters.FilterSet]:
        return ByStatusFilter if self.is_by_status else super().filterset_class

    @property
    def orderings(self) -> dict[str, Keyset]:
        return ORDERINGS if self.is_by_status else super().orderings

    @extend_schema(parameters=[ATTRIBUTES, STATUS])
    def list(self, request: Request) -> Response:
        if not self.is_by_status:
            return super().list(request)
        if not self.is_staff:
            self.permission_denied(request)
        rows = self.paginate_queryset(self.filter_queryset(Product.objects.all()))
        return self.get_paginated_response([documents.staff_row(row) for row in rows])

    def filter_queryset(self, queryset: QuerySet) -> Any:
        if self.is_by_status:
            return StrictFilterBackend().filter_queryset(self.request, queryset, self)
        return super().filter_queryset(queryset)

    def page_rows(self, rows: Any, start: int, stop: int) -> Sequence[dict[str, Any]]:
        if self.is_by_status:
            return selectors.product_rows(rows)[start:stop]
        return super().page_rows(rows, start, stop)
