"""The catalog over HTTP: who may do what, in which shape, and what is refused."""

import gzip
import re
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission

from core.accounts.tests.factories import make_staff, make_user
from market.catalog.api import serializers as shapes
from market.catalog.models import Category, Product, ProductListing, Variant
from market.catalog.tests.factories import make_category, make_product
from market.inventory.tests.factories import keep, make_stocked_variant

pytestmark = pytest.mark.django_db
URL = "/api/v1"
ISO_WITH_ZONE = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"
NEW_PRODUCT = {
    "title": "Red mug",
    "description": "Holds tea.",
    "status": "active",
    "variants": [{"sku": "MUG-R", "price": "4.95", "compare_at_price": "6.00", "cost": "1.10", "weight_grams": 300}],
}


def staff_who_may(client_of, *permissions: str):
    user = make_staff(is_superuser=False)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return client_of(user)


def fields_of(response) -> list[str]:
    assert response.status_code == 400, response.content
    return [error["field"] for error in response.json()["errors"]]


def public_writes(product: Product, category: Category) -> list[tuple[str, str, str, dict]]:
    """Every write of the catalog: method, path, permission, and a body that staff may send."""
    variant = product.variants.get()
    at = f"/products/{product.pk}"
    return [
        ("post", "/products/", "add_product", NEW_PRODUCT),
        ("patch", f"{at}/", "change_product", {"title": "Renamed"}),
        ("put", f"{at}/", "change_product", {"title": "Renamed"}),
        ("post", f"{at}/variants/", "add_variant", {"sku": "NEW", "price": "1.00"}),
        ("patch", f"{at}/variants/{variant.pk}/", "change_variant", {"price": "1.00"}),
        ("put", f"{at}/variants/{variant.pk}/", "change_variant", {"sku": "PUT", "price": "1.00"}),
        ("delete", f"{at}/variants/{variant.pk}/", "delete_variant", {}),
        ("delete", f"{at}/", "delete_product", {}),
        ("post", "/categories/", "add_category", {"title": "New"}),
        ("patch", f"/categories/{category.pk}/", "change_category", {"title": "Renamed"}),
        ("put", f"/categories/{category.pk}/", "change_category", {"title": "Renamed"}),
        ("delete", f"/categories/{category.pk}/", "delete_category", {}),
    ]


@pytest.mark.parametrize("place", range(12))
def test_only_staff_with_the_permission_write(api_client, client_of, place):
    product, category = make_product(), make_category()
    method, path, permission, body = public_writes(product, category)[place]
    before = [list(model.objects.order_by("pk").values()) for model in (Product, Variant, Category, ProductListing)]
    refusals = {
        401: [api_client],
        403: [client_of(make_user()), staff_who_may(client_of), staff_who_may(client_of, "view_product", "add_order")],
    }
    for status, clients in refusals.items():
        assert {getattr(client, method)(URL + path, body).status_code for client in clients} == {status}
    after = [list(model.objects.order_by("pk").values()) for model in (Product, Variant, Category, ProductListing)]
    assert after == before
    assert getattr(staff_who_may(client_of, permission), method)(URL + path, body).status_code in {200, 201, 204}


def test_staff_create_change_and_delete_a_product(staff, api_client):
    category = make_category(slug="mugs")
    made = staff.post(f"{URL}/products/", NEW_PRODUCT | {"category": category.pk})
    assert made.status_code == 201
    product = made.json()
    at = f"{URL}/products/{product['id']}/"
    assert (product["slug"], product["status"], product["price"]) == ("red-mug", "active", "4.95")
    assert product["variants"][0]["cost"] == "1.10"
    changed = staff.patch(at, {"title": "Blue mug", "category": None, "slug": "blue"}).json()
    assert (changed["title"], changed["category"], changed["slug"]) == ("Blue mug", None, "blue")
    assert api_client.get(f"{URL}/products/slug/blue/").json()["title"] == "Blue mug"
    assert api_client.get(f"{URL}/products/slug/red-mug/").status_code == 404
    replaced = staff.put(at, {"title": "Green mug"}).json()
    assert (replaced["title"], replaced["slug"]) == ("Green mug", "blue")
    assert staff.delete(at).status_code == 204
    assert (Product.objects.count(), Variant.objects.count(), ProductListing.objects.count()) == (0, 0, 0)


@pytest.mark.parametrize("status", ["draft", "archived", "active"])
def test_what_is_not_listed_is_absent_for_the_public(api_client, client_of, staff, status):
    product = make_product(status=status, variants=[{"is_active": status != "active"}])
    paths = ["/", "/variants/", "/images/"]
    urls = [f"{URL}/products/{product.pk}{path}" for path in paths] + [f"{URL}/products/slug/{product.slug}/"]
    for client in (api_client, client_of(make_user()), staff_who_may(client_of, "add_product")):
        assert {client.get(url).status_code for url in urls} == {404}
        assert client.get(f"{URL}/products/").json()["results"] == []
    assert {staff.get(url).status_code for url in urls} == {200}


