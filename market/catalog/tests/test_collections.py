"""Collections: chosen by hand or found by rules, and always what plain Python says."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.utils import timezone

from market.catalog.models import Collection, CollectionItem, ListingChange, Product, ProductListing
from market.catalog.rules import collection_conditions
from market.catalog.services import (
    create_collection,
    create_product_type,
    delete_category,
    delete_product,
    update_product,
    update_variant,
)
from market.catalog.services.collections import evaluate_changed, evaluate_next_batch
from market.catalog.tests.factories import make_category, make_product
from market.catalog.tests.oracle import costs, has, open_known_shop, rated
from market.inventory.tests.factories import make_stocked_variant

pytestmark = pytest.mark.django_db
URL = "/api/v1/collections/"


def look_through(limit: int = 5000) -> int:
    """Go through all that is due; answers in how many batches."""
    batches = 0
    while evaluate_next_batch(limit=limit):
        batches += 1
    return batches


def held(collection: Collection) -> list[int]:
    return sorted(collection.items.values_list("product_id", flat=True))


def test_rules_hold_the_products_that_plain_python_names():
    shop = open_known_shop()
    of = shop.in_category
    cases = [
        ({"category": "home"}, (of("home"),)),
        ({"category": "no-such-category"}, (lambda p: False,)),
        ({"min_price": "1.25", "max_price": "9.99"}, (costs("1.25", "9.99"),)),
        ({"max_price": "1.25", "in_stock": True}, (costs(highest="1.25"), lambda p: p.in_stock)),
        ({"on_sale": True}, (lambda p: p.on_sale,)),
        ({"on_sale": False, "featured": True}, (lambda p: not p.on_sale, lambda p: p.is_featured)),
        ({"min_rating": 4}, (rated("4"),)),
        (
            {"attributes": {"color": ["red", "blue"], "is_new": ["true"]}},
            (has("color", "red", "blue"), has("is_new", "true")),
        ),
        ({"newer_than_days": 30}, (lambda p: True,)),
    ]
    gone = make_category(slug="no-such-category")
    made = [(create_collection(title=str(rules), rules=rules), conditions) for rules, conditions in cases]
    delete_category(category_id=gone.pk)
    with time_machine.travel("2026-01-05T00:00:00Z", tick=False):
        assert look_through(limit=30) == 3 * len(cases), "80 products, some without a listing, 30 at a time"
    expected = [sorted(shop.ids(*conditions)) for _, conditions in made]
    assert [held(collection) for collection, _ in made] == expected
    assert [len(rows) for rows in expected].count(0) == 1


def test_a_change_is_looked_at_by_itself_and_time_by_the_next_round():
    cheap = create_collection(title="Under 5", rules={"max_price": "5.00"})
    new = create_collection(title="New", rules={"newer_than_days": 7})
    look_through()
    assert not ListingChange.objects.exists()
    product = make_product(price="4.00")
    variant = product.variants.get()
    assert evaluate_changed(limit=10) == 1
    assert (held(cheap), held(new)) == ([product.pk], [product.pk])
    update_product(product_id=product.pk, changes={"description": "Nothing that a list shows."})
    assert evaluate_changed(limit=10) == 0
    update_variant(product_id=product.pk, variant_id=variant.pk, changes={"price": Decimal("6.00")})
    update_variant(product_id=product.pk, variant_id=variant.pk, changes={"title": "Large"})
    assert (evaluate_changed(limit=10), held(cheap), held(new)) == (1, [], [product.pk])
    assert look_through() == 0, "the last look is not an hour old"
    with time_machine.travel(timezone.now() + timedelta(days=8), tick=False):
        assert (look_through(), held(new)) == (2, [])
    update_product(product_id=product.pk, changes={"status": "archived"})
    delete_product(product_id=product.pk)
    assert (evaluate_changed(limit=10), CollectionItem.objects.count()) == (1, 0)


def test_stock_that_comes_and_goes_is_a_change():
    in_stock = create_collection(title="At once", rules={"in_stock": True})
    variant = make_stocked_variant(on_hand=1)
    evaluate_changed(limit=10)
    assert held(in_stock) == [variant.product_id]


def test_without_rules_anywhere_nothing_is_noted():
    create_collection(title="By hand")
    make_product()
    assert not ListingChange.objects.exists()


@pytest.mark.parametrize(
    ("rules", "field"),
    [
        ({}, "rules"),
        ({"color": "red"}, "rules.color"),
        ({"category": "Not a slug!"}, "rules.category"),
        ({"category": 7}, "rules.category"),
        ({"min_price": "-1"}, "rules.min_price"),
        ({"min_price": 1}, "rules.min_price"),
        ({"max_price": "1.005"}, "rules.max_price"),
        ({"max_price": "NaN"}, "rules.max_price"),
        ({"min_price": "10.00", "max_price": "9.99"}, "rules.min_price"),
        ({"min_rating": 6}, "rules.min_rating"),
        ({"min_rating": True}, "rules.min_rating"),
        ({"on_sale": "yes"}, "rules.on_sale"),
        ({"newer_than_days": 0}, "rules.newer_than_days"),
        ({"newer_than_days": 10**9}, "rules.newer_than_days"),
        ({"attributes": {}}, "rules.attributes"),
        ({"attributes": {"color": "red"}}, "rules.attributes"),
        ({"attributes": {"color": [1]}}, "rules.attributes"),
        ({"attributes": {"Color": ["red"]}}, "rules.attributes"),
    ],
)
def test_rules_that_cannot_be_used_are_refused_by_field(rules, field):
    _, problems = collection_conditions(rules)
    assert [problem.field for problem in problems] == [field]


def test_rules_name_what_there_is(staff):
    code, slug = "material", make_category().slug
    create_product_type(title="Mug").attributes.create(code=code, title="Material", kind="text")
    known = {"category": slug, "attributes": {code: ["any"]}, "min_price": "5", "max_price": "5.00"}
    made = staff.post(URL, {"title": "Known", "rules": known})
    assert made.status_code == 201
    at = f"{URL}{made.json()['id']}/"
    for rules, fields in (
        ({"category": "nowhere"}, ["rules.category"]),
        ({"attributes": {code: ["any"], "colour": ["red"]}}, ["rules.attributes.colour"]),
        ({"category": "nowhere", "attributes": {"a": ["b"]}}, ["rules.category", "rules.attributes.a"]),
        ({"min_price": "9.50", "max_price": "9"}, ["rules.min_price"]),
    ):
        for answer in (staff.post(URL, {"title": "Unknown", "rules": rules}), staff.patch(at, {"rules": rules})):
            assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (400, fields)
    assert [collection.rules for collection in Collection.objects.all()] == [known]


def test_a_collection_outlives_what_its_rules_name(staff):
    rules = {"category": "gone", "attributes": {"gone": ["red"]}}
    old = Collection.objects.create(slug="old", title="Old", rules=rules)
    at = f"{URL}{old.pk}/"
    assert staff.patch(at, {"title": "Older"}).status_code == 200
    assert staff.patch(at, {"rules": rules, "position": 2}).status_code == 200
    assert (look_through(), held(old)) == (1, [])


def test_staff_choose_the_products_of_a_collection(staff, api_client):
    first, second, draft = make_product(), make_product(), make_product(status="draft")
    made = staff.post(URL, {"title": "For tea", "description": "With biscuits."})
    assert (made.status_code, made.json()["slug"], made.json()["product_count"]) == (201, "for-tea", 0)
    at = f"{URL}{made.json()['id']}/"
    assert staff.put(f"{at}products/", {"products": [first.pk, second.pk, draft.pk]}).json()["product_count"] == 2
    assert staff.put(f"{at}products/", {"products": [second.pk, draft.pk]}).json()["product_count"] == 1
    shown = api_client.get(at).json()
    assert (shown["title"], shown["product_count"], {"rules", "is_active"} & shown.keys()) == ("For tea", 1, set())
    assert api_client.get(URL).json()["results"] == [shown]
    page = api_client.get(f"/api/v1/products/{second.pk}/").json()
    assert page["collections"] == [{"id": shown["id"], "slug": "for-tea", "title": "For tea"}]
    found = api_client.get("/api/v1/products/?collection=for-tea").json()["results"]
    assert [row["id"] for row in found] == [second.pk]
    assert staff.patch(at, {"is_active": False}).json()["is_active"] is False
    assert (api_client.get(at).status_code, api_client.get(URL).json()["results"]) == (404, [])
    assert api_client.get(f"/api/v1/products/{second.pk}/").json()["collections"] == []


def test_a_collection_that_holds_products_stays(staff):
    product = make_product(title="Tea pot")
    collection = create_collection(title="For tea")
    at = f"{URL}{collection.pk}/"
    staff.put(f"{at}products/", {"products": [product.pk]})
    answer = staff.delete(at)
    assert (answer.status_code, answer.json()["code"]) == (409, "collection_not_empty")
    assert (answer.json()["count"], answer.json()["products"]) == (1, [{"id": product.pk, "title": "Tea pot"}])
    assert held(collection) == [product.pk]
    staff.put(f"{at}products/", {"products": []})
    assert (staff.delete(at).status_code, staff.delete(at).status_code) == (204, 404)


def test_a_refused_collection_changes_nothing(staff):
    create_collection(title="Taken", slug="taken")
    ruled = create_collection(title="Ruled", rules={"on_sale": True})
    hand = create_collection(title="By hand")
    product = make_product()
    before = [list(model.objects.order_by("pk").values()) for model in (Collection, CollectionItem)]
    for method, path, body, status, fields in [
        ("post", "", {"title": "x" * 201}, 400, ["title"]),
        ("post", "", {"title": "New", "slug": "taken"}, 400, ["slug"]),
        ("post", "", {"title": "New", "rules": {"on_sale": 1}}, 400, ["rules.on_sale"]),
        ("patch", f"{hand.pk}/", {"slug": "taken"}, 400, ["slug"]),
        ("patch", f"{hand.pk}/", {"rules": {"size": 1}}, 400, ["rules.size"]),
        ("put", f"{ruled.pk}/products/", {"products": [product.pk]}, 409, []),
        ("put", f"{hand.pk}/products/", {"products": [product.pk, 0]}, 400, ["products.1"]),
        ("put", f"{hand.pk}/products/", {"products": [product.pk, 10**9]}, 400, ["products.1"]),
        ("put", "0/products/", {"products": []}, 404, []),
    ]:
        answer = getattr(staff, method)(URL + path, body)
        errors = answer.json().get("errors", [])
        assert (answer.status_code, [error["field"] for error in errors]) == (status, fields), (path, body)
    assert [list(model.objects.order_by("pk").values()) for model in (Collection, CollectionItem)] == before


def test_rules_that_go_leave_the_products_to_staff(staff):
    product = make_product(price="1.00")
    collection = create_collection(title="Under 5", rules={"max_price": "5.00"})
    look_through()
    assert staff.patch(f"{URL}{collection.pk}/", {"rules": None}).json()["rules"] is None
    assert (held(collection), look_through()) == ([product.pk], 0)
    staff.patch(f"{URL}{collection.pk}/", {"rules": {"min_price": "5.00"}})
    assert (look_through(), held(collection)) == (1, [])


@pytest.mark.parametrize("rows", [1, 20, 100])
def test_the_list_costs_the_same_however_many(api_client, count_statements, rows):
    product = make_product()
    for number in range(rows):
        made = Collection.objects.create(title=f"No. {number}", slug=f"no-{number}")
        made.items.create(product=product)
    with count_statements() as counted:
        answer = api_client.get(f"{URL}?limit=100").json()
    assert ([row["product_count"] for row in answer["results"]], len(counted)) == ([1] * rows, 3)


def test_related_products_share_collections_then_the_category_then_sell_best(api_client, count_statements):
    mugs, pots = make_category(), make_category()
    this, other, seller, friend, far, draft = [
        make_product(category=category, status=status)
        for category, status in [
            *((mugs, "active"), (mugs, "active"), (mugs, "active")),
            *((pots, "active"), (pots, "active"), (mugs, "draft")),
        ]
    ]
    ProductListing.objects.filter(pk=seller.pk).update(popularity=9)
    for members in ([this, friend, other], [this, friend, draft]):
        collection = create_collection(title="Together")
        CollectionItem.objects.bulk_create(CollectionItem(collection=collection, product=one) for one in members)
    at = f"/api/v1/products/{this.pk}/related/"
    with count_statements() as counted:
        answer = api_client.get(at).json()
    assert {name: answer[name] for name in ("count", "next", "previous")} == {
        "count": 3,
        "next": None,
        "previous": None,
    }
    assert [row["id"] for row in answer["results"]] == [friend.pk, other.pk, seller.pk]
    assert len(counted) == 2
    alone = api_client.get(f"/api/v1/products/{far.pk}/related/").json()["results"]
    assert [row["id"] for row in alone] == [friend.pk], "of its category"
    Collection.objects.update(is_active=False)
    assert [row["id"] for row in api_client.get(at).json()["results"]] == [seller.pk, other.pk]
    for _ in range(20):
        make_product(category=mugs)
    first = api_client.get(at, {"limit": 10, "cursor": ""}).json()
    assert (len(first["results"]), len(api_client.get(first["next"]).json()["results"])) == (10, 2)
    assert api_client.get(at, {"search": "mug"}).json()["errors"][0]["field"] == "search"
    for missing in (draft.pk, 0):
        assert api_client.get(f"/api/v1/products/{missing}/related/").status_code == 404
    assert Product.objects.count() == 26
