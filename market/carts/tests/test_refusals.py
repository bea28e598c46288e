"""What carts refuse through HTTP, by which status, code and field, and that nothing changed."""

import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.utils import timezone

from core.accounts.models import User
from market.carts.models import Cart
from market.carts.tests.asking import CARTS, every_write, items_url, problem, rows
from market.carts.tests.factories import make_cart, make_full_cart, make_offer
from market.shipping.models import ShippingMethod

pytestmark = pytest.mark.django_db

TOO_MANY = settings.MAX_CART_QUANTITY + 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        *[({"variant": 1, "quantity": q}, "quantity") for q in (0, -1, 1.5, 1e9, "1", None, True, [], {}, 2**63)],
        ({"variant": 1, "quantity": 10**30}, "quantity"),
        ({"variant": 1}, "quantity"),
        ({"quantity": 1}, "variant"),
        *[({"variant": v, "quantity": 1}, "variant") for v in (0, -1, 1.0, "1", None, False, 2**63, 987654321)],
        ("inactive", "variant"),
        ("draft", "variant"),
        ("too many", "quantity"),
        ("too many in sum", "quantity"),
    ],
)
def test_bad_additions_name_the_field_and_change_nothing(api_client, body, field):
    variant = make_offer(available=TOO_MANY)
    cart = make_cart(units={variant: 1})
    named = {
        "inactive": lambda: {"variant": make_offer(is_active=False).pk, "quantity": 1},
        "draft": lambda: {"variant": make_offer(status="draft").pk, "quantity": 1},
        "too many": lambda: {"variant": variant.pk, "quantity": TOO_MANY},
        "too many in sum": lambda: {"variant": variant.pk, "quantity": TOO_MANY - 1},
    }
    body = named[body]() if isinstance(body, str) else {**body}
    if body.get("variant") == 1 and field == "quantity":
        body["variant"] = variant.pk
    before = rows(cart)

    assert problem(api_client.post(items_url(cart), body)) == (400, "invalid", [field])
    assert rows(cart) == before


@pytest.mark.parametrize("quantity", [0, -1, 1.5, 1e9, "1", None, True, 2**63, TOO_MANY])
def test_bad_quantities_are_refused_wherever_they_are_sent(api_client, quantity):
    variant = make_offer(available=TOO_MANY)
    cart = make_cart(units={variant: 1})
    lines = {"items": [{"variant": make_offer().pk, "quantity": 1}, {"variant": variant.pk, "quantity": quantity}]}
    before = rows(cart)

    set_one = api_client.patch(items_url(cart, cart.items.get().pk), {"quantity": quantity})
    replace = api_client.put(items_url(cart), lines)
    create = api_client.post(CARTS, lines)

    assert problem(set_one) == (400, "invalid", ["quantity"])
    assert problem(replace) == problem(create) == (400, "invalid", ["items.1.quantity"])
    assert rows(cart) == before
    assert Cart.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["items"]),
        ({"items": None}, ["items"]),
        ({"items": {}}, ["items"]),
        ({"items": [1]}, ["items.0"]),
        ({"items": [{}]}, ["items.0.variant", "items.0.quantity"]),
        ({"items": [{"variant": 0, "quantity": 0}] * 10_000}, None),
        ({"items": [{"variant": 987654321, "quantity": 1}]}, ["items.0.variant"]),
        ({"items": [{"variant": "own", "quantity": 1}, {"variant": "own", "quantity": 1}]}, ["items.1.variant"]),
        ({"items": [{"variant": n, "quantity": 1} for n in range(1, 10_000)]}, ["items"]),
        ([], []),
    ],
)
def test_bad_replacements_name_the_fields_and_change_nothing(api_client, body, fields):
    variant = make_offer()
    cart = make_cart(units={variant: 1})
    for line in body["items"] if body and isinstance(body.get("items"), list) else []:
        if isinstance(line, dict) and line.get("variant") == "own":
            line["variant"] = variant.pk
    before = rows(cart)

    status, code, named = problem(api_client.put(items_url(cart), body))

    assert (status, code) == (400, "invalid")
    assert len(named) <= 22 if fields is None else named == fields
    assert rows(cart) == before


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"postal_code": "E1"}, "country"),
        ({"country": "", "postal_code": "E1"}, "country"),
        ({"country": "g&", "postal_code": "E1"}, "country"),
        ({"country": "XX", "postal_code": "E1"}, "country"),
        ({"country": "GBR", "postal_code": "E1"}, "country"),
        ({"country": 7, "postal_code": "E1"}, "country"),
        ({"country": "GB"}, "postal_code"),
        ({"country": "GB", "postal_code": "  "}, "postal_code"),
        ({"country": "GB", "postal_code": "1" * 21}, "postal_code"),
        ({"country": "GB", "postal_code": ["E1"]}, "postal_code"),
        ({"country": "GB", "postal_code": "E1", "region": "x" * 101}, "region"),
        ({"country": "GB", "postal_code": "E1", "shipping_method": "teleport"}, "shipping_method"),
        ({"country": "GB", "postal_code": "E1", "shipping_method": "pickup"}, "shipping_method"),
    ],
)
def test_bad_destinations_name_the_field_and_change_nothing(api_client, body, field):
    ShippingMethod.objects.create(code="pickup", label="Pickup", price=0, delivery_days=1, is_active=False)
    cart = make_cart()
    before = rows(cart)

    assert problem(api_client.put(f"{CARTS}{cart.pk}/delivery/", body)) == (400, "invalid", [field])
    assert rows(cart) == before


