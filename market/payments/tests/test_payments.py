"""Payments: staff see the money, attempts fail, buyers pay again."""

from datetime import timedelta

import pytest
from django.utils import timezone

from core.outbox.models import Event
from market.checkout.services import cancel_order, change_status
from market.inventory.models import Reservation
from market.orders.models import Order
from market.orders.tests.factories import make_buyer, make_order, make_staff
from market.payments.errors import PaymentNotOpen
from market.payments.models import Payment
from market.payments.services import confirm_open_payment, fail_payment

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unthrottled")]


def confirm(client, payment: Payment):
    return client.post(f"/api/v1/payments/{payment.pk}/confirm/")


def pay(client, order: Order, key: str | None = None, provider: str = "manual", **headers):
    headers |= {} if key is None else {"Idempotency-Key": key}
    return client.post(f"/api/v1/orders/{order.number}/payments/", {"payment_provider": provider}, headers=headers)


def failed_order(**options) -> Order:
    order = make_order(**options)
    fail_payment(payment_id=order.payments.get().pk, actor="staff:1", reason="bounced")
    order.refresh_from_db()
    return order


def test_money_seen_by_staff_confirms_the_order_and_its_stock(client_of):
    order, staff = make_order(), make_staff("payments.change_payment")
    payment = order.payments.get()
    first, again = (confirm(client_of(staff), payment) for _ in range(2))
    assert (first.status_code, first.json()["status"], first.json()["client_action"]) == (200, "complete", None)
    assert (again.status_code, again.json()) == (200, first.json())
    order.refresh_from_db()
    payment.refresh_from_db()
    assert (order.status, order.payment_status, order.reserved_until) == ("confirmed", "complete", None)
    assert (payment.status, payment.captured_at is not None) == ("complete", True)
    assert set(Reservation.objects.values_list("state", "expires_at")) == {("committed", None)}
    assert [(e.kind, e.status, e.actor) for e in order.events.all()] == [
        ("placed", "pending", "customer"),
        ("paid", "confirmed", f"staff:{staff.pk}"),
    ]
    assert Event.objects.filter(name="orders.order_paid").count() == 1


def test_an_order_confirmed_before_its_money_came_is_marked_paid():
    order, staff = make_order(), make_staff()
    change_status(order_id=order.pk, status="confirmed", staff_id=staff.pk)
    change_status(order_id=order.pk, status="processing", staff_id=staff.pk)
    confirm_open_payment(order_id=order.pk, actor="staff:1")
    order.refresh_from_db()
    assert (order.status, order.payment_status) == ("processing", "complete")
    with pytest.raises(PaymentNotOpen):
        confirm_open_payment(order_id=order.pk, actor="staff:1")


def test_only_staff_with_the_permission_confirm(api_client, client_of):
    buyer = make_buyer()
    payment = make_order(buyer=buyer).payments.get()
    callers = [(api_client, 401), (client_of(buyer), 403), (client_of(make_staff("payments.view_payment")), 403)]
    for client, expected in callers:
        assert confirm(client, payment).status_code == expected
    payment.refresh_from_db()
    assert payment.status == "pending"
    assert confirm(client_of(make_staff()), Payment()).status_code == 404


def test_a_payment_that_ended_otherwise_is_not_confirmed(client_of):
    order = make_order()
    cancel_order(order_id=order.pk, actor="customer")
    response = confirm(client_of(make_staff()), order.payments.get())
    assert (response.status_code, response.json()["code"], response.json()["payment_status"]) == (
        409,
        "payment_not_open",
        "canceled",
    )
    order.refresh_from_db()
    assert (order.status, order.payment_status) == ("canceled", "failed")


def test_a_failed_attempt_is_paid_again(api_client, client_of):
    order = failed_order()
    Order.objects.update(reserved_until=timezone.now() + timedelta(minutes=1))
    Reservation.objects.update(expires_at=timezone.now() + timedelta(minutes=1))
    assert (order.status, order.payment_status) == ("pending", "failed")
    headers = {"X-Order-Token": order.access_token}
    response = pay(api_client, order, **headers)
    assert (response.status_code, response.json()["status"], response.json()["amount"]) == (201, "pending", "24.95")
    order.refresh_from_db()
    assert (order.payment_status, order.payments.count()) == ("pending", 2)
    assert order.reserved_until > timezone.now() + timedelta(hours=72)
    assert Reservation.objects.get().expires_at == order.reserved_until
    second = pay(api_client, order, **headers)
    assert (second.status_code, second.json()["code"]) == (409, "payment_already_open")
    assert order.payments.count() == 2
    assert [e.kind for e in order.events.all()] == ["placed", "payment_failed", "payment_started"]


def test_paying_again_is_done_once_per_key(client_of):
    buyer = make_buyer()
    order = failed_order(buyer=buyer)
    client = client_of(buyer)
    first, again = pay(client, order, key="k"), pay(client, order, key="k")
    assert (first.status_code, again.status_code, again["Idempotent-Replayed"]) == (201, 201, "true")
    assert first.content == again.content
    other = pay(client, failed_order(buyer=buyer), key="k")
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    assert order.payments.count() == 2


@pytest.mark.parametrize("status", ["confirmed", "canceled"])
def test_what_does_not_wait_for_money_is_not_paid_again(client_of, status):
    buyer = make_buyer()
    order = failed_order(buyer=buyer)
    change_status(order_id=order.pk, status=status, staff_id=make_staff().pk)
    response = pay(client_of(buyer), order)
    assert (response.status_code, response.json()["code"]) == (409, "order_not_payable")
    assert order.payments.count() == 1


def test_an_unknown_provider_and_a_foreign_order_are_refused(client_of):
    buyer = make_buyer()
    order = failed_order(buyer=buyer)
    unknown = pay(client_of(buyer), order, provider="shells")
    assert (unknown.status_code, unknown.json()["errors"][0]["field"]) == (400, "payment_provider")
    assert pay(client_of(make_buyer()), order).status_code == 404
    assert order.payments.count() == 1
