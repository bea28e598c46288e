"""Placing orders through the API: what is written, what is refused, and that a refusal leaves no trace."""

import secrets
from decimal import Decimal

import pytest
from django.conf import settings

from core.models import IdempotencyKey
from core.outbox.models import Event
from market.carts.models import Cart
from market.carts.tests.factories import make_cart, make_full_cart, make_offer
from market.catalog.models import Product, Variant
from market.inventory.models import Reservation, StockItem
from market.orders import rules
from market.orders.models import Order, OrderEvent, OrderItem, OrderQuote
from market.orders.tests.factories import ADDRESS, checkout_body, make_buyer
from market.payments.models import Payment
from market.pricing.rules import input_from_json, quote
from market.shipping.models import ShippingMethod, ShippingZone

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unthrottled")]
URL = "/api/v1/orders/"


def post(client, of_cart, key=None, **overrides):
    headers = {} if key is None else {"Idempotency-Key": key}
    return client.post(URL, checkout_body(of_cart, **overrides), headers=headers)


def traces() -> dict[str, object]:
    """All that a checkout writes, as numbers."""
    return {
        "orders": Order.objects.count(),
        "items": OrderItem.objects.count(),
        "payments": Payment.objects.count(),
        "events": Event.objects.filter(name__startswith="orders.").count(),
        "reservations": Reservation.objects.count(),
        "reserved": sum(StockItem.objects.values_list("reserved", flat=True)),
        "claimed": Cart.objects.filter(order_number__isnull=False).count(),
    }


NOTHING = dict.fromkeys(["orders", "items", "payments", "events", "reservations", "reserved", "claimed"], 0)


def test_a_guests_order_freezes_the_quote(api_client):
    lamp = make_offer(price=Decimal("10.00"), sku="LAMP", product_title="Lamp", title="Red")
    cup = make_offer(price=Decimal("3.33"), sku="CUP", product_title="Cup", available=5)
    response = post(api_client, make_cart(units={lamp: 2, cup: 3}), note="Ring twice")
    order = response.json()
    assert response.status_code == 201, order
    assert rules.NUMBER_PATTERN.fullmatch(order["number"])
    expected = {
        "status": "pending",
        "payment_status": "pending",
        "email": "guest@shop.example",
        "currency": "GBP",
        "subtotal": "29.99",
        "discounts": [],
        "discount_total": "0.00",
        "shipping_total": "4.95",
        "tax_total": "5.83",
        "prices_include_tax": True,
        "grand_total": "34.94",
        "shipping_address": ADDRESS,
        "billing_address": ADDRESS,
        "shipping_method": "standard",
        "note": "Ring twice",
        "fulfillments": [],
        "refunds": [],
    }
    assert {name: order[name] for name in expected} == expected
    assert order["items"] == [
        {
            "sku": "LAMP",
            "title": "Lamp, Red",
            "quantity": 2,
            "unit_price": "10.00",
            "discount_total": "0.00",
            "tax_total": "3.33",
            "line_total": "20.00",
        },
        {
            "sku": "CUP",
            "title": "Cup",
            "quantity": 3,
            "unit_price": "3.33",
            "discount_total": "0.00",
            "tax_total": "1.67",
            "line_total": "9.99",
        },
    ]
    assert [(event["kind"], event["status"]) for event in order["events"]] == [("placed", "pending")]
    (payment,) = order["payments"]
    assert (payment["provider"], payment["status"], payment["amount"]) == ("manual", "pending", "34.94")
    assert payment["client_action"]["reference"] == order["number"]
    assert len(order["access_token"]) == 64
    assert traces() == {
        "orders": 1,
        "items": 2,
        "payments": 1,
        "events": 1,
        "reservations": 2,
        "reserved": 5,
        "claimed": 1,
    }
    placed = Order.objects.get()
    assert set(Reservation.objects.values_list("reference", "state", "expires_at")) == {
        (placed.number, "held", placed.reserved_until)
    }
    assert Event.objects.get().payload == {"order_id": placed.pk, "number": placed.number}


