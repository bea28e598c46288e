"""An order is paid or lapses, never both and never neither, and it is paid once however often somebody says so."""

import threading
from datetime import timedelta
from functools import partial

import psycopg
import pytest
import requests
from django.db import connection
from django.utils import timezone

from core.accounts.tokens import issue_tokens
from core.outbox.models import Event
from market.carts.tests.factories import make_cart
from market.checkout.services import expire_unpaid_orders
from market.inventory.models import Reservation, StockItem
from market.orders.models import Order, OrderEvent
from market.orders.tests.factories import make_order, make_staff
from market.payments.models import Payment
from tests.databases import url_of, waiting_in
from tests.parallel import in_parallel
from tests.races.buying import assert_invariants, make_stocked, outcomes, place
from tests.running import WAIT_SECONDS, Client, RunningShop, wait_for

pytestmark = [pytest.mark.system, pytest.mark.django_db(transaction=True)]

KEPT = ("confirmed", "complete", "complete", "committed", 1)
LAPSED = ("canceled", "failed", "canceled", "released", 0)


def staff_of(running: RunningShop) -> Client:
    with running.orm():
        return running.client(issue_tokens(user=make_staff()).access)


def confirm(client: Client, payment: Payment) -> requests.Response:
    """Staff say that the money is there."""
    return client.post(f"/api/v1/payments/{payment.pk}/confirm/")


def overdue_payment(running: RunningShop) -> Payment:
    """The open payment of an order of one unit whose time to pay has just passed."""
    with running.orm():
        order = make_order(cart=make_cart(units={make_stocked(units=5): 1}))
        let_time_pass()
        return Payment.objects.get(order=order)


def let_time_pass() -> None:
    """The deadline of every pending order is a moment ago."""
    past = timezone.now() - timedelta(seconds=1)
    Order.objects.filter(status="pending").update(reserved_until=past)
    Reservation.objects.filter(state="held").update(expires_at=past)


def sweep(running: RunningShop) -> None:
    """What a worker does for orders that nobody paid, on a connection of this thread's own."""
    with running.orm():
        expire_unpaid_orders(limit=100)
        connection.close()


def ending(payment: Payment) -> tuple:
    """Order, its payments, stock: (order's status, its payment's, the payment's, reservation, units kept)."""
    order = Order.objects.get(pk=payment.order_id)
    paid = Payment.objects.get(pk=payment.pk)
    kept = Reservation.objects.get(reference=order.number)
    reserved = StockItem.objects.get(variant_id=kept.variant_id).reserved
    return order.status, order.payment_status, paid.status, kept.state, reserved


class Started(threading.Thread):
    """A call in a thread of its own, with its answer."""

    def __init__(self, call) -> None:
        super().__init__(daemon=True)
        self._call = call
        self.answer = None
        self.start()

    def run(self) -> None:
        self.answer = self._call()

    def ended(self):
        self.join(timeout=WAIT_SECONDS)
        assert not self.is_alive()
        return self.answer


def paid_while_it_is_swept(running: RunningShop) -> tuple[requests.Response, Payment]:
    """The payment is confirmed but for its last statement when the sweep looks at the order."""
    payment, staff = overdue_payment(running), staff_of(running)
    with psycopg.connect(url_of(running.database)) as holder:
        holder.execute("SELECT FROM inventory_reservation FOR UPDATE")
        paying = Started(partial(confirm, staff, payment))
        wait_for(lambda: waiting_in(running.database) == 1, what="the confirmation waits for the reservation")
        sweeping = Started(partial(sweep, running))
        # With the order's lock the sweep passes it over; without, it waits behind the payment.
        wait_for(
            lambda: waiting_in(running.database) == 2 or not sweeping.is_alive(), what="the sweep has got to the order"
        )
    sweeping.ended()
    return paying.ended(), payment


