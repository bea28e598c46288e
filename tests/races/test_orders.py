"""One cart is at most one order, and one order is canceled or paid once, whoever asks at the same moment."""

from functools import partial

import pytest

from market.carts.models import Cart
from market.carts.tests.factories import make_cart
from market.inventory.models import StockItem
from market.orders import rules
from market.orders.models import Order
from market.orders.tests.factories import make_staff
from market.payments.models import Payment
from tests.parallel import in_parallel
from tests.races.buying import ORDERS, assert_invariants, make_stocked, outcomes, place, retried
from tests.running import RunningShop

pytestmark = [pytest.mark.system, pytest.mark.django_db(transaction=True)]
ROUNDS = 10


def one_cart(running: RunningShop) -> Cart:
    with running.orm():
        return make_cart(units={make_stocked(units=100): 1})


def place_eight_times(running: RunningShop, cart: Cart, keys: list[str | None]):
    return in_parallel([partial(place, running.client(), cart, key) for key in keys])


@pytest.mark.parametrize("keys", [[None] * 8, [f"key-{n}" for n in range(8)]], ids=["without keys", "with 8 keys"])
def test_one_cart_ordered_eight_times_is_one_order(shop, keys):
    answers = place_eight_times(shop, one_cart(shop), keys)
    counts = outcomes(answers)
    assert counts[201] == 1
    assert set(counts) <= {201, 200, (409, "cart_ordered"), (409, "cart_changing")}
    assert {answer.json()["number"] for answer in answers if answer.ok} == {Order.objects.get().number}
    assert StockItem.objects.get().reserved == 1
    assert_invariants(shop, answers)


def test_twin_without_the_claim_orders_a_cart_twice(twin):
    running = twin(guards=["cart_claim"], dropped_constraints=[("orders_order", "orders_order_cart_uuid_key")])
    # Until two of them meet: a busy machine may put them in a row.
    placed = (outcomes(place_eight_times(running, one_cart(running), [None] * 8))[201] for _ in range(ROUNDS))
    assert any(count > 1 for count in placed)
    assert "violated 2 orders" in running.violations()


def test_a_cart_written_to_while_it_is_ordered_loses_nothing(shop):
    cart = one_cart(shop)
    line = {"variant": cart.items.get().variant_id, "quantity": 1}
    adds = [partial(shop.client().post, f"/api/v1/carts/{cart.pk}/items/", json=line) for _ in range(30)]
    answers = in_parallel([*adds, *[partial(place, shop.client(), cart) for _ in range(4)]])
    added, placed = answers[:30], answers[30:]
    final = retried(shop, cart)
    assert set(outcomes(added)) <= {201, (409, "cart_ordered"), (409, "cart_busy")}
    assert set(outcomes(placed)) <= {201, 200, (409, "cart_changing")}
    assert final.json()["items"][0]["quantity"] == 1 + outcomes(added)[201]
    assert_invariants(shop, [*placed, final])


def test_cancel_and_confirm_at_the_same_moment_come_one_after_the_other(shop, client_of):
    staff_token = client_of(make_staff())._credentials["HTTP_AUTHORIZATION"].removeprefix("Bearer ")
    placed = [place(shop.client(), one_cart(shop)) for _ in range(5)]
    for answer in placed:
        order = answer.json()
        opened = {"X-Order-Token": order["access_token"]}
        cancel = partial(shop.client().post, f"{ORDERS}{order['number']}/cancel/", json={}, headers=opened)
        payment = Payment.objects.get(order__number=order["number"])
        confirm = partial(shop.client(staff_token).post, f"/api/v1/payments/{payment.pk}/confirm/")
        answers = in_parallel([cancel, confirm] * 4)
        assert {answer.status_code for answer in answers} <= {200, 409}
        assert rules.is_path(list(Order.objects.get(number=order["number"]).events.values_list("status", flat=True)))
    assert set(Order.objects.values_list("status", flat=True)) == {"canceled"}
    assert sum(StockItem.objects.values_list("reserved", flat=True)) == 0
    assert_invariants(shop, placed)
