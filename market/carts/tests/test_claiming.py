"""A cart is claimed by whoever signs in, and takes up the cart that he had."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.db.models import F
from django.utils import timezone

from market.carts.models import Cart, CartItem
from market.carts.rules import MergeStrategy
from market.carts.tests.asking import CARTS, every_write, items_url, problem
from market.carts.tests.factories import make_cart, make_offer
from market.catalog.models import Variant
from market.orders.tests.factories import checkout_body, make_buyer

pytestmark = pytest.mark.django_db
CURRENT = f"{CARTS}current/"


def claim_url(cart: Cart) -> str:
    return f"{CARTS}{cart.pk}/claim/"


def units(document: dict) -> dict[int, int]:
    return {item["variant"]["id"]: item["quantity"] for item in document["items"]}


def test_a_claimed_cart_takes_up_the_saved_one_and_answers_to_its_customer_alone(api_client, client_of):
    ada = make_buyer()
    both, saved_only, claimed_only = make_offer(), make_offer(), make_offer()
    saved = make_cart(units={both: 3, saved_only: 1}, customer=ada.customer, country="GB", postal_code="E1")
    cart = make_cart(units={both: 2, claimed_only: 4}, expires_at=timezone.now() + timedelta(minutes=1))
    Variant.objects.filter(pk=saved_only.pk).update(price="12.00")
    kept_lines = set(CartItem.objects.values_list("pk", flat=True))

    answer = client_of(ada).post(claim_url(cart))
    again = client_of(ada).post(claim_url(cart))

    assert answer.status_code == again.status_code == 200
    assert units(answer.json()) == units(again.json()) == {both.pk: 5, claimed_only.pk: 4, saved_only.pk: 1}
    assert (answer.json()["conflicts"], answer.json()["delivery"]["postal_code"]) == ([], "E1")
    changed = [item["variant"]["id"] for item in answer.json()["items"] if item["price_changed"]]
    assert changed == [saved_only.pk]
    assert {item["id"] for item in answer.json()["items"]} < kept_lines
    assert client_of(ada).get(CURRENT).json()["id"] == str(cart.pk)
    assert not Cart.objects.filter(pk=saved.pk).exists()
    row = Cart.objects.get()
    assert (row.customer_id, row.version) == (ada.customer.pk, 1)
    assert row.expires_at > timezone.now() + settings.CART_LIFETIME - timedelta(minutes=1)
    for stranger in (api_client, client_of(make_buyer())):
        assert stranger.get(f"{CARTS}{cart.pk}/").status_code == 404
        for write in every_write(stranger, make_one_line(cart), both):
            assert write.status_code == 404
    assert client_of(make_buyer()).post(claim_url(cart)).status_code == 404


def make_one_line(cart: Cart) -> Cart:
    """The cart with its first line alone."""
    CartItem.objects.filter(cart=cart).exclude(pk=cart.items.order_by("pk").first().pk).delete()
    return cart


@pytest.mark.parametrize(
    ("strategy", "quantity", "conflicts"),
    [("sum", 5, 0), ("newest", 3, 0), ("larger", 3, 0), ("keep_both", 2, 1)],
)
def test_the_setting_says_what_becomes_of_a_line_in_both_carts(client_of, settings, strategy, quantity, conflicts):
    settings.CART_MERGE_STRATEGY = strategy
    ada, variant = make_buyer(), make_offer()
    make_cart(units={variant: 3}, customer=ada.customer)
    cart = make_cart(units={variant: 2})
    CartItem.objects.filter(cart=cart).update(updated_at=F("updated_at") - timedelta(hours=1))

    answer = client_of(ada).post(claim_url(cart)).json()

    assert units(answer) == {variant.pk: quantity}
    assert (
        answer["conflicts"] == [{"variant": variant.pk, "quantity": 2, "wanted": 3, "code": "both_carts"}] * conflicts
    )
    assert {member.value for member in MergeStrategy} == {"sum", "newest", "larger", "keep_both"}


def test_merging_stops_at_stock_and_at_the_limits(client_of, settings):
    settings.MAX_CART_QUANTITY, settings.MAX_CART_LINES = 8, 3
    ada = make_buyer()
    scarce, many, gone, extra = make_offer(available=6), make_offer(), make_offer(), make_offer()
    make_cart(units={scarce: 4, many: 5, gone: 1, extra: 1}, customer=ada.customer)
    cart = make_cart(units={scarce: 4, many: 5})
    Variant.objects.filter(pk=gone.pk).update(is_active=False)

    answer = client_of(ada).post(claim_url(cart)).json()

    assert units(answer) == {scarce.pk: 6, many.pk: 8, gone.pk: 1}
    assert [(told["variant"], told["quantity"], told["wanted"], told["code"]) for told in answer["conflicts"]] == [
        (scarce.pk, 6, 8, "insufficient_stock"),
        (many.pk, 8, 10, "too_many_units"),
        (extra.pk, 0, 1, "too_many_lines"),
    ]
    available = {item["variant"]["id"]: item["available"] for item in answer["items"]}
    assert available == {scarce.pk: 6, many.pk: 100, gone.pk: 0}


def test_an_expired_cart_is_not_merged_and_an_ordered_one_not_claimed(client_of):
    ada, variant = make_buyer(), make_offer()
    past = timezone.now() - timedelta(minutes=1)
    make_cart(units={variant: 3}, customer=ada.customer, expires_at=past)
    expired, ordered, cart = make_cart(expires_at=past), make_cart(order_number="ORDER-1"), make_cart()
    make_cart(customer=ada.customer, order_number="ORDER-2")
    asks = client_of(ada)

    assert asks.get(CURRENT).status_code == 404
    assert problem(asks.post(claim_url(ordered))) == (409, "cart_ordered", [])
    assert asks.post(claim_url(expired)).status_code == 404
    assert asks.post(f"{CARTS}00000000-0000-4000-8000-000000000000/claim/").status_code == 404
    assert asks.post(claim_url(cart)).json()["items"] == []


def test_whoever_is_not_signed_in_claims_nothing(api_client):
    cart = make_cart()

    assert api_client.post(claim_url(cart)).status_code == api_client.get(CURRENT).status_code == 401
    assert Cart.objects.get().customer is None


def test_a_customer_orders_his_cart_and_then_claims_another(client_of):
    ada, variant = make_buyer(), make_offer()
    cart, later = make_cart(units={variant: 1}), make_cart(units={variant: 2})
    asks = client_of(ada)
    asks.post(claim_url(cart))

    ordered = asks.post("/api/v1/orders/", checkout_body(cart, email=None), format="json")

    assert ordered.status_code == 201
    assert asks.get(CURRENT).status_code == 404
    assert problem(asks.post(claim_url(cart))) == (409, "cart_ordered", [])
    assert units(asks.post(claim_url(later)).json()) == {variant.pk: 2}


@pytest.mark.parametrize("lines", [1, 20, 100])
def test_claiming_costs_the_same_however_many_lines(client_of, count_statements, lines):
    ada = make_buyer()
    offers = [make_offer() for _ in range(lines)]
    make_cart(units=dict.fromkeys(offers[: lines // 2 + 1], 1), customer=ada.customer)
    cart = make_cart(units=dict.fromkeys(offers, 1))
    asks = client_of(ada)

    with count_statements() as claiming:
        assert asks.post(claim_url(cart)).status_code == 200
    with count_statements() as reading:
        assert len(asks.get(CURRENT).json()["items"]) == lines
    with count_statements() as adding:
        asks.post(items_url(cart), {"variant": offers[0].pk, "quantity": 1})

    # Customer, carts, lines, stock, lines written; cart of before found, emptied, deleted; cart bound and read.
    assert (len(claiming), len(reading), len(adding)) == (10, 2, 2), claiming
