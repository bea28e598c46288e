"""What the list of products shows, against plain Python; how it is cut into pages, and what that costs."""

import random
from decimal import Decimal
from urllib.parse import urlencode

import pytest
from django.db import connection

from core.api import pagination
from market.catalog.adapters.search import terms_of
from market.catalog.models import Product
from market.catalog.rules import search_words
from market.catalog.services import refresh_listings
from market.catalog.tests.factories import make_category, make_product
from market.catalog.tests.oracle import costs, has, open_known_shop, rated, says

pytestmark = pytest.mark.django_db
URL = "/api/v1/products/"


def ids_of(client, **query) -> list[int]:
    response = client.get(URL, {"limit": 100, "ordering": "-created_at", **query})
    assert response.status_code == 200, response.content
    answer = response.json()
    assert (answer["count"], answer["count_is_exact"]) == (len(answer["results"]), True)
    return [product["id"] for product in answer["results"]]


def walk(client, **query) -> list[int]:
    """Every id by following `next`."""
    url, ids = f"{URL}?{urlencode(query)}", []
    while url:
        answer = client.get(url).json()
        ids += [product["id"] for product in answer["results"]]
        url = answer["next"]
    return ids


def test_filters_show_the_rows_that_plain_python_names(api_client):
    shop = open_known_shop()
    of = shop.in_category
    one = next(p for p in shop.products if p.is_listed)
    of_glass = (has("material", "steel & glass"), has("height", "12.5"))
    red_gifts = (of("home"), lambda p: "gifts" in p.collections, has("color", "red"))
    cases = [
        ({}, ()),
        *(({"category": slug}, (of(slug),)) for slug in shop.paths),
        ({"category": "no-such-category"}, (lambda p: False,)),
        ({"min_price": "1.25"}, (costs(lowest="1.25"),)),
        ({"max_price": "1.25"}, (costs(highest="1.25"),)),
        ({"min_price": "1.26", "max_price": "10"}, (costs("1.26", "10"),)),
        ({"min_price": "5", "max_price": "1"}, (lambda p: False,)),
        ({"in_stock": "true"}, (lambda p: p.in_stock,)),
        ({"in_stock": "0"}, (lambda p: not p.in_stock,)),
        ({"featured": "1"}, (lambda p: p.is_featured,)),
        ({"featured": "false"}, (lambda p: not p.is_featured,)),
        ({"on_sale": "true"}, (lambda p: p.on_sale,)),
        ({"on_sale": "0"}, (lambda p: not p.on_sale,)),
        ({"min_rating": "4"}, (rated("4"),)),
        ({"min_rating": "4.5"}, (rated("4.5"),)),
        ({"collection": "gifts"}, (lambda p: "gifts" in p.collections,)),
        ({"collection": "secret"}, (lambda p: False,)),
        ({"sku": one.shown.sku}, (lambda p: p is one,)),
        ({"sku": one.shown.sku.lower()}, (lambda p: False,)),
        ({"attributes[color]": "red"}, (has("color", "red"),)),
        ({"attributes[color]": ["red", "blue"]}, (has("color", "red", "blue"),)),
        ({"attributes[material]": "steel & glass", "attributes[height]": "12.5"}, of_glass),
        (
            {"attributes[is_new]": "false", "attributes[color]": "green"},
            (has("is_new", "false"), has("color", "green")),
        ),
        ({"attributes[inventor]": "A. Nobody"}, (lambda p: False,)),
        ({"attributes[color]": "purple"}, (lambda p: False,)),
        ({"category": "home", "collection": "gifts", "attributes[color]": "red"}, red_gifts),
        ({"search": "MUG"}, (says("mug"),)),
        ({"search": "light t"}, (says("light", "t"),)),
        ({"search": "ca"}, (says("ca"),)),
        ({"search": "café"}, (says("café"),)),
        ({"search": "doll's"}, (says("doll", "s"),)),
        ({"search": "01"}, (says("01"),)),
        ({"search": "012a"}, (says("012a"),)),
        ({"search": "ug"}, (says("ug"),)),
        ({"search": " ' & | ! :* "}, (lambda p: False,)),
        (
            {"category": "home", "in_stock": "1", "max_price": "4.95", "search": "re"},
            (of("home"), lambda p: p.in_stock, costs(highest="4.95"), says("re")),
        ),
    ]
    expected = {str(query): shop.ids(*conditions) for query, conditions in cases}
    assert {str(query): ids_of(api_client, **query) for query, _ in cases} == expected
    nothing = [query for query, rows in expected.items() if not rows]
    assert len(nothing) == 10, "hidden and unknown shelves and collections, bounds that cross, what nobody says or has"


