"""Lists, their counts and their facets under any filters, against plain Python."""

import random
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from market.catalog.adapters.search.facets import most_counted
from market.catalog.adapters.search.vocabulary import memo
from market.catalog.models import FacetCount, ProductListing
from market.catalog.services.searching import walk_catalog
from market.catalog.tests.factories import make_category, make_product
from market.catalog.tests.oracle import KnownProduct, KnownShop, costs, has, open_known_shop, rated

pytestmark = pytest.mark.django_db
URL = "/api/v1/products/"
COMBINATIONS = 200
USES_OF_EACH = 20
SHARE_WITH_PRODUCTS = 0.8
BELOW = {None: ["home", "toys"], "home": ["kitchen"], "kitchen": ["mugs"]}
BANDS = [("0.00", "4.99"), ("5.00", "9.99"), ("10.00", "19.99"), ("20.00", "49.99"), ("50.00", "99.99")]
CODES = ["color", "height", "is_new", "material"]
# What is searched, and which words of a product are meant: (as whole words, or by their beginning).
SEARCHES = {
    "mug": [({"mug", "mugs"}, "mug")],
    "MUGS": [({"mug", "mugs"}, "mugs")],
    "re": [(set(), "re")],
    "light t": [({"light"}, None), ({"t"}, "t")],
    "holdre": [({"holder"}, "holdre")],
    "café spot": [({"café"}, None), ({"spot"}, "spot")],
    "kitchen": [({"kitchen"}, "kitchen")],
    "oak": [({"oak"}, "oak")],
    "00": [(set(), "00")],
}

Condition = Callable[[KnownProduct], bool]


def means(text: str) -> Condition:
    def is_meant(product: KnownProduct) -> bool:
        return all(
            any(word in whole or (beginning and word.startswith(beginning)) for word in product.words)
            for whole, beginning in SEARCHES[text]
        )

    return is_meant


class Dice:
    """Random filters, most of them such that at least one product meets them all."""

    def __init__(self, shop: KnownShop, *, seed: int) -> None:
        self.random = random.Random(seed)
        self.shop = shop
        self.listed = [product for product in shop.products if product.is_listed]

    def combination(self, names: list[str]) -> tuple[dict[str, Any], list[Condition]]:
        """A query and its conditions; made for one product, unless luck will have it otherwise."""
        product = self.random.choice(self.listed)
        query, conditions = {}, []
        for name in names:
            values, condition = getattr(self, name)(product)
            query |= values
            conditions.append(condition)
        return query, conditions

    def category(self, product):
        slug = self.random.choice(self.shop.paths.get(product.category) or ["toys"])
        return {"category": slug}, self.shop.in_category(slug)

    def collection(self, product):
        slug = self.random.choice(product.collections or ("gifts",))
        return {"collection": slug}, lambda p: slug in p.collections and slug != "secret"

    def min_price(self, product):
        lowest = self.random.choice([product.shown.price, Decimal("0.40"), Decimal("1.26")])
        return {"min_price": str(lowest)}, costs(lowest=str(lowest))

    def max_price(self, product):
        highest = self.random.choice([product.shown.price, Decimal("10"), Decimal("5.5")])
        return {"max_price": str(highest)}, costs(highest=str(highest))

    def in_stock(self, product):
        return {"in_stock": str(product.in_stock).lower()}, lambda p: p.in_stock == product.in_stock

    def featured(self, product):
        return {"featured": str(product.is_featured).lower()}, lambda p: p.is_featured == product.is_featured

    def on_sale(self, product):
        return {"on_sale": str(product.on_sale).lower()}, lambda p: p.on_sale == product.on_sale

    def min_rating(self, product):
        lowest = str(product.rating or self.random.choice(["1", "4"]))
        return {"min_rating": lowest}, rated(lowest)

    def attributes(self, product):
        told = {code: sorted(product.values_of(code)) for code in CODES if product.values_of(code)}
        code = self.random.choice(sorted(told) or ["color"])
        values = self.random.sample([*told.get(code, ["red"]), "nothing"], k=1 if told else 2)
        values = values if values != ["nothing"] else told[code]
        return {f"attributes[{code}]": values}, has(code, *values)

    def sku(self, product):
        sku = next(variant.sku for variant in product.variants if variant.is_active)
        return {"sku": sku}, lambda p: any(v.sku == sku and v.is_active for v in p.variants)

    def search(self, product):
        fitting = [text for text in SEARCHES if means(text)(product)]
        text = self.random.choice(fitting or list(SEARCHES))
        return {"search": text}, means(text)


