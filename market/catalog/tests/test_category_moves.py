"""A category is moved: all that lies below it goes along everywhere, and no product is touched."""

import pytest

from core.accounts.tests.factories import make_staff
from market.catalog import services
from market.catalog.adapters.search.vocabulary import memo
from market.catalog.models import Category, Collection, PastPrice, Product, ProductListing, SearchDocument, Variant
from market.catalog.services.collections import evaluate_next_batch
from market.catalog.services.searching import walk_catalog
from market.catalog.tests.factories import make_category, make_product

pytestmark = pytest.mark.django_db
URL = "/api/v1"
OF_PRODUCTS = (Product, Variant, ProductListing, SearchDocument, PastPrice)


class Shop:
    """home > kitchen > mugs, and an empty garden; a product in each of the first three."""

    def __init__(self, client) -> None:
        self.client = client
        self.home = make_category(slug="home", title="Home")
        self.kitchen = make_category(slug="kitchen", title="Kitchen", parent=self.home)
        self.mugs = make_category(slug="mugs", title="Mugs", parent=self.kitchen)
        self.garden = make_category(slug="garden", title="Garden", position=1)
        self.vase = make_product(title="Vase", category=self.home)
        self.pan = make_product(title="Pan", category=self.kitchen)
        self.cup = make_product(title="Cup", category=self.mugs)
        self.collected = Collection.objects.create(slug="out", title="Out", rules={"category": "garden"})
        walk_catalog(batches=10)

    def titles(self, **query) -> set[str]:
        """What a list shows; its facets count the same."""
        rows = self.client.get(f"{URL}/products/", query).json()["results"]
        assert self.client.get(f"{URL}/products/facets/", query).json()["count"] == len(rows)
        return {row["title"] for row in rows}

    def shelves(self, **query) -> dict[str, int]:
        facets = self.client.get(f"{URL}/products/facets/", query).json()
        return {category["slug"]: category["count"] for category in facets["categories"]}

    def path(self, product: Product) -> list[str]:
        page = self.client.get(f"{URL}/products/{product.pk}/").json()
        return [step["slug"] for step in page["breadcrumbs"]]

    def seen(self) -> dict[str, object]:
        """Everything that depends on where the shelves stand, once each process knows of it."""
        memo.forget()
        while evaluate_next_batch(limit=100):
            pass
        roots = self.client.get(f"{URL}/categories/").json()["results"]
        return {
            "lists": [self.titles(category=slug) for slug in ("home", "kitchen", "mugs", "garden")],
            "facets": [self.shelves(), self.shelves(category="home"), self.shelves(category="garden")],
            "paths": [self.path(product) for product in (self.vase, self.pan, self.cup)],
            "found": [self.titles(search=text) for text in ("home", "garden", "kitchen", "mugs")],
            "found there": [self.titles(search="cup", category=slug) for slug in ("home", "garden")],
            "counts": {row["slug"]: self.count(row["id"]) for row in roots},
            "collected": self.titles(collection="out"),
        }

    def count(self, category_id: int) -> int:
        return self.client.get(f"{URL}/categories/{category_id}/").json()["product_count"]


BEFORE = {
    "lists": [{"Vase", "Pan", "Cup"}, {"Pan", "Cup"}, {"Cup"}, set()],
    "facets": [{"home": 3}, {"kitchen": 2}, {}],
    "paths": [["home"], ["home", "kitchen"], ["home", "kitchen", "mugs"]],
    "found": [{"Vase", "Pan", "Cup"}, set(), {"Pan", "Cup"}, {"Cup"}],
    "found there": [{"Cup"}, set()],
    "counts": {"home": 3, "garden": 0},
    "collected": set(),
}
AFTER = {
    "lists": [{"Vase"}, {"Pan", "Cup"}, {"Cup"}, {"Pan", "Cup"}],
    "facets": [{"home": 1, "garden": 2}, {}, {"kitchen": 2}],
    "paths": [["home"], ["garden", "kitchen"], ["garden", "kitchen", "mugs"]],
    "found": [{"Vase"}, {"Pan", "Cup"}, {"Pan", "Cup"}, {"Cup"}],
    "found there": [set(), {"Cup"}],
    "counts": {"home": 1, "garden": 2},
    "collected": {"Pan", "Cup"},
}


@pytest.fixture
def shop(api_client) -> Shop:
    return Shop(api_client)


def move(client, category, parent) -> int:
    return client.patch(f"{URL}/categories/{category.pk}/", {"parent": parent and parent.pk}).status_code