def test_later_changes_of_the_catalog_leave_the_order_unchanged(api_client):
    variant = make_offer(price=Decimal("10.00"), product_title="Lamp")
    placed = post(api_client, make_cart(units={variant: 1})).json()
    Variant.objects.update(price=Decimal("99.00"), sku="NEW")
    Product.objects.update(title="Changed", status=Product.Status.ARCHIVED)
    read = api_client.get(f"{URL}{placed['number']}/", headers={"X-Order-Token": placed.pop("access_token")})
    assert read.json() == placed


def test_a_customers_order_is_theirs_and_has_no_token(client_of):
    buyer = make_buyer()
    response = post(client_of(buyer), make_cart(units={make_offer(): 1}), email="other@shop.example")
    assert response.status_code == 201
    assert "access_token" not in response.json()
    order = Order.objects.get()
    assert (order.customer, order.email) == (buyer.customer, buyer.email)


def test_the_order_can_be_priced_again(api_client):
    post(api_client, make_cart(units={make_offer(price=Decimal("7.77")): 3, make_offer(): 1}))
    order, record = Order.objects.get(), OrderQuote.objects.get()
    again = quote(input_from_json(record.inputs))
    assert (again.grand_total, again.tax_total) == (order.grand_total, order.tax_total)
    assert [dict(step) for step in again.trace] == record.trace


def without(field: str) -> dict[str, str]:
    return {name: value for name, value in ADDRESS.items() if name != field}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"cart": None}, "cart"),
        ({"cart": "not-a-uuid"}, "cart"),
        ({"email": None}, "email"),
        ({"email": "nobody"}, "email"),
        ({"shipping_address": None}, "shipping_address"),
        ({"shipping_address": "London"}, "shipping_address"),
        ({"shipping_address": without("name")}, "shipping_address.name"),
        ({"shipping_address": without("line1")}, "shipping_address.line1"),
        ({"shipping_address": without("city")}, "shipping_address.city"),
        ({"shipping_address": without("postal_code")}, "shipping_address.postal_code"),
        ({"shipping_address": without("country")}, "shipping_address.country"),
        ({"shipping_address": ADDRESS | {"country": "XX"}}, "shipping_address.country"),
        ({"shipping_address": ADDRESS | {"city": "London\nFree of charge"}}, "shipping_address.city"),
        ({"shipping_address": ADDRESS | {"name": "x" * 201}}, "shipping_address.name"),
        ({"billing_address": without("city")}, "billing_address.city"),
        ({"shipping_method": None}, "shipping_method"),
        ({"shipping_method": "pigeon"}, "shipping_method"),
        ({"payment_provider": None}, "payment_provider"),
        ({"payment_provider": "shells"}, "payment_provider"),
        ({"expected_total": "1.001"}, "expected_total"),
        ({"expected_total": -1}, "expected_total"),
        ({"note": "x" * 1001}, "note"),
    ],
)
def test_an_invalid_request_names_its_field_and_writes_nothing(api_client, change, field):
    cart = make_cart(units={make_offer(): 1})
    response = post(api_client, cart, key="k", **change)
    assert (response.status_code, [error["field"] for error in response.json()["errors"]]) == (400, [field])
    assert traces() == NOTHING
    assert IdempotencyKey.objects.count() == 0
    assert post(api_client, cart, key="k").status_code == 201


def test_an_empty_cart_is_refused(api_client):
    response = post(api_client, make_cart())
    assert (response.status_code, response.json()["code"]) == (400, "cart_empty")
    assert traces() == NOTHING


def test_a_total_that_no_order_can_hold_is_refused_by_name(api_client):
    dear = [make_offer(price=Decimal("99999999.99"), available=200) for _ in range(2)]
    cart = make_cart(units=dict.fromkeys(dear, 51))
    response = post(api_client, cart, key="k")
    problem = response.json()
    assert (response.status_code, problem["code"]) == (400, "total_too_large")
    assert [(error["field"], error["code"]) for error in problem["errors"]] == [("cart", "total_too_large")]
    assert traces() == NOTHING
    cart.items.update(quantity=49)
    assert post(api_client, cart, key="k").json()["grand_total"] == "9800000003.97"