def test_cost_is_for_staff_alone(api_client, client_of, staff):
    cost = "71.23"  # which no time in a document reads like: a minute has 60 seconds
    product = make_product(variants=[{"cost": cost}, {"cost": cost, "is_active": False}])
    urls = [f"{URL}/products/", f"{URL}/products/{product.pk}/", f"{URL}/products/{product.pk}/variants/"]
    for client in (api_client, client_of(make_user())):
        bodies = [client.get(url).content.decode() for url in urls]
        assert not any("cost" in body or cost in body for body in bodies)
    assert [v["cost"] for v in staff.get(urls[1]).json()["variants"]] == [cost, cost]


def test_a_page_shows_the_whole_product(api_client):
    home = make_category(title="Home", slug="home")
    mugs = make_category(title="Mugs", slug="mugs", parent=home)
    variant = make_stocked_variant(on_hand=23, sku="MUG", price="4.00", compare_at_price="5.00")
    Product.objects.update(category=mugs)
    keep(variant, quantity=2)
    product = api_client.get(f"{URL}/products/{variant.product_id}/").json()
    assert product["variants"] == [
        {
            "id": variant.pk,
            "sku": "MUG",
            "title": "",
            "price": "4.00",
            "compare_at_price": "5.00",
            "currency": "GBP",
            "lowest_price_30d": None,
            "attributes": {},
            "in_stock": True,
            "available": 20,
            "weight_grams": 0,
        }
    ]
    steps = [
        {"id": home.pk, "slug": "home", "title": "Home"},
        {"id": mugs.pk, "slug": "mugs", "title": "Mugs"},
    ]
    assert (product["breadcrumbs"], product["category"]) == (steps, steps[1])
    assert (product["on_sale"], product["in_stock"], product["currency"]) == (True, True, "GBP")
    keep(variant, quantity=2, reference="ORDER-2")
    assert api_client.get(f"{URL}/products/{variant.product_id}/").json()["variants"][0]["available"] == 19


def test_documents_are_those_of_their_serializers(api_client, staff):
    mugs = make_category(parent=make_category())
    make_product(category=mugs, compare_at_price="9.00", cost="1.00")
    row = api_client.get(f"{URL}/products/").json()["results"][0]
    page = api_client.get(f"{URL}/products/{row['id']}/").json()
    page_of_staff = staff.get(f"{URL}/products/{row['id']}/").json()
    for document, shape in [
        (row, shapes.ProductRowSerializer),
        (page, shapes.ProductSerializer),
        (page_of_staff, shapes.ProductSerializer),
        (api_client.get(f"{URL}/categories/").json()["results"][0], shapes.CategorySerializer),
    ]:
        checked = shape(data=document)
        assert checked.is_valid(), checked.errors
        assert document == {name: document[name] for name in shape().fields if name in document}
        optional = {name for name, field in shape().fields.items() if not field.required}
        assert set(shape().fields) - set(document) <= optional


def test_times_carry_their_zone(api_client):
    page = api_client.get(f"{URL}/products/{make_product().pk}/").json()
    for name in ("created_at", "updated_at"):
        assert re.fullmatch(ISO_WITH_ZONE, page[name]), page[name]


@pytest.mark.parametrize(("variants", "images"), [(1, 0), (10, 1), (50, 4)])
def test_a_page_costs_three_statements(api_client, count_statements, variants, images):
    category = make_category(parent=make_category(parent=make_category()))
    product = make_product(category=category, variants=[{} for _ in range(variants)])
    for place in range(images):
        product.images.create(image=f"products/{place}.jpg", is_primary=place == 0, position=place)
    for url in (f"{URL}/products/{product.pk}/", f"{URL}/products/slug/{product.slug}/"):
        with count_statements() as statements:
            page = api_client.get(url).json()
        assert (len(page["variants"]), len(page["images"]), len(statements)) == (variants, images, 3)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"title": "x" * 201}, ["title"]),
        ({"title": " "}, ["title"]),
        ({"title": "a\0b"}, ["title"]),
        ({"slug": "no spaces"}, ["slug"]),
        ({"slug": "taken"}, ["slug"]),
        ({"status": "sold"}, ["status"]),
        ({"category": 999_999}, ["category"]),
        ({"category": 2**63}, ["category"]),
        ({"variants": [{"sku": "A", "price": "-0.01"}]}, ["variants.0.price"]),
        ({"variants": [{"sku": "A", "price": "1.001"}]}, ["variants.0.price"]),
        ({"variants": [{"sku": "A", "price": "123456789.00"}]}, ["variants.0.price"]),
        ({"variants": [{"sku": "A", "price": "free"}]}, ["variants.0.price"]),
        ({"variants": [{"sku": "A", "price": "5.00", "compare_at_price": "4.99"}]}, ["variants.0.compare_at_price"]),
        ({"variants": [{"sku": "A", "price": "1.00"}, {"sku": "TAKEN", "price": "1.00"}]}, ["variants.1.sku"]),
        ({"variants": [{"sku": "A" * 65, "price": "1.00"}]}, ["variants.0.sku"]),
        ({"variants": [{"sku": "A", "price": "1.00", "weight_grams": -1}]}, ["variants.0.weight_grams"]),
        ({"variants": {}}, ["variants"]),
    ],
)
def test_a_malformed_product_is_refused_by_field(staff, body, fields):
    make_product(slug="taken", sku="TAKEN")
    assert fields_of(staff.post(f"{URL}/products/", {"title": "Good"} | body)) == fields
    assert (Product.objects.count(), Variant.objects.count()) == (1, 1)


