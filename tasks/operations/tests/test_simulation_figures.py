"""What is told of the orders that were simulated."""

from decimal import Decimal

import pytest

from market.carts.tests.factories import make_cart, make_offer
from market.orders.tests.factories import make_order
from market.pricing.selectors.simulations import simulation_result
from market.pricing.tests.factories import make_promotion
from tasks.operations.tests.simulating import make_orders, simulation_of

pytestmark = pytest.mark.django_db


def test_gifts_margins_and_free_goods_are_told():
    spoon = make_offer(price="3.00", cost="2.00", available=0)
    pan = make_offer(price="10.00", cost="4.00", available=100)
    make_orders(1)
    pans = make_order(cart=make_cart(units={pan: 2}))
    gift = make_promotion("Spoon", status="draft", kind="gift", gift_variant=spoon.pk, get_quantity=1)
    result = simulation_result(simulation_of(gift))
    untaxed = Decimal("20.00") - pans.tax_total + pans.shipping_tax_total
    assert (result.cost, result.totals["given_sum"]) == (0, 6)
    # Of the first order no cost is known but that of the spoon: it is in no sum.
    assert (result.totals["margin_before_sum"], result.totals["margin_after_sum"]) == (untaxed - 8, untaxed - 10)
    assert (result.totals["margin_orders"], result.totals["below_cost_after"], result.below_cost) == (1, 0, [])

    free = make_promotion("Free", status="draft", value="100")
    result = simulation_result(simulation_of(free))
    assert (result.totals["free_goods"], result.totals["too_cheap"], len(result.warned)) == (2, 2, 2)
    half = simulation_result(simulation_of(make_promotion(status="draft", value="40"), warn_percent=60))
    assert (half.totals["free_goods"], half.totals["too_cheap"], half.totals["below_cost_after"]) == (0, 0, 0)
    half = simulation_result(simulation_of(make_promotion(status="draft", value="41"), warn_percent=60))
    assert (half.totals["too_cheap"], half.totals["free_altogether"]) == (2, 0)


def test_what_a_gift_costs_tells_nothing_of_goods_whose_cost_is_not_known():
    spoon = make_offer(price="3.00", cost="2.00", available=100)
    gift = make_promotion("Spoon", kind="gift", gift_variant=spoon.pk, get_quantity=1)
    offer = make_offer(price="10.00", available=100)
    make_order(cart=make_cart(units={offer: 1}))
    told = simulation_result(simulation_of(gift, rules='{"kind": "percentage", "value": "10"}'))
    assert (told.totals["changed"], told.totals["margin_orders"], told.totals["below_cost_before"]) == (1, 0, 0)
    make_order(cart=make_cart(units={spoon: 1}))
    told = simulation_result(simulation_of(gift, orders=1, rules='{"kind": "percentage", "value": "100"}'))
    assert (told.totals["margin_orders"], told.totals["below_cost_before"], told.totals["below_cost_after"]) == (
        1,
        1,
        1,
    )
    assert (told.totals["margin_before_sum"], told.totals["margin_after_sum"]) == (Decimal("-1.50"), -2)


def test_lists_that_are_cut_leave_no_refusal_out_and_keep_what_is_tried(monkeypatch):
    for number in range(3):
        make_promotion(f"Other {number}", value="1")
    make_promotion("Alone", value="20", min_subtotal="50.00", stackable=False)
    make_promotion("Alone too", value="30", min_subtotal="90.00", stackable=False)
    make_orders(1, 1, 5, 9)
    monkeypatch.setattr("market.pricing.selectors.simulations.MOST_PROMOTIONS", 1)
    draft = make_promotion("Tried", status="draft", value="2", min_quantity=2, stackable=False)
    told = simulation_result(simulation_of(draft))
    assert [(row.code, row.orders) for row in told.refusals] == [("min_quantity", 2), ("not_combinable", 2)]
    assert len(told.conflicts) == 1
    rare = '{"kind": "percentage", "value": "60", "min_subtotal": "90.00"}'
    told = simulation_result(simulation_of(draft, rules=rare))
    assert [row.label for row in told.promotions] == ["Tried"]