def test_an_unknown_or_foreign_cart_is_not_found(api_client, client_of):
    foreign = make_cart(units={make_offer(): 1}, customer=make_buyer().customer)
    for client in (api_client, client_of(make_buyer())):
        for cart in (foreign, Cart()):
            assert post(client, cart).status_code == 404
    assert traces() == NOTHING


def test_every_short_line_is_named(api_client):
    plenty, two, none = make_offer(), make_offer(available=2), make_offer(available=0)
    cart = make_cart(units={two: 3, plenty: 1, none: 1})
    response = post(api_client, cart)
    problem = response.json()
    assert (response.status_code, problem["code"]) == (409, "insufficient_stock")
    assert [error["field"] for error in problem["errors"]] == ["items.0", "items.2"]
    assert problem["short"] == [
        {"variant": two.pk, "sku": two.sku, "requested": 3, "available": 2},
        {"variant": none.pk, "sku": none.sku, "requested": 1, "available": 0},
    ]
    assert traces() == NOTHING


@pytest.mark.parametrize("spoil", ["archived", "inactive"])
def test_what_is_no_longer_for_sale_is_refused(api_client, spoil):
    good, bad = make_offer(), make_offer()
    cart = make_cart(units={good: 1, bad: 1})
    if spoil == "archived":
        Product.objects.filter(pk=bad.product_id).update(status=Product.Status.ARCHIVED)
    else:
        Variant.objects.filter(pk=bad.pk).update(is_active=False)
    response = post(api_client, cart)
    problem = response.json()
    assert (response.status_code, problem["code"]) == (409, "not_for_sale")
    assert [error["field"] for error in problem["errors"]] == ["items.1"]
    assert traces() == NOTHING


def test_expected_total_decides_when_the_price_has_changed(api_client):
    variant = make_offer(price=Decimal("10.00"))
    cart = make_cart(units={variant: 2})
    Variant.objects.filter(pk=variant.pk).update(price=Decimal("11.00"))
    refused = post(api_client, cart, expected_total="24.95")
    problem = refused.json()
    assert (refused.status_code, problem["code"]) == (409, "price_changed")
    assert problem["quote"] == {
        "currency": "GBP",
        "subtotal": "22.00",
        "discount_total": "0.00",
        "shipping_total": "4.95",
        "tax_total": "4.50",
        "grand_total": "26.95",
    }
    assert traces() == NOTHING
    accepted = post(api_client, cart, expected_total=problem["quote"]["grand_total"])
    assert (accepted.status_code, accepted.json()["grand_total"]) == (201, "26.95")


def test_what_the_client_must_not_say_is_ignored(api_client):
    lies = {"status": "delivered", "grand_total": "0.01", "subtotal": "0.01", "user": 1, "customer": 1, "discount": "9"}
    order = post(api_client, make_cart(units={make_offer(): 1}), **lies).json()
    assert (order["status"], order["grand_total"], Order.objects.get().customer) == ("pending", "14.95", None)


def test_the_same_key_and_body_get_the_same_order(api_client):
    cart = make_cart(units={make_offer(): 1})
    first, again = post(api_client, cart, key="k"), post(api_client, cart, key="k")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    assert ("Idempotent-Replayed" in first, again["Idempotent-Replayed"]) == (False, "true")
    assert traces()["orders"] == 1


def test_another_body_under_the_key_is_refused(api_client):
    cart = make_cart(units={make_offer(): 1})
    post(api_client, cart, key="k")
    response = post(api_client, cart, key="k", note="other")
    assert (response.status_code, response.json()["code"]) == (409, "idempotency_key_reused")
    assert traces()["orders"] == 1


def test_keys_of_other_callers_are_independent(api_client, client_of):
    carts = [make_cart(units={make_offer(): 1}) for _ in range(4)]
    clients = [client_of(make_buyer()), client_of(make_buyer()), api_client, api_client]
    answers = [post(client, cart, key="k").json() for client, cart in zip(clients, carts, strict=True)]
    assert len({answer["number"] for answer in answers}) == 4


