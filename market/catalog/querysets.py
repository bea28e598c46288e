"""Chainable filters of the catalog."""

from collections.abc import Collection, Mapping
from decimal import Decimal

from django.contrib.postgres.search import SearchQuery
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import Lookup

from market.catalog.rules import attribute_token, search_query

# A product without reviews is ordered as one that nobody likes; a keyset has no place for null.
RATING_OR_ZERO = Coalesce(
    F("rating"), Value(Decimal(0)), output_field=models.DecimalField(max_digits=3, decimal_places=2)
)


class VariantQuerySet(models.QuerySet):
    """Filters of variants."""

    def for_sale(self) -> "VariantQuerySet":
        """Those that may be bought; `Variant.is_for_sale` says it of one."""
        return self.filter(is_active=True, product__status="active")


class OnShelves(Lookup):
    """A category that is one of those given, as one parameter however many they are."""

    lookup_name = "on_shelves"
    prepare_rhs = False

    def as_sql(self, compiler, connection) -> tuple[str, list]:
        column, params = self.process_lhs(compiler, connection)
        return f"{column} = ANY(%s::bigint[])", [*params, list(self.rhs)]


class Among(OnShelves):
    """An id that is one of those given."""


class OnOneShelf(OnShelves):
    """The same for the one category that `sql.FIRST_OF_SHELVES` has in hand."""

    def as_sql(self, compiler, connection) -> tuple[str, list]:
        column, params = self.process_lhs(compiler, connection)
        return f"{column} = shelf.id", [*params]


class ProductListingQuerySet(models.QuerySet):
    """Listings as shoppers narrow them down."""

    def listed(self) -> "ProductListingQuerySet":
        """Those that the public may see."""
        return self.filter(is_listed=True)

    def orderable(self) -> "ProductListingQuerySet":
        """With what lists are ordered by that is no column."""
        return self.annotate(rating_or_zero=RATING_OR_ZERO)

    def in_categories(self, category_ids: Collection[int]) -> "ProductListingQuerySet":
        """Those in one of the categories."""
        return self.filter(category_id__in=list(category_ids))

    def on_shelves(self, category_ids: Collection[int]) -> "ProductListingQuerySet":
        """Those in one of the categories, in a form that `selectors.listing_page` can take apart."""
        if len(category_ids) < 2:
            return self.filter(category_id=category_ids[0]) if category_ids else self.none()
        return self.filter(OnShelves(F("category_id"), tuple(category_ids)))

    def among(self, product_ids: Collection[int]) -> "ProductListingQuerySet":
        """Those of the products."""
        return self.filter(Among(F("product_id"), tuple(product_ids)))

    def priced(self, *, lowest: Decimal | None = None, highest: Decimal | None = None) -> "ProductListingQuerySet":
        """Those whose price lies between the bounds, both included."""
        listings = self if lowest is None else self.filter(price__gte=lowest)
        return listings if highest is None else listings.filter(price__lte=highest)

    def on_sale(self, wanted: bool) -> "ProductListingQuerySet":
        """Those shown beside a higher price, or those that are not."""
        if wanted:
            return self.filter(compare_at_price__gt=F("price"))
        return self.filter(Q(compare_at_price__isnull=True) | Q(compare_at_price__lte=F("price")))

    def in_collection(self, slug: str) -> "ProductListingQuerySet":
        """Those in an active collection."""
        return self.filter(
            product__collection_items__collection__slug=slug, product__collection_items__collection__is_active=True
        )

    def with_sku(self, sku: str) -> "ProductListingQuerySet":
        """The one with an active variant of this SKU."""
        return self.filter(product__variants__sku=sku, product__variants__is_active=True)

    def having(self, attributes: Mapping[str, Collection[str]]) -> "ProductListingQuerySet":
        """Those that have one of the values of each attribute, themselves or by an active variant."""
        listings = self
        for code, values in attributes.items():
            listings = listings.filter(attribute_tokens__overlap=[attribute_token(code, value) for value in values])
        return listings

    def matching(self, text: str) -> "ProductListingQuerySet":
        """Those with a word beginning with each word of `text`; none when `text` has no word."""
        query = search_query(text)
        if query is None:
            return self.none()
        return self.filter(search_vector=SearchQuery(query, config="simple", search_type="raw"))
