"""The list stays on its indexes with a hundred thousand products."""

import json
from collections.abc import Iterator

import pytest
from django.db import connection

from market.catalog.tests.factories import make_category

pytestmark = pytest.mark.django_db
ROWS = 100_000
SEED = [
    """
    INSERT INTO catalog_product (title, slug, description, status, category_id, created_at, updated_at)
    SELECT 'Thing ' || n, 'thing-' || n, '', 'active', (%(categories)s::bigint[])[n %% 100 + 1],
           now() - make_interval(secs => n), now()
    FROM generate_series(1, %(rows)s) n
    """,
    """
    INSERT INTO catalog_productlisting
        (product_id, category_id, title, price, is_listed, in_stock, review_count, popularity, search_text, created_at,
         rating, is_featured, attribute_tokens)
    SELECT id, category_id, title, (id * 7919 %% 100000) / 100.0, TRUE, id %% 3 > 0, 0, id %% 1000, lower(title),
           created_at, nullif(id %% 6, 0), id %% 500 = 0, ARRAY['number=' || id %% 10000, 'half=' || id %% 2]
    FROM catalog_product WHERE %(rows)s > 0
    """,
]
# What of the list is asked for, and the index that answers it.
SHAPES = {
    "ordering=price": {"listing_price"},
    "ordering=-price": {"listing_price"},
    "ordering=created_at": {"listing_created_at"},
    "ordering=-created_at": {"listing_created_at"},
    "ordering=title": {"listing_title"},
    "ordering=-title": {"listing_title"},
    "ordering=popularity": {"listing_popularity"},
    "ordering=-rating": {"listing_rating"},
    "ordering=rating": {"listing_rating"},
    "category=shelf-7&ordering=-rating": {"listing_category_rating"},
    "category=root&ordering=-rating": {"listing_category_rating", "catalog_productlisting_pkey"},
    # What few have is found by its index, what many have by walking the order.
    "attributes[number]=47&ordering=price": {"listing_attribute_tokens"},
    "attributes[half]=1&ordering=price": {"listing_price"},
    "attributes[half]=1&ordering=price&category=root": {"listing_category_price", "catalog_productlisting_pkey"},
    "featured=1&ordering=price": {"listing_featured", "listing_price"},
    "ordering=price&min_price=500": {"listing_price"},
    "category=shelf-7&ordering=price": {"listing_category_price"},
    "category=shelf-7&ordering=-price": {"listing_category_price"},
    "category=shelf-7&ordering=-created_at": {"listing_category_created"},
    "category=shelf-7&ordering=price&min_price=10&max_price=20&in_stock=1": {"listing_category_price"},
    "category=shelf-7&ordering=title": {"listing_category_title"},
    "category=shelf-7&ordering=popularity": {"listing_category_popularity"},
    # Of several shelves each is read by its own index, and the page by its key.
    "category=root&ordering=price": {"listing_category_price", "catalog_productlisting_pkey"},
    "category=root&ordering=-price&min_price=10&max_price=500": {
        *("listing_category_price", "catalog_productlisting_pkey"),
    },
    "category=root&ordering=-created_at": {"listing_category_created", "catalog_productlisting_pkey"},
    "category=root&ordering=title&in_stock=1": {"listing_category_title", "catalog_productlisting_pkey"},
    "category=root&ordering=popularity": {"listing_category_popularity", "catalog_productlisting_pkey"},
}


def nodes(plan: dict) -> Iterator[dict]:
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


def access_to_listings(sql: str) -> set[str]:
    """How a statement reaches the listings: the names of the indexes, or the kind of scan."""
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (FORMAT JSON) " + sql)
        ((document,),) = cursor.fetchall()
    plan = (json.loads(document) if isinstance(document, str) else document)[0]["Plan"]
    return {
        node.get("Index Name") or node["Node Type"]
        for node in nodes(plan)
        if node.get("Relation Name") == "catalog_productlisting" or node["Node Type"] == "Bitmap Index Scan"
    } - {"Bitmap Heap Scan"}


def test_every_shape_of_the_list_uses_an_index(api_client, count_statements):
    root = make_category(slug="root")
    shelves = [make_category(slug=f"shelf-{n}", parent=root).pk for n in range(100)]
    with connection.cursor() as cursor:
        for statement in SEED:
            cursor.execute(statement, {"categories": shelves, "rows": ROWS})
        cursor.execute("ANALYZE catalog_product, catalog_productlisting, catalog_category")
    used, reached = {}, {}
    for shape in SHAPES:
        with count_statements() as statements:
            first = api_client.get(f"/api/v1/products/?{shape}&cursor=&limit=5").json()
            reached[shape] = len(first["results"])
            if first["next"]:
                api_client.get(first["next"])
        pages = [sql for sql in statements if "ORDER BY" in sql]
        assert len(pages) == (2 if first["next"] else 1)
        used[shape] = set().union(*map(access_to_listings, pages))
    assert {shape: indexes for shape, indexes in used.items() if not indexes <= SHAPES[shape]} == {}
    assert {shape: rows for shape, rows in reached.items() if rows == 0} == {}


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("catalog_product", ["slug"]),
        ("catalog_product", ["category_id"]),
        ("catalog_product", ["status", "created_at"]),
        ("catalog_variant", ["product_id"]),
        ("catalog_variant", ["sku"]),
        ("catalog_category", ["slug"]),
        ("catalog_category", ["parent_id"]),
        ("catalog_category", ["is_active", "position"]),
        ("catalog_productlisting", ["category_id", "price", "product_id"]),
        ("catalog_productlisting", ["category_id", "created_at", "product_id"]),
        ("catalog_productlisting", ["category_id", "title", "product_id"]),
        ("catalog_productlisting", ["category_id", "popularity", "product_id"]),
        ("catalog_productlisting", ["default_variant_id"]),
        ("inventory_stockmovement", ["variant_id"]),
        ("inventory_reservation", ["reference", "variant_id"]),
    ],
)
def test_an_index_stands_on(table, columns):
    with connection.cursor() as cursor:
        constraints = connection.introspection.get_constraints(cursor, table)
    indexes = [found["columns"] for found in constraints.values() if found["index"] or found["unique"]]
    assert columns in indexes
