"""Chainable filters of the catalog."""

from collections.abc import Collection
from decimal import Decimal

from django.contrib.postgres.search import SearchQuery
from django.db import models
from django.db.models import F
from django.db.models.lookups import Lookup

from market.catalog.rules import search_query


class OnShelves(Lookup):
    """A category that is one of those given, as one parameter however many they are."""

    lookup_name = "on_shelves"
    prepare_rhs = False

    def as_sql(self, compiler, connection) -> tuple[str, list]:
        column, params = self.process_lhs(compiler, connection)
        return f"{column} = ANY(%s::bigint[])", [*params, list(self.rhs)]


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

    def in_categories(self, category_ids: Collection[int]) -> "ProductListingQuerySet":
        """Those in one of the categories."""
        return self.filter(category_id__in=list(category_ids))

    def on_shelves(self, category_ids: Collection[int]) -> "ProductListingQuerySet":
        """Those in one of the categories, in a form that `selectors.listing_page` can take apart."""
        if len(category_ids) < 2:
            return self.filter(category_id=category_ids[0]) if category_ids else self.none()
        return self.filter(OnShelves(F("category_id"), tuple(category_ids)))

    def priced(self, *, lowest: Decimal | None = None, highest: Decimal | None = None) -> "ProductListingQuerySet":
        """Those whose price lies between the bounds, both included."""
        listings = self if lowest is None else self.filter(price__gte=lowest)
        return listings if highest is None else listings.filter(price__lte=highest)

    def matching(self, text: str) -> "ProductListingQuerySet":
        """Those with a word beginning with each word of `text`; none when `text` has no word."""
        query = search_query(text)
        if query is None:
            return self.none()
        return self.filter(search_vector=SearchQuery(query, config="simple", search_type="raw"))
