"""Promotions that are tried over orders of the past."""

from decimal import Decimal

import pytest

from market.carts.tests.factories import make_cart, make_offer
from market.orders.models import Order
from market.orders.tests.factories import make_order
from market.pricing.models import SimulatedOrder
from market.pricing.tests.factories import make_promotion
from tasks.operations.tests.working import run_of

pytestmark = pytest.mark.django_db


def simulated(promotion, **params) -> dict[str, SimulatedOrder]:
    """The orders that a run over all orders wrote, by number."""
    run = run_of("simulate_promotion", promotion=promotion.pk, **params)
    assert (run.state, run.failed, run.last_error) == ("finished", 0, "")
    return {order.number: order for order in run.simulated_orders.all()}


def test_a_draft_is_tried_over_orders_and_none_of_them_changes():
    make_promotion("Everybody")
    offer = make_offer(price="10.00", available=100)
    orders = [make_order(cart=make_cart(units={offer: count})) for count in (1, 5)]
    kept = list(Order.objects.values_list().order_by("pk"))
    draft = make_promotion("Big", status="draft", value="30", min_subtotal="50.00", stackable=False)
    found = simulated(draft)
    small, big = (found[order.number] for order in orders)
    assert (small.outcome, small.total_before, small.total_after) == (
        "min_subtotal",
        small.total_after,
        orders[0].grand_total,
    )
    assert (big.outcome, big.given, big.goods, big.goods_before, big.goods_after) == (
        "applied",
        Decimal("15.00"),
        Decimal("50.00"),
        Decimal("45.00"),
        Decimal("35.00"),
    )
    assert big.total_before == orders[1].grand_total
    assert list(Order.objects.values_list().order_by("pk")) == kept
