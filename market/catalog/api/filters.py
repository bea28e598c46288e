"""How shoppers narrow the list of products."""

import re
from decimal import Decimal

from django.db.models import QuerySet
from django_filters import rest_framework as filters

from core.api.filters import StrictBooleanFilter
from core.errors import FieldError, Invalid
from market.catalog import selectors
from market.catalog.models import Variant
from market.catalog.querysets import ProductListingQuerySet
from market.catalog.rules import MAX_ATTRIBUTE_TEXT

PRICE = Variant._meta.get_field("price")
SLUG_LENGTH = 200
SKU_LENGTH = Variant._meta.get_field("sku").max_length
SEARCH_LENGTH = 100
ATTRIBUTE = re.compile(r"attributes\[([a-z][a-z0-9_]{0,49})\]")
MAX_ATTRIBUTES = 10
MAX_VALUES = 20


class PriceFilter(filters.NumberFilter):
    """An amount that a price could be."""

    def __init__(self, *args, **kwargs) -> None:
        amount = {"min_value": Decimal(0), "max_digits": PRICE.max_digits, "decimal_places": PRICE.decimal_places}
        super().__init__(*args, **amount, **kwargs)

    def get_max_validator(self) -> None:
        """The digits bound it already."""


class RatingFilter(filters.NumberFilter):
    """A number of stars."""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, min_value=Decimal(1), max_value=Decimal(5), decimal_places=2, max_digits=3, **kwargs)


class ProductFilter(filters.FilterSet):
    """Each filter narrows the list by itself; `attributes[color]` may be repeated, and takes either value."""

    category = filters.CharFilter(
        method="in_category", max_length=SLUG_LENGTH, label="Slug of a category; includes those below it."
    )
    min_price = PriceFilter(method="at_least", label="Lowest price.")
    max_price = PriceFilter(method="at_most", label="Highest price.")
    collection = filters.CharFilter(method="in_collection", max_length=SLUG_LENGTH, label="Slug of a collection.")
    in_stock = StrictBooleanFilter(field_name="in_stock", label="Whether any variant is available.")
    min_rating = RatingFilter(field_name="rating", lookup_expr="gte", label="Lowest average rating, 1 to 5.")
    featured = StrictBooleanFilter(field_name="is_featured", label="Whether the shop puts it forward.")
    on_sale = StrictBooleanFilter(method="reduced", label="Whether it is shown beside a higher price.")
    sku = filters.CharFilter(method="with_sku", max_length=SKU_LENGTH, label="SKU of a variant, exactly.")
    search = filters.CharFilter(
        method="searched",
        max_length=SEARCH_LENGTH,
        label="Words in any order, of titles, SKUs, attributes, categories and descriptions: plurals, the beginning"
        " of the last word and small typos are understood.",
    )
    category_ids: list[int] | None = None

    @staticmethod
    def is_known(name: str) -> bool:
        """Whether a parameter is one of the attributes."""
        return ATTRIBUTE.fullmatch(name) is not None

    def filter_queryset(self, queryset: QuerySet) -> QuerySet:
        return super().filter_queryset(queryset).having(self._attributes())

    def _attributes(self) -> dict[str, list[str]]:
        asked = {}
        for name in filter(self.is_known, self.data):
            values = sorted({value for value in self.data.getlist(name) if value})
            if len(values) > MAX_VALUES or any(len(value) > MAX_ATTRIBUTE_TEXT or "\0" in value for value in values):
                message = f"Give at most {MAX_VALUES} values of at most {MAX_ATTRIBUTE_TEXT} characters."
                raise Invalid(message, errors=[FieldError(name, "invalid", message)])
            if values:
                asked[ATTRIBUTE.fullmatch(name)[1]] = values
        if len(asked) > MAX_ATTRIBUTES:
            message = f"Narrow the list by at most {MAX_ATTRIBUTES} attributes."
            raise Invalid(message, errors=[FieldError("attributes", "too_many", message)])
        return asked

    def in_collection(self, listings: ProductListingQuerySet, name: str, slug: str) -> ProductListingQuerySet:
        return listings.in_collection(slug)

    def reduced(self, listings: ProductListingQuerySet, name: str, wanted: bool) -> ProductListingQuerySet:
        return listings.on_sale(wanted)

    def with_sku(self, listings: ProductListingQuerySet, name: str, sku: str) -> ProductListingQuerySet:
        return listings.with_sku(sku)

    def in_category(self, listings: ProductListingQuerySet, name: str, slug: str) -> ProductListingQuerySet:
        categories = self.category_ids = selectors.category_subtree(slug=slug)
        # The products with a word are few, and their index knows no order.
        by_word = bool(self.form.cleaned_data.get("search"))
        return listings.in_categories(categories) if by_word else listings.on_shelves(categories)

    def at_least(self, listings: ProductListingQuerySet, name: str, price: Decimal) -> ProductListingQuerySet:
        return listings.priced(lowest=price)

    def at_most(self, listings: ProductListingQuerySet, name: str, price: Decimal) -> ProductListingQuerySet:
        return listings.priced(highest=price)

    def searched(self, listings: ProductListingQuerySet, name: str, text: str) -> ProductListingQuerySet:
        """Left to `searching.ProductFilterBackend`, which searches once for the list and its count."""
        return listings