ORDERS = [
    ("price", lambda p: p.shown.price, False),
    ("-price", lambda p: p.shown.price, True),
    ("created_at", lambda p: p.created_at, False),
    ("-created_at", lambda p: p.created_at, True),
    ("title", lambda p: p.title, False),
    ("-title", lambda p: p.title, True),
    ("popularity", lambda p: 0, True),
    ("rating", lambda p: p.rating or 0, False),
    ("-rating", lambda p: p.rating or 0, True),
]


def test_orders_are_those_of_plain_python_in_pages_and_by_cursor(api_client):
    shop = open_known_shop(products=40)
    listed = [p for p in shop.products if p.is_listed]
    for ordering, key, reverse in ORDERS:
        expected = [p.id for p in sorted(listed, key=lambda p, key=key: (key(p), p.id), reverse=reverse)]
        assert (ordering, ids_of(api_client, ordering=ordering)) == (ordering, expected)
        for pages in ({"limit": 7}, {"limit": 7, "cursor": ""}, {"page": 1, "per_page": 9}):
            assert (ordering, pages, walk(api_client, ordering=ordering, **pages)) == (ordering, pages, expected)


def test_a_row_shows_the_cheapest_available_variant(api_client):
    shop = open_known_shop(products=40)
    known = {p.id: p for p in shop.products}
    for row in api_client.get(URL, {"limit": 100}).json()["results"]:
        shown = known[row["id"]].shown
        assert (row["title"], row["price"], row["in_stock"]) == (
            known[row["id"]].title,
            str(shown.price),
            known[row["id"]].in_stock,
        )
        assert row["compare_at_price"] == (shown.compare_at_price and str(shown.compare_at_price))
        assert row["on_sale"] == (shown.compare_at_price is not None)


def seed_products(count: int) -> list[int]:
    """Many active products with one variant each, with many equal prices, set by set."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO catalog_product (title, slug, description, status, created_at, updated_at)
            SELECT 'Seeded ' || n %% 50, 'seeded-' || n, '', 'active', now() + make_interval(secs => n / 5), now()
            FROM generate_series(1, %s) n RETURNING id
            """,
            [count],
        )
        ids = [product_id for (product_id,) in cursor.fetchall()]
        cursor.execute(
            """
            INSERT INTO catalog_variant
                (product_id, sku, title, price, weight_grams, is_active, in_stock, position, created_at, updated_at)
            SELECT id, 'SEED-' || id, '', (id %% 20) / 4.0, 0, TRUE, TRUE, 0, now(), now()
            FROM catalog_product WHERE id = ANY(%s)
            """,
            [ids],
        )
    refresh_listings(product_ids=ids)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE catalog_product, catalog_variant, catalog_productlisting")
    return ids


@pytest.mark.parametrize("ordering", ["price", "-price", "-created_at", "title"])
def test_a_walk_by_cursor_sees_each_product_once_while_others_come(api_client, ordering):
    seeded = seed_products(400)
    dice = random.Random(3)
    url, seen = f"{URL}?limit=20&cursor=&ordering={ordering}", []
    while url:
        answer = api_client.get(url).json()
        assert answer["count"] is None
        seen += [product["id"] for product in answer["results"]]
        make_product(title=f"Seeded {dice.randint(0, 50)}", price=str(Decimal(dice.randint(0, 500)) / 100))
        url = answer["next"]
    assert len(seen) == len(set(seen)), "a product was shown twice"
    assert set(seeded) <= set(seen), "a product was left out"


