"""Many buyers, few units: nothing is oversold and nobody waits for ever."""

import random

import pytest

from market.carts.models import Cart
from market.carts.tests.factories import make_cart
from market.inventory.models import Reservation, StockItem
from market.orders.models import Order
from tests.races.buying import assert_invariants, make_stocked, outcomes, place_all
from tests.running import RunningShop

pytestmark = [pytest.mark.system, pytest.mark.django_db(transaction=True)]
BUYERS = 200


def carts_for_ten_units(running: RunningShop) -> list[Cart]:
    with running.orm():
        variant = make_stocked(units=10)
        return [make_cart(units={variant: 1}) for _ in range(BUYERS)]


def carts_of_three_lines(running: RunningShop, *, buyers: int, products: int) -> list[Cart]:
    """Each cart's lines in a random order, as buyers fill them."""
    dice = random.Random(1)
    with running.orm():
        variants = [make_stocked(units=1000) for _ in range(products)]
        return [make_cart(units=dict.fromkeys(dice.sample(variants, 3), 1)) for _ in range(buyers)]


def test_two_hundred_buyers_for_ten_units(shop):
    carts = carts_for_ten_units(shop)
    answers = place_all(shop, carts)
    assert outcomes(answers) == {201: 10, (409, "insufficient_stock"): 190}
    stock = StockItem.objects.get()
    assert (stock.on_hand, stock.reserved, Reservation.objects.count(), Order.objects.count()) == (10, 10, 10, 10)
    assert Cart.objects.filter(order_number__isnull=False).count() == 10
    assert_invariants(shop, answers)


def test_twin_without_the_condition_oversells(twin):
    running = twin(
        guards=["stock_condition"], dropped_constraints=[("inventory_stockitem", "stock_reserved_lte_on_hand")]
    )
    answers = place_all(running, carts_for_ten_units(running))
    assert outcomes(answers)[201] > 10
    assert "violated 1 stock" in running.violations()


def test_three_lines_each_out_of_ten_products_without_deadlock(shop):
    carts = carts_of_three_lines(shop, buyers=BUYERS, products=10)
    answers = place_all(shop, carts)
    assert outcomes(answers) == {201: BUYERS}
    assert sum(StockItem.objects.values_list("reserved", flat=True)) == 3 * BUYERS
    assert_invariants(shop, answers)


def test_twin_without_the_lock_order_deadlocks(twin):
    running = twin(guards=["stock_lock_order", "conflict_retries"])
    # Each deadlock makes its victims wait a second before PostgreSQL ends it, so fewer buyers do.
    answers = place_all(running, carts_of_three_lines(running, buyers=32, products=4))
    assert outcomes(answers)[503, "unavailable"] > 0
    assert '"error":"DeadlockDetected"' in running.log("web")
