"""How shoppers narrow the list of products."""

from decimal import Decimal

from django_filters import rest_framework as filters

from core.api.filters import StrictBooleanFilter
from market.catalog import selectors
from market.catalog.models import Variant
from market.catalog.querysets import ProductListingQuerySet

PRICE = Variant._meta.get_field("price")
SLUG_LENGTH = 200
SEARCH_LENGTH = 100


class PriceFilter(filters.NumberFilter):
    """An amount that a price could be."""

    def __init__(self, *args, **kwargs) -> None:
        amount = {"min_value": Decimal(0), "max_digits": PRICE.max_digits, "decimal_places": PRICE.decimal_places}
        super().__init__(*args, **amount, **kwargs)

    def get_max_validator(self) -> None:
        """The digits bound it already."""


class ProductFilter(filters.FilterSet):
    """Each filter narrows the list by itself."""

    category = filters.CharFilter(
        method="in_category", max_length=SLUG_LENGTH, label="Slug of a category; includes those below it."
    )
    min_price = PriceFilter(method="at_least", label="Lowest price.")
    max_price = PriceFilter(method="at_most", label="Highest price.")
    in_stock = StrictBooleanFilter(field_name="in_stock", label="Whether any variant is available.")
    search = filters.CharFilter(
        method="matching", max_length=SEARCH_LENGTH, label="Words, or beginnings of words, of titles and SKUs."
    )

    def in_category(self, listings: ProductListingQuerySet, name: str, slug: str) -> ProductListingQuerySet:
        categories = selectors.category_subtree(slug=slug)
        # The products with a word are few, and their index knows no order.
        by_word = bool(self.form.cleaned_data.get("search"))
        return listings.in_categories(categories) if by_word else listings.on_shelves(categories)

    def at_least(self, listings: ProductListingQuerySet, name: str, price: Decimal) -> ProductListingQuerySet:
        return listings.priced(lowest=price)

    def at_most(self, listings: ProductListingQuerySet, name: str, price: Decimal) -> ProductListingQuerySet:
        return listings.priced(highest=price)

    def matching(self, listings: ProductListingQuerySet, name: str, text: str) -> ProductListingQuerySet:
        return listings.matching(text)
