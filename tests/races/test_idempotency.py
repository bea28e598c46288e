"""A client that repeats itself gets one order: in parallel, after a cut connection, after a killed server."""

from functools import partial
from operator import attrgetter

import pytest
import requests

from core.accounts.models import User
from core.accounts.tokens import issue_tokens
from core.outbox.models import Event
from market.carts.models import Cart
from market.carts.tests.factories import make_cart
from market.inventory.models import Reservation, StockItem
from market.orders.models import Order
from market.orders.tests.factories import make_buyer
from market.payments.models import Payment
from tests.parallel import in_parallel
from tests.races.buying import IN_PROGRESS, assert_invariants, make_stocked, outcomes, place, retried
from tests.running import RunningShop, wait_for

pytestmark = [pytest.mark.system, pytest.mark.django_db(transaction=True)]
BEFORE_COMMIT = ["claimed", "reserved", "written", "paid", "published"]


def carts_of(running: RunningShop, count: int) -> list[Cart]:
    with running.orm():
        variant = make_stocked(units=1000)
        return [make_cart(units={variant: 1}) for _ in range(count)]


def token_of(running: RunningShop) -> tuple[User, str]:
    with running.orm():
        buyer = make_buyer()
        return buyer, issue_tokens(user=buyer).access


def written() -> dict[str, int]:
    """What a checkout leaves behind."""
    return {
        "orders": Order.objects.count(),
        "payments": Payment.objects.count(),
        "reservations": Reservation.objects.count(),
        "reserved": StockItem.objects.get().reserved,
        "events": Event.objects.filter(name="orders.order_placed").count(),
        "claimed": Cart.objects.filter(order_number__isnull=False).count(),
    }


def test_the_same_key_fifty_times_at_once_is_one_order(shop):
    (cart,) = carts_of(shop, 1)
    _, token = token_of(shop)
    calls = [partial(place, shop.client(token), cart, "same") for _ in range(50)]
    answers = in_parallel(calls)
    assert set(outcomes(answers)) <= {201, (409, IN_PROGRESS)}
    assert all(answer.headers["Retry-After"] == "1" for answer in answers if answer.status_code == 409)
    final = [retried(shop, cart, "same", token) for _ in range(50)]
    assert len(set(map(attrgetter("content"), final))) == 1
    assert {answer.json()["number"] for answer in answers if answer.ok} == {final[0].json()["number"]}
    assert written() == dict.fromkeys(written(), 1)
    assert_invariants(shop, [*answers, *final])


def test_a_key_is_for_one_body_and_one_caller(shop):
    mine, other, theirs, unfinished = carts_of(shop, 4)
    _, token = token_of(shop)
    _, another_token = token_of(shop)
    client, another = shop.client(token), shop.client(another_token)
    first = place(client, mine, "key")
    reused = place(client, other, "key")
    independent = place(another, theirs, "key")
    invalid = place(client, unfinished, "second", shipping_method="pigeon")
    corrected = place(client, unfinished, "second")
    assert [first.status_code, independent.status_code, invalid.status_code, corrected.status_code] == [
        201,
        201,
        400,
        201,
    ]
    assert (reused.status_code, reused.json()["code"]) == (409, "idempotency_key_reused")
    assert Order.objects.count() == 3
    assert_invariants(shop, [first, independent, corrected])


def one_key_for_many_carts(running: RunningShop) -> list[requests.Response]:
    carts = carts_of(running, 24)
    _, token = token_of(running)
    return in_parallel([partial(place, running.client(token), cart, "same") for cart in carts])


def test_one_key_for_many_carts_at_once_is_one_order(shop):
    answers = one_key_for_many_carts(shop)
    counts = outcomes(answers)
    assert counts[201] == 1
    assert set(counts) <= {201, (409, IN_PROGRESS), (409, "idempotency_key_reused")}
    assert Order.objects.count() == 1
    assert_invariants(shop, answers)


def test_twin_without_the_key_claim_places_many_orders(twin):
    running = twin(guards=["idempotency_key"], dropped_constraints=[("core_idempotencykey", "idempotency_key_once")])
    assert any(outcomes(one_key_for_many_carts(running))[201] > 1 for _ in range(10))
    assert "violated 2 orders" in running.violations()


def kill_during_checkout(running: RunningShop, cart: Cart, point: str, key: str | None) -> None:
    """Order the cart at a web worker that dies at `point`: the client sees its connection cut.

    A web server that is giving up since the last test's fault (`retried`) takes no orders; it is started again.
    """
    running.plant_fault(f"checkout.{point}")

    def has_struck() -> bool:
        with pytest.raises(requests.ConnectionError):
            place(running.client(), cart, key)
        if running.fault_is_pending() and running.processes["web"].poll() is not None:
            running.start("web")
        return not running.fault_is_pending()

    wait_for(has_struck, what=f"the fault at {point} has struck")


@pytest.mark.parametrize("key", [None, "key"], ids=["without key", "with key"])
@pytest.mark.parametrize("point", [*BEFORE_COMMIT, "committed"])
def test_a_server_killed_at_any_step_leaves_all_or_nothing(shop, point, key):
    (cart,) = carts_of(shop, 1)
    kill_during_checkout(shop, cart, point, key)
    is_committed = point == "committed"
    assert written() == dict.fromkeys(written(), int(is_committed))
    number = Order.objects.get().number if is_committed else None
    answer = retried(shop, cart, key)
    assert answer.status_code == (200 if is_committed and key is None else 201)
    assert number in {None, answer.json()["number"]}
    assert (answer.headers.get("Idempotent-Replayed") == "true") == (is_committed and key is not None)
    assert written() == dict.fromkeys(written(), 1)
    assert_invariants(shop, [answer])


def test_twin_without_the_transaction_leaves_half_an_order(twin):
    running = twin(guards=["checkout_transaction"])
    (cart,) = carts_of(running, 1)
    kill_during_checkout(running, cart, "reserved", None)
    with running.orm():
        half = written()
    assert (half["orders"], half["claimed"], half["reserved"]) == (0, 1, 1)
    answer = retried(running, cart)
    assert (answer.status_code, answer.json()["code"]) == (409, "cart_ordered")