def test_title_of_200_characters_and_exact_prices_pass(staff):
    body = {"title": "x" * 200, "variants": [{"sku": "A", "price": "0.10"}, {"sku": "B", "price": "0.20"}]}
    prices = [variant["price"] for variant in staff.post(f"{URL}/products/", body).json()["variants"]]
    assert (prices, sum(map(Decimal, prices))) == (["0.10", "0.20"], Decimal("0.30"))


def test_sku_and_slug_taken_by_another_are_refused_on_change(staff):
    make_product(slug="taken", sku="TAKEN")
    product = make_product(slug="mine", sku="MINE")
    variant = product.variants.get()
    at = f"{URL}/products/{product.pk}/"
    assert fields_of(staff.patch(at, {"slug": "taken"})) == ["slug"]
    assert fields_of(staff.patch(f"{at}variants/{variant.pk}/", {"sku": "TAKEN"})) == ["sku"]
    assert fields_of(staff.patch(f"{at}variants/{variant.pk}/", {"compare_at_price": "1.00"})) == ["compare_at_price"]
    assert staff.patch(f"{at}variants/{variant.pk}/", {"sku": "MINE"}).status_code == 200
    product.refresh_from_db()
    assert (product.slug, Variant.objects.get(pk=variant.pk).compare_at_price) == ("mine", None)


def test_what_is_computed_is_not_written(staff):
    product = make_product()
    variant = product.variants.get()
    protected = {"id": 9, "in_stock": True, "available": 7, "rating": 5, "price": "0.01", "popularity": 9, "product": 1}
    staff.patch(f"{URL}/products/{product.pk}/", protected)
    staff.patch(f"{URL}/products/{product.pk}/variants/{variant.pk}/", {**protected, "price": "6.00"})
    listing = ProductListing.objects.get()
    assert (listing.price, listing.in_stock, listing.rating, listing.popularity) == (Decimal("6.00"), False, None, 0)
    assert list(Variant.objects.values_list("pk", "product_id", "in_stock")) == [(variant.pk, product.pk, False)]


def test_an_ordered_product_is_archived_and_then_stays(staff, api_client):
    variant = make_stocked_variant()
    keep(variant)
    at = f"{URL}/products/{variant.product_id}/"
    refused = staff.delete(f"{at}variants/{variant.pk}/")
    assert (refused.status_code, refused.json()["code"]) == (409, "product_ordered")
    archived = staff.delete(at)
    assert (archived.status_code, archived.json()["status"]) == (200, "archived")
    assert api_client.get(at).status_code == 404
    again = staff.delete(at)
    assert (again.status_code, again.json()["code"]) == (409, "product_ordered")
    assert (Product.objects.get().status, Variant.objects.count()) == ("archived", 1)


def test_variants_of_one_product(staff, api_client):
    product, other = make_product(sku="ONE"), make_product(sku="OTHER")
    at = f"{URL}/products/{product.pk}/variants/"
    made = staff.post(at, {"sku": "TWO", "price": "3.00", "title": "large"}).json()
    assert [row["sku"] for row in api_client.get(at).json()["results"]] == ["ONE", "TWO"]
    assert api_client.get(f"{at}{made['id']}/").json()["title"] == "large"
    assert staff.patch(f"{at}{made['id']}/", {"is_active": False}).json()["is_active"] is False
    assert api_client.get(f"{at}{made['id']}/").status_code == 404
    elsewhere = f"{URL}/products/{other.pk}/variants/{made['id']}/"
    assert {getattr(staff, method)(elsewhere, {}).status_code for method in ("get", "patch", "delete")} == {404}
    assert staff.delete(f"{at}{made['id']}/").status_code == 204
    assert list(Variant.objects.order_by("pk").values_list("sku", flat=True)) == ["ONE", "OTHER"]