@pytest.mark.parametrize(
    "raw", [b'{"quantity": NaN}', b"{", b'{"quantity": "\\u0000"}', b'{"quantity": "\\ud800"}', b"[" * 500]
)
def test_malformed_bodies_are_refused(api_client, raw):
    cart = make_cart(units={make_offer(): 1})
    before = rows(cart)

    response = api_client.generic("PATCH", items_url(cart, cart.items.get().pk), raw, content_type="application/json")

    assert response.status_code == 400
    assert rows(cart) == before


def test_protected_fields_are_ignored(api_client):
    variant = make_offer(price=Decimal("10.00"))
    owner = User.objects.create_user("ada@example.com", "correct horse battery").customer
    extra = {"price": "0.01", "unit_price": "0.01", "customer": owner.pk, "order_number": "X", "version": 99}

    made = api_client.post(CARTS, {**extra, "items": [{"variant": variant.pk, "quantity": 1, **extra}]}).json()
    cart = Cart.objects.get(pk=made["id"])
    api_client.put(f"{CARTS}{cart.pk}/delivery/", {"country": "GB", "postal_code": "E1", **extra})
    api_client.patch(items_url(cart, made["items"][0]["id"]), {"quantity": 1, **extra})

    cart.refresh_from_db()
    assert (cart.customer_id, cart.order_number, cart.version) == (None, None, 2)
    assert cart.items.get().unit_price == Decimal("10.00")


@pytest.mark.parametrize(("units", "quantity"), [(0, 6), (3, 3)])
def test_more_than_available_is_refused_with_what_there_is(api_client, units, quantity):
    variant = make_offer(available=5)
    cart = make_cart(units={variant: units} if units else {})
    before = rows(cart)

    response = api_client.post(items_url(cart), {"variant": variant.pk, "quantity": quantity})

    assert problem(response) == (409, "insufficient_stock", ["quantity"])
    short = {"variant": variant.pk, "sku": variant.sku, "requested": 6, "available": 5}
    assert response.json()["short"] == [short]
    assert rows(cart) == before


def test_every_short_line_is_named(api_client):
    plenty, short, sold_out = make_offer(), make_offer(available=2), make_offer(available=0)
    cart = make_cart(units={short: 1})
    lines = {"items": [{"variant": variant.pk, "quantity": 3} for variant in (short, plenty, sold_out)]}
    before = rows(cart)

    replace, create = api_client.put(items_url(cart), lines), api_client.post(CARTS, lines)
    set_one = api_client.patch(items_url(cart, cart.items.get().pk), {"quantity": 3})

    fields = ["items.0.quantity", "items.2.quantity"]
    assert problem(replace) == problem(create) == (409, "insufficient_stock", fields)
    assert [(s["variant"], s["available"]) for s in replace.json()["short"]] == [(short.pk, 2), (sold_out.pk, 0)]
    assert problem(set_one) == (409, "insufficient_stock", ["quantity"])
    assert rows(cart) == before
    assert Cart.objects.count() == 1