def test_a_move_takes_all_below_along_and_touches_no_product(shop, client_of, count_statements):
    staff = client_of(make_staff())
    assert shop.seen() == BEFORE
    rows = {model: list(model.objects.order_by("pk").values()) for model in OF_PRODUCTS}
    with count_statements() as counted:
        assert move(staff, shop.kitchen, shop.garden) == 200
    written = [statement for statement in counted if statement.startswith(("INSERT", "UPDATE", "DELETE"))]
    assert [statement.split('"')[1] for statement in written] == ["catalog_category", "catalog_collection"]
    assert {model: list(model.objects.order_by("pk").values()) for model in OF_PRODUCTS} == rows
    assert shop.seen() == AFTER
    assert move(staff, shop.garden, shop.mugs) == 409
    assert shop.seen() == AFTER
    assert move(staff, shop.kitchen, shop.home) == 200
    assert shop.seen() == BEFORE


def test_a_move_is_seen_at_once_where_the_last_walk_is_answered_from(shop, monkeypatch):
    monkeypatch.setattr("market.catalog.adapters.search.facets.MAX_COUNTED", 1)
    monkeypatch.setattr("market.catalog.adapters.search.facets.LEAST_COUNTED", 1)
    services.update_category(category_id=shop.kitchen.pk, changes={"parent_id": shop.garden.pk})
    assert [shop.shelves(), shop.shelves(category="home"), shop.shelves(category="garden")] == AFTER["facets"]
    assert shop.client.get(f"{URL}/products/facets/").json()["count_is_exact"] is False


def test_a_tree_that_is_deeper_than_it_may_grow_is_read_and_mended(api_client, client_of, count_statements):
    line = [make_category(slug="top", title="Top")]
    for level in range(299):
        line.append(Category.objects.create(slug=f"l-{level}", title=f"Level {level}", parent=line[-1]))
    make_product(title="Cup", category=line[-1])
    walk_catalog(batches=10)
    memo.forget()
    (node,) = api_client.get(f"{URL}/categories/").json()["results"]
    told = [node["id"]]
    while node["children"]:
        (node,) = node["children"]
        told.append(node["id"])
    assert (told, node["children_left_out"]) == ([shelf.pk for shelf in line[:20]], True)
    with count_statements() as counted:
        lower = api_client.get(f"{URL}/categories/{line[280].pk}/").json()
    assert len(counted) == 2
    assert [step["slug"] for step in lower["breadcrumbs"]] == [shelf.slug for shelf in line[:281]]
    assert (lower["product_count"], "children_left_out" in lower) == (1, False)
    flat = api_client.get(f"{URL}/categories/?flat=1&offset=250").json()
    assert [row["id"] for row in flat["results"]] == [shelf.pk for shelf in line[250:]]
    assert api_client.get(f"{URL}/products/", {"category": "top"}).json()["count"] == 1
    assert api_client.get(f"{URL}/products/", {"search": "cup"}).json()["count"] == 1
    staff = client_of(make_staff())
    refused = staff.patch(f"{URL}/categories/{line[290].pk}/", {"parent": line[100].pk})
    (error,) = refused.json()["errors"]
    assert (refused.status_code, error["field"], error["code"]) == (400, "parent", "too_deep")
    assert "it would be 111" in error["message"]
    for shelf, parent in ((line[290], line[5]), (line[280], None)):
        assert move(staff, shelf, parent) == 200


def test_the_tree_tells_so_much_and_says_where_it_leaves_out(api_client, client_of, monkeypatch):
    monkeypatch.setattr("market.catalog.api.documents.MAX_TOLD_CATEGORIES", 6)
    monkeypatch.setattr("market.catalog.services.categories.MAX_CATEGORIES", 8)
    wide, narrow = make_category(slug="wide"), make_category(slug="narrow", position=1)
    for place in range(4):
        make_category(parent=wide, position=place)
    below = [make_category(parent=narrow), make_category(parent=narrow)]
    first, second = api_client.get(f"{URL}/categories/").json()["results"]
    assert (len(first["children"]), "children_left_out" in first) == (4, False)
    assert (second["children"], second["children_left_out"]) == ([], True)
    answer = api_client.get(f"{URL}/categories/{narrow.pk}/").json()
    assert [child["id"] for child in answer["children"]] == [shelf.pk for shelf in below]
    refused = client_of(make_staff()).post(f"{URL}/categories/", {"title": "One more"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "title")


def test_collections_follow_a_category_to_another_slug(shop, client_of):
    staff = client_of(make_staff())
    collected = [("kitchen", "K", {"Pan", "Cup"}), ("home", "H", {"Vase", "Pan", "Cup"})]
    for slug, title, _ in collected:
        Collection.objects.create(slug=title, title=title, rules={"category": slug, "max_price": "10.00"})
    answer = staff.patch(f"{URL}/categories/{shop.kitchen.pk}/", {"slug": "cooking"})
    assert (answer.status_code, answer.json()["slug"]) == (200, "cooking")
    assert list(Collection.objects.order_by("title").values_list("rules", flat=True)) == [
        {"category": "home", "max_price": "10.00"},
        {"category": "cooking", "max_price": "10.00"},
        {"category": "garden"},
    ]
    while evaluate_next_batch(limit=100):
        pass
    assert [shop.titles(collection=title) for _, title, _ in collected] == [titles for *_, titles in collected]