def test_a_refusal_is_remembered_by_its_key(api_client):
    variant = make_offer(available=0)
    cart = make_cart(units={variant: 1})
    first = post(api_client, cart, key="k")
    StockItem.objects.filter(pk=variant.pk).update(on_hand=5)
    again = post(api_client, cart, key="k")
    assert (first.status_code, again.status_code) == (409, 409)
    assert first.json() == again.json()
    assert ("Idempotent-Replayed" in first, again["Idempotent-Replayed"]) == (False, "true")
    assert traces() == NOTHING
    assert post(api_client, cart, key="new").status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_a_bad_key_is_refused(api_client, key):
    response = post(api_client, make_cart(units={make_offer(): 1}), key=key)
    assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "Idempotency-Key")
    assert traces() == NOTHING


def test_without_a_key_the_same_body_gets_the_same_order(api_client):
    cart = make_cart(units={make_offer(): 1})
    first, again = post(api_client, cart), post(api_client, cart)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.content == again.content
    other = post(api_client, cart, note="other")
    assert (other.status_code, other.json()["code"], other.json()["order"]) == (
        409,
        "cart_ordered",
        first.json()["number"],
    )
    assert traces()["orders"] == 1


def test_what_cannot_be_sent_there_is_refused_with_the_reason(api_client):
    zone = ShippingZone.objects.create(name="Elsewhere")
    ShippingMethod.objects.get().zones.add(zone)
    cart = make_cart(units={make_offer(): 1})
    refused = post(api_client, cart)
    [error] = refused.json()["errors"]
    assert (refused.status_code, refused.json()["code"]) == (409, "shipping_unavailable")
    assert (error["field"], error["code"]) == ("shipping_method", "not_sent_there")
    assert traces() == NOTHING
    zone.areas.create()
    assert post(api_client, cart).status_code == 201


def test_a_repeat_gets_its_order_although_its_way_of_sending_is_gone(api_client):
    cart = make_cart(units={make_offer(): 1})
    first = post(api_client, cart)
    ShippingMethod.objects.update(is_active=False)
    again = post(api_client, cart)
    assert (again.status_code, again.content) == (200, first.content)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("key", [None, "k"], ids=["without key", "with key"])
def test_a_number_that_is_taken_is_drawn_again(api_client, monkeypatch, key):
    carts = [make_cart(units={make_offer(): 1}) for _ in range(2)]
    drawn = iter("2222222222" * 2 + "3333333333")
    monkeypatch.setattr(secrets, "choice", lambda alphabet: next(drawn))
    answers = [post(api_client, cart, key=key) for cart in carts]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert [answer.json()["number"] for answer in answers] == ["2222-2222-22", "3333-3333-33"]
    assert traces() == dict.fromkeys(NOTHING, 2)


def test_nobody_gets_anothers_order_by_repeating_its_body(client_of):
    cart = make_cart(units={make_offer(): 1})
    post(client_of(make_buyer()), cart)
    response = post(client_of(make_buyer()), cart)
    assert (response.status_code, response.json()["code"]) == (409, "cart_ordered")


@pytest.mark.parametrize("lines", [1, 10, 50])
@pytest.mark.parametrize("caller", ["guest", "customer"])
def test_statements_do_not_grow_with_the_lines(api_client, client_of, count_statements, lines, caller):
    client = api_client if caller == "guest" else client_of(make_buyer())
    cart = make_full_cart(lines=lines)
    with count_statements() as statements:
        response = post(client, cart, key="k")
    assert response.status_code == 201
    assert len(statements) == {"guest": 9, "customer": 10}[caller], statements


def test_statements_when_stock_runs_out(client_of, count_statements):
    """The most that one checkout costs: every variant sells out, so that the catalog turns too."""
    cart = make_cart(units={make_offer(available=1): 1 for _ in range(10)})
    client = client_of(make_buyer())
    with count_statements() as statements:
        response = post(client, cart, key="k")
    assert response.status_code == 201
    assert len(statements) <= 12, statements
    assert Variant.objects.filter(in_stock=True).count() == 0


def test_unpaid_orders_are_held_as_long_as_the_provider_gives(api_client):
    post(api_client, make_cart(units={make_offer(): 1}))
    order = Order.objects.get()
    held = (order.reserved_until - order.placed_at) - settings.MANUAL_PAYMENT_DEADLINE
    assert held.total_seconds() == 300
    assert OrderEvent.objects.get().actor == "customer"
