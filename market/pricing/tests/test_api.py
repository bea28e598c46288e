"""Promotions over HTTP: what everybody reads of them, and how staff make, change and end them."""

from datetime import timedelta

import pytest
from django.utils import timezone

from market.carts.tests.factories import make_offer
from market.catalog.models import Attribute
from market.catalog.services import create_collection, create_product_type
from market.catalog.tests.factories import make_category
from market.orders.tests.factories import make_staff
from market.pricing.models import Coupon, CustomerList, Promotion
from market.pricing.tests.factories import make_coupon, make_promotion

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unthrottled")]
URL = "/api/v1/promotions/"
TEN = {"name": "Autumn 2026", "kind": "percentage", "value": "10"}


@pytest.fixture
def office(client_of):
    return client_of(make_staff())


def one(promotion_id: int) -> str:
    return f"{URL}{promotion_id}/"


def use(promotion: Promotion, code: str = "") -> None:
    """As an order would."""
    promotion.uses.create(version=promotion.version, identity="ann", order_number="N1", amount="2.50", code=code)
    Coupon.objects.filter(code=code).update(uses=1)


def test_everybody_sees_what_is_given_to_everybody_and_nothing_else(api_client, client_of, office):
    now = timezone.now()
    shown = make_promotion("Ten percent", priority=3, usage_limit=5, budget="50.00", usage_limit_per_customer=1)
    hidden = [
        make_promotion(status="draft"),
        make_promotion(status="archived"),
        make_promotion(starts_at=(now + timedelta(hours=1)).isoformat()),
        make_promotion(ends_at=(now - timedelta(hours=1)).isoformat()),
        make_promotion(is_public=False),
        make_promotion(customer_lists=[CustomerList.objects.create(name="Friends").pk]),
        make_coupon("SECRET").promotion,
    ]
    members = make_promotion("Gold", tiers=["gold"], ends_at=(now + timedelta(hours=1)).isoformat())
    Promotion.objects.update(name="Clear the shelves")

    for client in (api_client, client_of(make_staff("orders.view_order"))):
        answer = client.get(URL)
        assert [row["id"] for row in answer.json()["results"]] == [members.pk, shown.pk]
        assert {client.get(one(row.pk)).status_code for row in hidden} == {404}
        assert client.get(one(shown.pk)).json() == answer.json()["results"][1]
        secrets = ("Clear", "SECRET", "budget", '"usage_limit"', "priority", "coupon_code", "version", "uses")
        assert [part for part in secrets if part in answer.content.decode()] == []
        assert client.get(URL, {"search": "shelves"}).json()["results"] == []
        assert client.get(URL, {"search": "secret"}).json()["results"] == []
    row = answer.json()["results"][1]
    assert (row["name"], row["label"], row["kind"], row["value"]) == (
        "Ten percent",
        "Ten percent",
        "percentage",
        "10.00",
    )
    assert len(office.get(URL).json()["results"]) == 9


def test_staff_find_promotions(office):
    draft = make_promotion("Spring", status="draft")
    coupon = make_coupon("MAY-DAY", kind="fixed_amount", value="5.00")
    Promotion.objects.filter(pk=draft.pk).update(name="Easter push")
    for query, found in (
        ({"status": "draft"}, draft),
        ({"kind": "fixed_amount"}, coupon.promotion),
        ({"requires_coupon": "true"}, coupon.promotion),
        ({"search": "push easter"}, draft),
        ({"search": "spring"}, draft),
        ({"search": "may-day"}, coupon.promotion),
    ):
        assert [row["id"] for row in office.get(URL, query).json()["results"]] == [found.pk], query
    for query in ({"status": "gone"}, {"kind": "sorcery"}, {"requires_coupon": "maybe"}, {"colour": "red"}):
        assert office.get(URL, query).status_code == 400


def test_every_field_is_written_and_read_back(office):
    variant, other = make_offer(), make_offer()
    Attribute.objects.create(product_type=create_product_type(title="Mug"), code="color", title="Color", kind="text")
    body = TEN | {
        "label": "Ten off",
        "max_discount": "20.00",
        "products": [variant.product_id],
        "collections": [create_collection(title="Gifts").pk],
        "categories": [make_category().pk],
        "attributes": ["color=red"],
        "min_subtotal": "50.00",
        "min_quantity": 2,
        "tiers": ["gold"],
        "first_order_only": True,
        "customer_lists": [CustomerList.objects.create(name="Friends").pk],
        "countries": ["GB"],
        "weekdays": [6, 7],
        "from_hour": 22,
        "until_hour": 2,
        "starts_at": "2026-12-01T00:00:00Z",
        "ends_at": "2026-12-24T00:00:00Z",
        "usage_limit": 100,
        "usage_limit_per_customer": 1,
        "usage_limit_per_order": 3,
        "budget": "1000.00",
        "coupon_code": "ten-off",
        "priority": -5,
        "stackable": False,
        "exclusive_group": "autumn",
        "is_public": False,
        "is_active": False,
    }
    made = office.post(URL, body, format="json")
    assert made.status_code == 201, made.json()
    written = body | {"value": "10.00", "coupon_code": "TEN-OFF", "requires_coupon": True}
    assert {name: made.json()[name] for name in written} == written
    assert (made.json()["status"], made.json()["version"], made.json()["uses"]) == ("draft", 1, 0)
    gets = {"kind": "buy_x_get_y", "buy_quantity": 2, "get_quantity": 1, "get_products": [other.product_id]}
    steps = {"kind": "spend_threshold", "thresholds": [{"min_subtotal": "50.00", "percent": "5"}]}
    gift = {"kind": "gift", "gift_variant": variant.pk, "get_quantity": 1}
    for kind in (gets | {"value": "50"}, steps, gift, {"kind": "free_shipping"}, {"kind": "fixed_price", "value": "3"}):
        answer = office.post(URL, {"name": "Of a kind"} | kind, format="json")
        assert answer.status_code == 201, answer.json()
        assert Promotion.objects.get(pk=answer.json()["id"]).status == "active"
