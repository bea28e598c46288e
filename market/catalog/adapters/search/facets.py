"""How many products of a list have each category, attribute, price, rating and availability."""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django.db import connection
from django.db.models import QuerySet

from market.catalog import sql
from market.catalog.models import ProductListing
from market.catalog.rules import PRICE_BANDS, band_bounds

MAX_COUNTED = 10_000
LEAST_COUNTED = 1_000
MAX_CATEGORIES = 100
MAX_ATTRIBUTES = 20
MAX_VALUES = 50
STARS = (4, 3, 2, 1)


@dataclass(frozen=True, slots=True)
class CategoryFacet:
    """A category of the level below, with what lies below it."""

    id: int
    slug: str
    title: str
    count: int


@dataclass(frozen=True, slots=True)
class PriceFacet:
    """A band of prices, bounds included."""

    min_price: Decimal
    max_price: Decimal | None
    count: int


@dataclass(frozen=True, slots=True)
class Facets:
    """Each count is that of the list narrowed by this value too. `attributes` are values and counts by code.

    `is_exact` is false for a list too long to count: then the counts of a category, or of the whole
    shop, are those of the last walk over the catalog, and the others those of a part of the list.
    """

    count: int
    is_exact: bool
    categories: Sequence[CategoryFacet] = ()
    attributes: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    prices: Sequence[PriceFacet] = ()
    ratings: Sequence[tuple[int, int]] = ()
    availability: Sequence[tuple[bool, int]] = ()


Counts = dict[str, Counter[str]]


def facets(
    listings: QuerySet[ProductListing], *, slug: str, category_ids: Collection[int] | None, is_plain: bool
) -> Facets:
    """The facets of some listings, which lie in the category of this slug, if any: two statements.

    `is_plain` says that nothing but the category narrows them: then a shelf that is too large to be
    counted is answered from the counts of the last walk.
    """
    shelves, expected, in_shop = _shelves(slug=slug, category_ids=category_ids)
    most = most_counted(in_shop)
    by_walk = is_plain and expected > most
    counts = _counted_by_walk(category_ids, shelves) if by_walk else _counted_now(listings, most)
    count = counts["product"][""]
    is_exact = not by_walk and count <= most
    return Facets(
        count=count if by_walk else min(count, most),
        is_exact=is_exact,
        categories=_categories(shelves, counts["category"]),
        attributes=_attributes(counts["attribute"]),
        prices=[PriceFacet(*band_bounds(band), counts["price"][str(band)]) for band in range(len(PRICE_BANDS))],
        ratings=_ratings(counts["rating"]),
        availability=[(True, counts["in_stock"]["true"]), (False, counts["in_stock"]["false"])],
    )


def most_counted(products: int) -> int:
    """How far a list is counted in a shop of so many products: whole in one of up to 10,000, the n-th part
    of that in one n times as large, 1,000 at least. So facets cost in every shop what they cost in a small one."""
    return max(MAX_COUNTED * MAX_COUNTED // max(products, MAX_COUNTED), LEAST_COUNTED)


def _shelves(*, slug: str, category_ids: Collection[int] | None) -> tuple[list[tuple], int, int]:
    """The categories below that of the slug (the roots without one), and how many products the last
    walk counted in all of it and in the shop."""
    with connection.cursor() as cursor:
        ids = None if category_ids is None else list(category_ids)
        cursor.execute(sql.FACET_SHELVES, {"slug": slug, "category_ids": ids, "limit": MAX_CATEGORIES})
        rows = cursor.fetchall()
    in_these, in_shop = next(row[4:] for row in rows if row[0] is None)
    return [row[:4] for row in rows if row[0] is not None], in_shop if ids is None else in_these, in_shop


def _counted_now(listings: QuerySet[ProductListing], most: int) -> Counts:
    columns = ("category_id", "price", "in_stock", "rating", "attribute_tokens")
    picked = listings.order_by().values_list(*columns)[: most + 1]
    text, params = picked.query.sql_with_params()
    return _counts(sql.COUNT_NOW.format(picked=text), [*params, list(PRICE_BANDS)])


def _counted_by_walk(category_ids: Collection[int] | None, shelves: Sequence[tuple]) -> Counts:
    below = [category_id for *_, ids in shelves for category_id in ids]
    if category_ids is None:
        return _counts(sql.COUNTED_BY_WALK_IN_ALL, {"below": below})
    return _counts(sql.COUNTED_BY_WALK, {"category_ids": list(category_ids), "below": below})


def _counts(statement: str, values: list | dict) -> Counts:
    counts: Counts = defaultdict(Counter)
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        for kind, value, count in cursor.fetchall():
            counts[kind][value] += count
    return counts


def _categories(shelves: Sequence[tuple], counts: Counter[str]) -> list[CategoryFacet]:
    found = [
        CategoryFacet(id_, slug, title, sum(counts[str(category_id)] for category_id in below))
        for id_, slug, title, below in shelves
    ]
    return [category for category in found if category.count]


def _attributes(counts: Counter[str]) -> dict[str, list[tuple[str, int]]]:
    """By code in alphabetical order; of each the commonest values first."""
    by_code: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for token, count in counts.items():
        code, _, value = token.partition("=")
        by_code[code].append((value, count))
    return {
        code: sorted(by_code[code], key=lambda found: (-found[1], found[0]))[:MAX_VALUES]
        for code in sorted(by_code)[:MAX_ATTRIBUTES]
    }


def _ratings(counts: Counter[str]) -> list[tuple[int, int]]:
    """How many have at least so many stars."""
    return [(stars, sum(count for value, count in counts.items() if value and int(value) >= stars)) for stars in STARS]
