"""Staff list drafts and archived products; for everybody else nothing of that is there."""

import pytest

from core.accounts.tests.factories import make_staff, make_user
from market.catalog.models import Product
from market.catalog.tests.factories import make_category, make_product
from market.orders.tests.factories import make_staff as make_staff_with

pytestmark = pytest.mark.django_db
URL = "/api/v1/products/"


def listed(client, **query) -> list[str]:
    answer = client.get(URL, query)
    assert (answer.status_code, answer["Cache-Control"]) == (200, "private, no-store"), answer.content
    return [row["title"] for row in answer.json()["results"]]


@pytest.fixture
def shop() -> None:
    mugs = make_category(slug="mugs", is_active=False)
    make_product(title="Sold", slug="sold", sku="S-1")
    make_product(title="Draft", slug="draft", status="draft", category=mugs, is_featured=True, variants=[{}, {}])
    make_product(title="Bare", slug="bare", status="draft", variants=[])
    make_product(title="Old", slug="old", status="archived", sku="O-1")


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ({"status": "draft"}, ["Bare", "Draft"]),
        ({"status": "archived"}, ["Old"]),
        ({"status": "active"}, ["Sold"]),
        ({"status": "any"}, ["Old", "Bare", "Draft", "Sold"]),
        ({"status": "any", "ordering": "created_at", "limit": 2}, ["Sold", "Draft"]),
        ({"status": "any", "cursor": "", "limit": 3}, ["Old", "Bare", "Draft"]),
        ({"status": "draft", "category": "mugs"}, ["Draft"]),
        ({"status": "draft", "featured": "false"}, ["Bare"]),
        ({"status": "any", "sku": "O-1"}, ["Old"]),
        ({"status": "any", "search": "dra"}, ["Draft"]),
        ({}, ["Sold"]),
    ],
)
def test_staff_list_products_of_any_status(shop, client_of, query, titles):
    assert listed(client_of(make_staff()), **query) == titles


def test_a_row_without_a_variant_tells_no_price(shop, client_of):
    bare, draft = client_of(make_staff()).get(URL, {"status": "draft"}).json()["results"]
    assert (bare["price"], bare["status"], bare["in_stock"], bare["default_variant"]) == (None, "draft", False, None)
    assert (draft["price"], draft["status"], draft["category"]) == ("5.00", "draft", None)


def test_a_walk_by_cursor_comes_back(shop, client_of):
    client = client_of(make_staff())
    first = client.get(URL, {"status": "any", "cursor": "", "limit": 3}).json()
    second = client.get(first["next"]).json()
    assert [row["title"] for row in second["results"]] == ["Sold"]
    assert client.get(second["previous"]).json()["results"] == first["results"]


def test_nobody_else_sees_them(shop, api_client, client_of, count_statements):
    draft = Product.objects.get(slug="draft")
    others = [(api_client, 401), (client_of(make_user()), 403), (client_of(make_staff_with("orders.view_order")), 403)]
    for client, status in others:
        for value in (*Product.Status.values, "any", "no-such", ""):
            answer = client.get(URL, {"status": value})
            assert (answer.status_code, "public" in answer["Cache-Control"]) == (status, False)
        for path in (f"{URL}{draft.pk}/", f"{URL}slug/draft/", f"{URL}{draft.pk}/variants/"):
            assert client.get(path).status_code == 404
    may_view = client_of(make_staff_with("catalog.view_product", "catalog.view_variant"))
    assert listed(may_view, status="archived") == ["Old"]
    for path in (f"{URL}{draft.pk}/", f"{URL}slug/draft/", f"{URL}{draft.pk}/variants/"):
        assert (may_view.get(path).status_code, may_view.get(path)["Cache-Control"]) == (200, "private, no-store")
    with count_statements() as counted:
        assert api_client.get(URL).json()["count"] == 1
    assert len(counted) == 2, "the count and the page, as ever"


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"status": "sold"}, "status"),
        ({"status": ""}, "status"),
        ({"status": "any", "min_price": "1"}, "min_price"),
        ({"status": "any", "ordering": "price"}, "ordering"),
        ({"status": "any", "featured": "maybe"}, "featured"),
        ({"status": "any", "attributes[color]": "red"}, "attributes[color]"),
        ({"status": "any", "search": "\x00"}, "search"),
        ({"status": "any", "search": "mug " * 65}, "search"),
    ],
)
def test_what_the_list_of_staff_does_not_know_is_refused_by_name(client_of, query, field):
    answer = client_of(make_staff()).get(URL, query)
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (400, [field])


def test_the_list_of_staff_costs_the_same_however_long(client_of, count_statements):
    client, costs = client_of(make_staff()), {}
    for rows in (1, 20, 100):
        category = make_category()
        for number in range(Product.objects.count(), rows):
            Product.objects.create(title=f"Draft {number}", slug=f"draft-{number}", category=category)
        with count_statements() as counted:
            assert len(client.get(URL, {"status": "draft", "limit": 100}).json()["results"]) == rows
        costs[rows] = len(counted)
    assert costs == {1: 3, 20: 3, 100: 3}, "the caller, the count and the page"