def test_an_order_that_is_being_paid_is_passed_over_by_the_sweep(twin):
    running = twin(guards=[])
    answer, payment = paid_while_it_is_swept(running)
    with running.orm():
        assert (answer.status_code, ending(payment)) == (200, KEPT)
    assert running.violations() == ""


def test_twin_without_the_order_lock_keeps_the_money_and_gives_the_stock_away(twin, settings):
    running = twin(guards=["order_lock"])
    settings.DISABLED_GUARDS = frozenset({"order_lock"})
    answer, payment = paid_while_it_is_swept(running)
    with running.orm():
        assert (answer.status_code, ending(payment)) == (200, ("canceled", "failed", "complete", "released", 0))
    assert "violated 4 payments" in running.violations()


def test_money_for_an_order_that_is_being_swept_is_refused(twin):
    running = twin(guards=[])
    payment, staff = overdue_payment(running), staff_of(running)
    with psycopg.connect(url_of(running.database)) as holder:
        holder.execute("SELECT FROM inventory_reservation FOR UPDATE")
        sweeping = Started(partial(sweep, running))
        wait_for(lambda: waiting_in(running.database) == 1, what="the sweep waits for the reservation")
        paying = Started(partial(confirm, staff, payment))
        wait_for(lambda: waiting_in(running.database) == 2, what="the confirmation waits for the order")
    sweeping.ended()
    answer = paying.ended()
    assert (answer.status_code, answer.json()["code"]) == (409, "payment_not_open")
    with running.orm():
        assert ending(payment) == LAPSED
    assert running.violations() == ""


def test_forty_payments_at_the_moment_of_their_deadline(shop):
    """Confirmed over HTTP while the worker's sweep and a further one go over them."""
    variant = make_stocked(units=40)
    answers = [place(shop.client(), make_cart(units={variant: 1})) for _ in range(40)]
    payments = list(Payment.objects.all())
    clients = [staff_of(shop) for _ in range(4)]
    let_time_pass()
    calls = [partial(confirm, clients[number % 4], payment) for number, payment in enumerate(payments)]
    *confirmed, _ = in_parallel([*calls, partial(sweep, shop)])
    sweep(shop)
    seen = outcomes(confirmed)
    print(f"{seen[200]} paid, {40 - seen[200]} lapsed")
    assert set(seen) <= {200, (409, "payment_not_open")}
    for payment, answer in zip(payments, confirmed, strict=True):
        order = Order.objects.get(pk=payment.order_id)
        payment.refresh_from_db()
        state = Reservation.objects.get(reference=order.number).state
        expected = KEPT if answer.status_code == 200 else LAPSED
        assert (order.status, order.payment_status, payment.status, state) == expected[:4]
    assert StockItem.objects.get().reserved == seen[200]
    assert_invariants(shop, answers)


def test_paid_clicked_ten_times_is_one_capture_one_event_and_one_mail(shop):
    mailed_before = len(shop.mail_ledger())
    placed = place(shop.client(), make_cart(units={make_stocked(units=5): 1}), email="ten@shop.example")
    payment, staff = Payment.objects.get(), staff_of(shop)
    token = staff.headers["Authorization"].removeprefix("Bearer ")
    answers = in_parallel([partial(confirm, shop.client(token), payment) for _ in range(10)])
    assert [(answer.status_code, answer.json()["status"]) for answer in answers] == [(200, "complete")] * 10
    assert ending(payment) == KEPT
    assert Payment.objects.filter(captured_at__isnull=False).count() == 1
    assert OrderEvent.objects.filter(kind="paid").count() == 1
    assert Event.objects.filter(name="orders.order_paid").count() == 1
    assert_invariants(shop, [placed])
    number = placed.json()["number"]

    def subjects() -> list[str]:
        return sorted(
            line["subject"] for line in shop.mail_ledger()[mailed_before:] if "ten@shop.example" in line["to"]
        )

    wait_for(lambda: len(subjects()) >= 2, what="the confirmation and the receipt have arrived")
    assert [number in subject for subject in subjects()] == [True, True]
    assert len(set(subjects())) == 2