def test_categories_are_a_tree_or_flat(api_client):
    root = make_category(title="Home", position=1)
    children = [make_category(title=f"Room {place}", parent=root, position=place) for place in range(3)]
    make_category(parent=make_category(is_active=False))
    first = make_category(title="First")
    tree = api_client.get(f"{URL}/categories/").json()
    assert [(node["id"], [child["id"] for child in node["children"]]) for node in tree["results"]] == [
        (first.pk, []),
        (root.pk, [child.pk for child in children]),
    ]
    flat = api_client.get(f"{URL}/categories/", {"flat": 1}).json()
    assert [node["id"] for node in flat["results"]] == [first.pk, root.pk, *(child.pk for child in children)]
    assert "children" not in flat["results"][0]


def test_staff_write_categories(staff, api_client):
    home = staff.post(f"{URL}/categories/", {"title": "Home & Garden"}).json()
    assert home["slug"] == "home-garden"
    below = staff.post(f"{URL}/categories/", {"title": "Mugs", "parent": home["id"], "description": "For tea"}).json()
    assert below["parent"] == home["id"]
    cycle = staff.patch(f"{URL}/categories/{home['id']}/", {"parent": below["id"]})
    assert (cycle.status_code, cycle.json()["code"]) == (409, "category_cycle")
    for body, fields in [
        ({"slug": "mugs"}, ["slug"]),
        ({"parent": 999_999}, ["parent"]),
        ({"title": "x" * 201}, ["title"]),
        ({"position": -1}, ["position"]),
    ]:
        assert fields_of(staff.patch(f"{URL}/categories/{home['id']}/", body)) == fields
    assert staff.patch(f"{URL}/categories/{home['id']}/", {"is_active": False}).json()["is_active"] is False
    for category in (home, below):
        assert api_client.get(f"{URL}/categories/{category['id']}/").status_code == 404
        assert staff.get(f"{URL}/categories/{category['id']}/").status_code == 200


def test_a_category_that_is_not_empty_stays_and_names_what_it_holds(staff):
    category = make_category()
    child = make_category(parent=category, title="Child")
    product = make_product(category=category, title="Mug", status="draft")
    refused = staff.delete(f"{URL}/categories/{category.pk}/")
    problem = refused.json()
    assert (refused.status_code, problem["code"]) == (409, "category_not_empty")
    assert problem["children"] == [{"id": child.pk, "title": "Child"}]
    assert problem["products"] == [{"id": product.pk, "title": "Mug"}]
    assert "Child, Mug" in problem["detail"]
    assert staff.delete(f"{URL}/categories/{child.pk}/").status_code == 204
    assert Category.objects.get() == category


def test_a_hidden_category_is_not_named_by_its_products(api_client):
    product = make_product(category=make_category(is_active=False))
    assert api_client.get(f"{URL}/products/").json()["results"][0]["category"] is None
    page = api_client.get(f"{URL}/products/{product.pk}/").json()
    assert (page["category"], page["breadcrumbs"]) == (None, [])


def test_the_etag_of_a_list_is_kept_in_gzip(api_client):
    for _ in range(10):
        make_product()
    plain = api_client.get(f"{URL}/products/")
    packed = api_client.get(f"{URL}/products/", HTTP_ACCEPT_ENCODING="gzip")
    assert packed["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.content) == plain.content
    assert len(packed.content) < len(plain.content) / 2
    assert packed["ETag"] == plain["ETag"]
    for asked in ("", "gzip"):
        again = api_client.get(f"{URL}/products/", HTTP_IF_NONE_MATCH=plain["ETag"], HTTP_ACCEPT_ENCODING=asked)
        assert (again.status_code, again.content, again["ETag"]) == (304, b"", plain["ETag"])


@pytest.mark.parametrize("path", ["/products/", "/products/{id}/", "/products/slug/{slug}/", "/categories/"])
def test_public_reads_may_be_kept_and_answer_304(api_client, staff, path):
    product = make_product(category=make_category())
    url = URL + path.format(id=product.pk, slug=product.slug)
    first = api_client.get(url)
    assert first["Cache-Control"] == "public, max-age=10, stale-while-revalidate=60"
    assert {"Accept", "Authorization"} <= set(first["Vary"].split(", "))
    again = api_client.get(url, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    Product.objects.update(title="Renamed")
    Category.objects.update(title="Renamed")
    ProductListing.objects.update(title="Renamed")
    changed = api_client.get(url, headers={"If-None-Match": first["ETag"]})
    assert (changed.status_code, changed["ETag"] != first["ETag"]) == (200, True)
    with_credential = staff.get(url)
    assert (with_credential["Cache-Control"], with_credential.has_header("ETag")) == ("private, no-store", False)
    assert api_client.get(f"{URL}/products/0/")["Cache-Control"] == "private, no-store"
