"""Many buyers for a few uses: exactly as many get them as there are, by every kind of limit.

`CODE_GUESSES=1000` guesses so many codes at once.
"""

import os
from collections import Counter
from decimal import Decimal
from functools import partial
from itertools import product

import pytest

from market.carts.models import Cart
from market.carts.tests.factories import make_cart
from market.orders.models import Order
from market.pricing.models import Coupon, FirstOrder, PromotionTally, PromotionUse
from market.pricing.tests.factories import make_coupon, make_promotion
from tests.parallel import in_parallel
from tests.races.buying import assert_invariants, make_stocked, place, place_all
from tests.running import RunningShop

pytestmark = [pytest.mark.system, pytest.mark.django_db(transaction=True)]
BUYERS = (50, 200)
COUPON_LIMIT = 20
GUESSES = int(os.environ.get("CODE_GUESSES", "200"))


def carts(running: RunningShop, *codes: str, buyers: int = BUYERS[0]) -> list[Cart]:
    with running.orm():
        variant = make_stocked(units=1000)
        return [make_cart(units={variant: 1}, coupons=list(codes)) for _ in range(buyers)]


def know_the_buyer() -> None:
    """She has ordered before: orders of somebody new wait for each other by that alone."""
    FirstOrder.objects.create(identity="ann@shop.example", order_number="BEFORE")


def given(answers) -> list[bool]:
    """Who got a discount, of those who got an order."""
    assert {answer.status_code for answer in answers} <= {201, 409}
    return [bool(answer.json()["discounts"]) for answer in answers if answer.status_code == 201]


@pytest.mark.parametrize("buyers", BUYERS)
def test_one_use_is_left(shop, buyers):
    make_promotion("Last one", usage_limit=1)
    answers = place_all(shop, carts(shop, buyers=buyers))
    assert sum(given(answers)) == 1
    assert PromotionTally.objects.get().uses == PromotionUse.objects.count() == 1
    assert {answer.status_code for answer in answers} == {201}  # the others pay what it costs without
    assert_invariants(shop, answers)


@pytest.mark.parametrize("buyers", BUYERS)
def test_a_code_for_one_is_used_by_one(shop, buyers):
    make_coupon("ONCE", usage_limit=1)
    answers = place_all(shop, carts(shop, "ONCE", buyers=buyers))
    assert sum(given(answers)) == Coupon.objects.get().uses == PromotionUse.objects.count() == 1
    assert_invariants(shop, answers)


@pytest.mark.parametrize("buyers", BUYERS)
def test_a_budget_is_not_overdrawn(shop, buyers):
    make_promotion(budget="2.50")  # 0.50 off each cart of 5.00
    answers = place_all(shop, carts(shop, buyers=buyers))
    assert sum(given(answers)) == 5
    assert PromotionTally.objects.values_list("uses", "amount").get() == (5, Decimal("2.50"))
    assert_invariants(shop, answers)


@pytest.mark.parametrize(
    ("buyers", "limit"),
    [*product(BUYERS, [{"usage_limit_per_customer": 1}]), (BUYERS[0], {"first_order_only": True})],
)
def test_one_buyer_gets_it_once(shop, buyers, limit):
    make_promotion(**limit)
    if "usage_limit_per_customer" in limit:
        know_the_buyer()
    orders = [partial(place, shop.client(), cart, email="ann@shop.example") for cart in carts(shop, buyers=buyers)]
    answers = in_parallel(orders)
    assert sum(given(answers)) == PromotionUse.objects.count() == 1
    assert_invariants(shop, answers)


def test_twin_without_the_locks_gives_more_than_there_are(twin):
    running = twin(guards=["promotion_limits"], dropped_constraints=[("pricing_coupon", "coupon_uses_lte_limit")])
    with running.orm():
        make_coupon("ONCE", usage_limit=1)
        make_promotion("Last one", usage_limit=1)
        make_promotion("Rich", budget="1.00")
        make_promotion("Each once", usage_limit_per_customer=1)
        know_the_buyer()
    filled = carts(running, "ONCE")
    in_parallel([partial(place, running.client(), cart, email="ann@shop.example") for cart in filled])
    with running.orm():
        uses = Counter(PromotionUse.objects.values_list("promotion__label", flat=True))
        assert Order.objects.exists()
    assert len(uses) == 4
    assert min(uses.values()) > 1, uses


def test_guessing_codes_is_throttled_exactly(twin):
    running = twin(guards=[], environment={"THROTTLE_COUPON": f"{COUPON_LIMIT}/hour"})
    [cart] = carts(running, buyers=1)
    guesses = [
        partial(running.client().post, f"/api/v1/carts/{cart.pk}/coupons/", json={"code": f"GUESS{number}"})
        for number in range(GUESSES)
    ]
    statuses = [answer.status_code for answer in in_parallel(guesses)]
    # Where so many at once are too many for the machine, some wait too long and are told so.
    passed, overdue = statuses.count(409), statuses.count(503)
    assert statuses.count(429) == GUESSES - passed - overdue
    assert COUPON_LIMIT - overdue <= passed <= COUPON_LIMIT