def test_a_line_that_is_no_longer_for_sale_cannot_be_set_but_removed(api_client):
    cart = make_cart(units={make_offer(is_active=False): 3})
    item_id = cart.items.get().pk
    before = rows(cart)

    refused = api_client.patch(items_url(cart, item_id), {"quantity": 1})

    assert problem(refused) == (409, "not_for_sale", [])
    assert rows(cart) == before
    assert api_client.delete(items_url(cart, item_id)).status_code == 204


def test_a_cart_has_a_limited_number_of_lines(api_client, settings):
    settings.MAX_CART_LINES = 2
    cart = make_full_cart(lines=2)
    kept = cart.items.first().variant_id
    before = rows(cart)

    refused = api_client.post(items_url(cart), {"variant": make_offer().pk, "quantity": 1})
    too_long = api_client.put(items_url(cart), {"items": [{"variant": kept, "quantity": 1}] * 3})

    assert problem(refused) == (400, "invalid", ["variant"])
    assert problem(too_long) == (400, "invalid", ["items"])
    assert rows(cart) == before
    assert api_client.post(items_url(cart), {"variant": kept, "quantity": 1}).status_code == 201


def test_an_ordered_cart_tells_its_order_and_refuses_writes(api_client):
    variant = make_offer()
    cart = make_cart(units={variant: 1}, order_number="S7K4-92QF-M3")
    Cart.objects.filter(pk=cart.pk).update(expires_at=timezone.now() - timedelta(days=1))
    before = rows(cart)

    answers = every_write(api_client, cart, variant)

    assert [problem(answer)[:2] for answer in answers] == [(409, "cart_ordered")] * 6
    assert {answer.json()["order"] for answer in answers} == {"S7K4-92QF-M3"}
    assert rows(cart) == before
    read = api_client.get(f"{CARTS}{cart.pk}/")
    assert (read.status_code, read.json()["order"]) == (200, "S7K4-92QF-M3")


@pytest.mark.parametrize("kind", ["absent", "expired", "claimed by another", "claimed, asked by nobody"])
def test_a_cart_that_is_not_yours_is_not_there(api_client, client_of, kind):
    owner, other = (User.objects.create_user(f"{name}@example.com", "correct horse") for name in ("ada", "bob"))
    variant = make_offer()
    options = {"customer": owner.customer} if "claimed" in kind else {}
    if kind == "expired":
        options = {"expires_at": timezone.now() - timedelta(seconds=1)}
    cart = make_cart(units={variant: 1}, **options)
    client = client_of(other) if kind == "claimed by another" else api_client
    before = rows(cart)
    asked = Cart(pk=uuid.uuid4()) if kind == "absent" else cart
    item_id, line = cart.items.get().pk, {"variant": variant.pk, "quantity": 1}

    answers = [
        client.get(f"{CARTS}{asked.pk}/"),
        client.get(f"{CARTS}{asked.pk}/shipping-methods/", {"country": "GB"}),
        client.post(items_url(asked), line),
        client.put(items_url(asked), {"items": [line]}),
        client.patch(items_url(asked, item_id), {"quantity": 1}),
        client.put(f"{CARTS}{asked.pk}/delivery/", {"country": "GB", "postal_code": "E1"}),
        client.delete(items_url(asked, item_id)),
        client.delete(f"{CARTS}{asked.pk}/"),
    ]

    assert [problem(answer) for answer in answers] == [(404, "cart_not_found", [])] * 8
    assert rows(cart) == before


@pytest.mark.parametrize("item_id", [0, 987654321, 2**63, 10**30])
def test_a_line_that_is_not_there(api_client, item_id):
    cart = make_cart(units={make_offer(): 1})

    answers = [
        api_client.patch(items_url(cart, item_id), {"quantity": 1}),
        api_client.delete(items_url(cart, item_id)),
    ]

    assert [problem(answer) for answer in answers] == [(404, "cart_item_not_found", [])] * 2


@pytest.mark.parametrize("path", ["x", "123", "6f0e2b9c-0000-4000-8000-00000000000"])
def test_what_is_no_uuid_is_no_cart(api_client, path):
    response = api_client.get(f"{CARTS}{path}/")

    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"