def test_a_cursor_leads_back_to_the_pages_before(api_client):
    seed_products(50)
    pages, url = [], f"{URL}?limit=20&cursor=&ordering=price"
    while url:
        answer = api_client.get(url).json()
        pages.append(answer["results"])
        url = answer["next"]
    assert [len(page) for page in pages] == [20, 20, 10]
    back = []
    url = answer["previous"]
    while url:
        answer = api_client.get(url).json()
        back.append(answer["results"])
        url = answer["previous"]
    assert back == [pages[1], pages[0]]


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ("limit=0", "limit", "invalid"),
        ("limit=101", "limit", "invalid"),
        ("limit=1000000000", "limit", "invalid"),
        ("limit=-1", "limit", "invalid"),
        ("limit=x", "limit", "invalid"),
        ("limit=%C2%B2", "limit", "invalid"),
        ("offset=10001", "offset", "offset_too_deep"),
        (f"offset={10**30}", "offset", "offset_too_deep"),
        ("page=502", "page", "offset_too_deep"),
        ("page=0", "page", "invalid"),
        ("page=1&offset=1", "offset", "invalid"),
        ("cursor=&offset=1", "offset", "invalid"),
        ("cursor=&page=2", "page", "invalid"),
        ("cursor=nonsense", "cursor", "invalid"),
        ("ordering=cost", "ordering", "invalid"),
        ("min_rating=0", "min_rating", "invalid"),
        ("min_rating=6", "min_rating", "invalid"),
        ("attributes[]=red", "attributes[]", "invalid"),
        ("attributes[Color]=red", "attributes[Color]", "invalid"),
        ("attributes=red", "attributes", "invalid"),
        ("attributes[color]=" + "x" * 201, "attributes[color]", "invalid"),
        ("&".join(f"attributes[color]={n}" for n in range(21)), "attributes[color]", "invalid"),
        ("&".join(f"attributes[a{n}]=1" for n in range(11)), "attributes", "invalid"),
        ("colour=red", "colour", "invalid"),
        ("min_price=NaN", "min_price", "invalid"),
        ("min_price=-1", "min_price", "invalid"),
        ("max_price=1e400", "max_price", "invalid"),
        ("max_price=123456789", "max_price", "invalid"),
        ("in_stock=maybe", "in_stock", "invalid"),
        ("search=" + "x" * 101, "search", "invalid"),
    ],
)
def test_what_a_list_does_not_know_is_refused_by_name(api_client, query, field, code):
    response = api_client.get(f"{URL}?{query}")
    problem = response.json()
    assert (response.status_code, problem["code"], [e["field"] for e in problem["errors"]]) == (400, code, [field])


def test_a_cursor_of_another_order_is_refused(api_client):
    seed_products(30)
    cursor = api_client.get(f"{URL}?cursor=&ordering=price").json()["next"]
    assert api_client.get(cursor.replace("ordering=price", "ordering=-price")).json()["errors"][0]["field"] == "cursor"


def test_counts_and_places_stop_at_ten_thousand(api_client, monkeypatch):
    assert (pagination.MAX_COUNT, pagination.MAX_OFFSET) == (10_000, 10_000)
    monkeypatch.setattr(pagination, "MAX_COUNT", 100)
    monkeypatch.setattr(pagination, "MAX_OFFSET", 100)
    seed_products(101)
    answer = api_client.get(URL, {"offset": 100, "limit": 100}).json()
    assert (answer["count"], answer["count_is_exact"], len(answer["results"])) == (100, False, 1)
    assert answer["next"] is None
    deep = api_client.get(URL, {"offset": 101})
    assert (deep.status_code, "cursor" in deep.json()["detail"]) == (400, True)


@pytest.mark.parametrize("rows", [1, 20, 100])
@pytest.mark.parametrize(
    ("query", "statements"),
    [("", 2), ("category=shelf&ordering=price&search=seeded&min_price=0&in_stock=1", 4), ("cursor=", 1)],
)
def test_a_list_costs_the_same_however_long(api_client, count_statements, settings, rows, query, statements):
    shelf = make_category(slug="shelf")
    Product.objects.filter(pk__in=seed_products(rows)).update(category=shelf)
    refresh_listings(product_ids=list(Product.objects.values_list("pk", flat=True)))
    settings.SEARCH_VOCABULARY_SECONDS = 3600  # else it looks after the words of searches now and then
    terms_of("known")
    with count_statements() as counted:
        answer = api_client.get(f"{URL}?{query}&limit=100").json()
    assert (len(answer["results"]), len(counted)) == (rows, statements)


def test_words_are_found_however_they_are_written():
    words = ["t", "light", "holder", "12", "1", "2", "price", "café", "au"]
    assert search_words("  T-LIGHT Holder, 12 (½ price) Café_au ") == words