def facets_of(shop: KnownShop, rows: list[KnownProduct], category: str | None) -> dict[str, Any]:
    by_category = {slug: sum(shop.in_category(slug)(p) for p in rows) for slug in BELOW.get(category, [])}
    values = {code: Counter(value for p in rows for value in p.values_of(code)) for code in CODES}
    in_band = {band: sum(costs(*band)(p) for p in rows) for band in BANDS}
    by_stars = {stars: sum(rated(str(stars))(p) for p in rows) for stars in (4, 3, 2, 1)}
    return {
        "count": len(rows),
        "count_is_exact": True,
        "currency": "GBP",
        "categories": [(slug, count) for slug, count in by_category.items() if count],
        "attributes": [
            {
                "code": code,
                "values": [
                    {"value": value, "count": count}
                    for value, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
                ],
            }
            for code, counts in values.items()
            if counts
        ],
        "prices": [
            {"min_price": lowest, "max_price": highest, "count": count}
            for (lowest, highest), count in in_band.items()
            if count
        ],
        "ratings": [{"min_rating": stars, "count": count} for stars, count in by_stars.items() if count],
        "availability": [
            {"in_stock": value, "count": sum(p.in_stock == value for p in rows)} for value in (True, False)
        ],
    }


def shown_facets(client, query: dict[str, Any]) -> dict[str, Any]:
    answer = client.get(f"{URL}facets/", query)
    assert answer.status_code == 200, answer.content
    facets = answer.json()
    return facets | {"categories": [(category["slug"], category["count"]) for category in facets["categories"]]}


def test_lists_counts_and_facets_agree_with_plain_python_under_200_combinations_of_filters(api_client):
    shop = open_known_shop(products=150)
    walk_catalog(batches=10)
    memo.forget()
    dice = Dice(shop, seed=11)
    known = {product.id: product for product in shop.products}
    names = ["category", "collection", "min_price", "max_price", "in_stock", "featured", "on_sale", "min_rating"]
    names += ["attributes", "sku", "search"]
    uses, with_products = Counter(), 0
    for number in range(COMBINATIONS):
        chosen = dice.random.sample(names, k=dice.random.choice([1, 1, 2, 2, 3, 4]))
        query, conditions = dice.combination(chosen)
        expected = shop.ids(*conditions)
        answer = api_client.get(URL, {**query, "limit": 100, "ordering": "-created_at"}).json()
        rows = [(row["id"], row["title"], Decimal(row["price"]), row["in_stock"]) for row in answer["results"]]
        wanted = [(pk, known[pk].title, known[pk].shown.price, known[pk].in_stock) for pk in expected]
        assert (number, query, rows) == (number, query, wanted[:100])
        assert (query, answer["count"], answer["count_is_exact"]) == (query, len(expected), True)
        shown = shown_facets(api_client, query)
        assert (query, shown) == (query, facets_of(shop, [known[pk] for pk in expected], query.get("category")))
        uses.update(chosen)
        with_products += bool(expected)
    assert min(uses[name] for name in names) >= USES_OF_EACH, uses
    assert with_products / COMBINATIONS >= SHARE_WITH_PRODUCTS, with_products


@pytest.mark.parametrize("further", [{}, {"search": "known"}, {"in_stock": "1", "min_price": "1"}])
def test_a_category_that_is_not_there_has_facets_without_products(api_client, further):
    make_product()
    shown = shown_facets(api_client, {"category": "nowhere", **further})
    assert (shown["count"], shown["count_is_exact"]) == (0, True)
    assert [shown[name] for name in ("categories", "attributes", "prices", "ratings")] == [[]] * 4
    assert [found["count"] for found in shown["availability"]] == [0, 0]


