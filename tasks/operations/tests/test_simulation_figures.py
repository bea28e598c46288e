"""What is told of the orders that were simulated."""

from collections import Counter
from decimal import Decimal

import pytest

from market.carts.tests.factories import make_cart, make_offer
from market.orders.models import Order
from market.orders.selectors import simulated_uses
from market.orders.tests.factories import make_buyer, make_order
from market.pricing.models import SimulatedUse
from market.pricing.rules import identity_of
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


def test_uses_by_buyer_are_those_that_python_counts():
    buyer, other = make_buyer(), make_buyer()
    every = make_promotion("Every", usage_limit_per_customer=9)
    make_orders(1, 1, 1, buyer=buyer)
    make_orders(1, buyer=other)
    make_orders(1, 1)
    make_orders(1, email="Guest@shop.example")
    tried = make_promotion(status="draft", min_subtotal="20.00", usage_limit_per_customer=9)
    run_id = simulation_of(tried).pk
    orders = Order.objects.values_list("number", "customer_id", "email")
    identities = {number: identity_of(customer_id=customer_id, email=email) for number, customer_id, email in orders}
    expected = Counter(
        (identities[number], promotion)
        for number, promotion in SimulatedUse.objects.filter(run=run_id).values_list("order__number", "promotion")
    )
    asked = {"run_id": run_id, "promotions": [every.pk, tried.pk], "identities": {*identities.values(), "erased:1"}}
    found = Counter()
    for who, promotion, before, after in simulated_uses(**asked):
        assert before == after
        found[who, promotion] += after
    assert found == expected != Counter()
    assert found["guest@shop.example", every.pk] == 3
    # A row per buyer and promotion, however many orders.
    assert len(simulated_uses(**asked | {"identities": [f"customer:{buyer.customer.pk}"]})) == 1
