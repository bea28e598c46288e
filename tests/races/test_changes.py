"""Prices and stock that change between looking and ordering: the buyer pays what he expected, or is told."""

from decimal import Decimal
from functools import partial

import pytest
import requests
from django.db.models import Sum

from core.accounts.tokens import issue_tokens
from market.carts.models import Cart
from market.carts.tests.factories import make_cart
from market.catalog.models import Variant
from market.inventory.models import StockItem, StockMovement
from market.orders.models import Order
from market.orders.tests.factories import make_staff
from tests.parallel import in_parallel
from tests.races.buying import assert_invariants, make_stocked, outcomes, place
from tests.running import Client, RunningShop

pytestmark = [pytest.mark.system, pytest.mark.django_db(transaction=True)]

# Of one unit at 5.00 or 6.00, sent by the standard method.
OLD, NEW = "9.95", "10.95"


def staff_of(shop: RunningShop) -> Client:
    return shop.client(issue_tokens(user=make_staff()).access)


def set_price(staff: Client, variant: Variant, price: str) -> requests.Response:
    path = f"/api/v1/products/{variant.product_id}/variants/{variant.pk}/"
    return staff.patch(path, json={"price": price})


def move(staff: Client, variant: Variant, quantity: int) -> requests.Response:
    """Staff book units that came, or went."""
    return staff.post(f"/api/v1/stock/{variant.pk}/movements/", json={"quantity": quantity, "reason": "counted"})


def looked_at(client: Client, cart: Cart) -> str:
    """The total that the buyer sees before he orders."""
    body = {"country": "GB", "postal_code": "N1 9GU", "shipping_method": "standard"}
    return client.put(f"/api/v1/carts/{cart.pk}/delivery/", json=body).json()["grand_total"]


def test_a_price_that_changed_after_the_look_is_refused_or_the_new_one(shop):
    variant, buyer = make_stocked(units=10), shop.client()
    expecting, trusting = make_cart(units={variant: 1}), make_cart(units={variant: 1})
    assert looked_at(buyer, expecting) == OLD
    assert set_price(staff_of(shop), variant, "6.00").status_code == 200

    refused = place(buyer, expecting, expected_total=OLD)
    assert (refused.status_code, refused.json()["code"]) == (409, "price_changed")
    quote = refused.json()["quote"]
    assert (quote["grand_total"], Decimal(quote["grand_total"]) - Decimal(OLD)) == (NEW, Decimal("1.00"))
    assert (Order.objects.count(), StockItem.objects.get().reserved) == (0, 0)

    accepted, trusted = place(buyer, expecting, expected_total=NEW), place(buyer, trusting)
    assert [(answer.status_code, answer.json()["grand_total"]) for answer in (accepted, trusted)] == [(201, NEW)] * 2
    assert_invariants(shop, [accepted, trusted])


def test_orders_while_the_price_flips_cost_what_was_expected(shop):
    variant = make_stocked(units=100)
    carts = [make_cart(units={variant: 1}) for _ in range(36)]
    staff = [staff_of(shop) for _ in range(2)]
    expected = [OLD, NEW, None] * 12
    flips = [partial(set_price, staff[n % 2], variant, ("5.00", "6.00")[n % 2]) for n in range(12)]
    orders = [
        partial(place, shop.client(), cart, expected_total=total) for cart, total in zip(carts, expected, strict=True)
    ]
    answers = in_parallel([*flips, *orders])
    flipped, answers = answers[:12], answers[12:]
    assert outcomes(flipped) == {200: 12}
    assert set(outcomes(answers)) <= {201, (409, "price_changed")}
    for answer, total in zip(answers, expected, strict=True):
        if answer.status_code == 201:
            assert answer.json()["grand_total"] in ({total} if total else {OLD, NEW})
        else:
            assert answer.json()["quote"]["grand_total"] == {OLD: NEW, NEW: OLD}[total]
    placed = outcomes(answers)[201]
    assert placed >= 12  # at least those that expected nothing
    assert (Order.objects.count(), StockItem.objects.get().reserved) == (placed, placed)
    assert_invariants(shop, answers)


def test_orders_while_stock_is_taken_away_never_pass_what_is_there(shop):
    variant = make_stocked(units=30)
    carts = [make_cart(units={variant: 1}) for _ in range(30)]
    staff = [staff_of(shop) for _ in range(2)]
    moves = [partial(move, staff[n % 2], variant, -4) for n in range(8)]
    answers = in_parallel([*moves, *[partial(place, shop.client(), cart) for cart in carts]])
    moved, answers = answers[:8], answers[8:]
    assert set(outcomes(moved)) <= {201, (409, "stock_below_reserved")}
    assert set(outcomes(answers)) <= {201, (409, "insufficient_stock")}
    stock = StockItem.objects.get()
    assert stock.on_hand == 30 - 4 * outcomes(moved)[201]
    assert stock.reserved == outcomes(answers)[201] <= stock.on_hand
    # Whoever was refused, was refused because too little was there, and nobody waits any more.
    assert outcomes(answers)[201] == 30 or stock.available == 0
    assert StockMovement.objects.aggregate(sum=Sum("quantity"))["sum"] == stock.on_hand
    late = place(shop.client(), make_cart(units={variant: stock.available + 1}))
    assert (late.status_code, late.json()["code"]) == (409, "insufficient_stock")
    assert [line["available"] for line in late.json()["short"]] == [stock.available]
    assert_invariants(shop, answers)