def test_a_shelf_too_large_to_count_is_answered_from_the_last_walk(api_client, monkeypatch):
    monkeypatch.setattr("market.catalog.adapters.search.facets.MAX_COUNTED", 3)
    monkeypatch.setattr("market.catalog.adapters.search.facets.LEAST_COUNTED", 3)
    shelf = make_category(slug="shelf")
    below = make_category(slug="below", title="Below", parent=shelf)
    products = [make_product(category=below, price="7.00") for _ in range(4)]
    make_product(category=shelf, price="30.00")
    ProductListing.objects.filter(pk=products[0].pk).update(rating=Decimal("4.20"))
    walk_catalog(batches=10)
    expected = {
        "count": 5,
        "count_is_exact": False,
        "currency": "GBP",
        "categories": [("below", 4)],
        "attributes": [],
        "prices": [
            {"min_price": "5.00", "max_price": "9.99", "count": 4},
            {"min_price": "20.00", "max_price": "49.99", "count": 1},
        ],
        "ratings": [{"min_rating": stars, "count": 1} for stars in (4, 3, 2, 1)],
        "availability": [{"in_stock": True, "count": 0}, {"in_stock": False, "count": 5}],
    }
    assert shown_facets(api_client, {"category": "shelf"}) == expected
    assert shown_facets(api_client, {}) == expected | {"categories": [("shelf", 5)]}
    # Narrowed further, a part of the list is counted.
    narrowed = shown_facets(api_client, {"category": "shelf", "max_price": "50"})
    assert (narrowed["count"], narrowed["count_is_exact"]) == (3, False)
    # Small enough, it is counted as it is now, whatever the walk has seen.
    FacetCount.objects.filter(category__isnull=False).update(products=0)
    assert shown_facets(api_client, {"category": "shelf"})["count_is_exact"] is False
    monkeypatch.setattr("market.catalog.adapters.search.facets.MAX_COUNTED", 10)
    assert shown_facets(api_client, {"category": "shelf"}) == expected | {"count_is_exact": True}


@pytest.mark.parametrize(
    ("products", "most"),
    [(0, 10_000), (10_000, 10_000), (10_001, 9_999), (50_000, 2_000), (100_000, 1_000), (1_000_000, 1_000)],
)
def test_a_shop_of_ten_thousand_is_counted_whole_and_a_larger_one_in_part(products, most):
    assert most_counted(products) == most


def test_of_each_shelf_of_a_large_shop_its_share_is_counted(api_client, monkeypatch):
    monkeypatch.setattr("market.catalog.adapters.search.facets.MAX_COUNTED", 6)
    monkeypatch.setattr("market.catalog.adapters.search.facets.LEAST_COUNTED", 2)
    root = make_category(slug="root")
    big, small = (make_category(slug=slug, title=slug, parent=root) for slug in ("big", "small"))
    for price in range(1, 9):
        make_product(category=big, price=f"{price}.00")
    for price in (1, 2, 9, 10):
        make_product(category=small, price=f"{price}.00")
    walk_catalog(batches=10)
    expected = {
        "8": (3, True, [("big", 1), ("small", 2)]),
        "7": (3, False, [("big", 2), ("small", 2)]),
        "1": (3, False, [("big", 4), ("small", 3)]),
    }
    for lowest, shown in expected.items():
        facets = shown_facets(api_client, {"category": "root", "min_price": lowest})
        assert (lowest, (facets["count"], facets["count_is_exact"], facets["categories"])) == (lowest, shown)


def test_facets_follow_a_change_with_its_commit_and_the_walk_after_it(api_client):
    shelf, other = make_category(slug="shelf"), make_category(slug="other")
    product = make_product(category=shelf)
    walk_catalog(batches=10)
    ProductListing.objects.filter(pk=product.pk).update(category=other)
    assert shown_facets(api_client, {})["categories"] == [("other", 1)]
    counted = FacetCount.objects.filter(kind="product", category__isnull=False).values_list(
        "category__slug", "products"
    )
    assert list(counted) == [("shelf", 1)]
    walk_catalog(batches=10)
    assert list(counted.all()) == [("other", 1)]
