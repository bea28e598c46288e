"""How many products of a list have each category, attribute, price, rating and availability."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django.core.exceptions import EmptyResultSet
from django.db import connection

from market.catalog import selectors, sql
from market.catalog.querysets import ProductListingQuerySet
from market.catalog.rules import PRICE_BANDS, band_bounds

MAX_COUNTED = 10_000
LEAST_COUNTED = 1_000
LEAST_OF_SHELF = 2
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
    listings: ProductListingQuerySet, *, slug: str, category_ids: Collection[int] | None, is_plain: bool
) -> Facets:
    """The facets of some listings, which lie in the category of this slug, if any: two statements.

    `is_plain` says that nothing but the category narrows them: then a shelf that is too large to be
    counted is answered from the counts of the last walk.
    """
    shelves, by_shelf, in_shop = _shelves(slug=slug, category_ids=category_ids)
    most = most_counted(in_shop)
    expected = in_shop if category_ids is None else sum(by_shelf.values())
    by_walk = is_plain and expected > most
    if by_walk:
        counts, is_exact = _counted_by_walk(category_ids, shelves), False
    else:
        counts, is_exact = _counted_now(listings, most, by_shelf)
    count = counts["product"][""]
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


def _shelves(*, slug: str, category_ids: Collection[int] | None) -> tuple[list[tuple], dict[int, int], int]:
    """The categories below that of the slug (the roots without one), and how many products the last
    walk counted in each of all that lie below and in the shop."""
    with connection.cursor() as cursor:
        ids = None if category_ids is None else list(category_ids)
        cursor.execute(sql.FACET_SHELVES, {"slug": slug, "category_ids": ids, "limit": MAX_CATEGORIES})
        rows = cursor.fetchall()
    by_shelf, in_shop = next(row[4:] for row in rows if row[0] is None)
    return [row[:4] for row in rows if row[0] is not None], dict(by_shelf or ()), in_shop


def _counted_now(listings: ProductListingQuerySet, most: int, by_shelf: Mapping[int, int]) -> tuple[Counts, bool]:
    """The counts of up to so many listings, and whether these are all."""
    picked = listings.order_by().values_list("category_id", "price", "in_stock", "rating", "attribute_tokens")
    shelves, of_one = selectors.one_by_one(listings.query.where)
    quotas = _quotas(shelves, most, by_shelf)
    if shelves:
        picked.query.where = of_one
    else:
        picked = picked[: most + 1]
    try:
        text, params = picked.query.sql_with_params()
    except EmptyResultSet:  # no such category: there is nothing to ask the database
        return defaultdict(Counter), True
    if shelves:
        text = sql.PICK_OF_SHELVES.format(picked=text)
        params = [list(quotas), list(quotas.values()), *params, most + 1 + LEAST_OF_SHELF * len(shelves)]
    counts = _counts(sql.COUNT_NOW.format(picked=text), [*params, list(PRICE_BANDS)])
    is_exhausted = any(counts["category"][str(shelf)] >= quota for shelf, quota in quotas.items())
    return counts, counts["product"][""] <= most and not is_exhausted


def _quotas(shelves: Sequence[int], most: int, by_shelf: Mapping[int, int]) -> dict[int, int]:
    """How many listings of each shelf are counted: all in a shop of 10,000, else its share of so many."""
    if most >= MAX_COUNTED:
        return dict.fromkeys(shelves, most + 1)
    total = sum(by_shelf.values()) or 1
    return {shelf: most * by_shelf.get(shelf, 0) // total + LEAST_OF_SHELF for shelf in shelves}


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
