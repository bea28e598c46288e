"""What happens to an order after it was placed: staff, cancellation, deadlines, and the stock's share in it."""

from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.utils import timezone

from core.outbox.models import Event
from market.carts.tests.factories import make_cart, make_offer
from market.catalog.models import Variant
from market.checkout.services import cancel_order, change_status, expire_unpaid_orders
from market.inventory.models import Reservation, StockItem, StockMovement
from market.orders import rules
from market.orders.models import Order
from market.orders.tests.factories import make_buyer, make_order, make_staff
from market.payments.models import Payment
from market.payments.services import confirm_open_payment

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unthrottled")]


def url(order: Order, verb: str = "") -> str:
    return f"/api/v1/orders/{order.number}/{verb}"


def in_status(status: str, **options) -> Order:
    """An order that came to `status` by the shop's own ways."""
    order, staff = make_order(**options), make_staff()
    ways = {"canceled": ["canceled"], "returned": ["confirmed", "processing", "shipped", "returned"]}
    normal = ["confirmed", "processing", "shipped", "delivered"]
    way = ways.get(status) or normal[: normal.index(status) + 1 if status in normal else 0]
    for step in way:
        change_status(order_id=order.pk, status=step, staff_id=staff.pk)
    order.refresh_from_db()
    return order


def stock_of(order: Order) -> tuple[int, int, str]:
    """(on hand, reserved, state of the reservation) of a single-line order's variant."""
    reservation = Reservation.objects.get(reference=order.number)
    stock = StockItem.objects.get(pk=reservation.variant_id)
    return stock.on_hand, stock.reserved, reservation.state


def history(order: Order) -> list[tuple[str, str, str]]:
    return list(order.events.values_list("kind", "status", "actor"))


def event_names(order: Order) -> list[str]:
    return [e.name for e in Event.objects.order_by("created_at") if e.payload.get("order_id") == order.pk]


@pytest.mark.parametrize("wanted", Order.Status.values)
@pytest.mark.parametrize("status", Order.Status.values)
def test_staff_take_an_order_along_the_graph_only(client_of, status, wanted):
    order = in_status(status)
    before = (history(order), stock_of(order))
    response = client_of(make_staff("orders.change_order")).patch(url(order), {"status": wanted})
    order.refresh_from_db()
    if wanted in rules.allowed_statuses(status) or wanted == status:
        assert (response.status_code, response.json()["status"], order.status) == (200, wanted, wanted)
        assert rules.is_path([line[1] for line in history(order)])
    else:
        problem = response.json()
        assert (response.status_code, problem["code"]) == (409, "illegal_transition")
        assert problem["allowed"] == list(rules.allowed_statuses(status))
        assert (order.status, history(order), stock_of(order)) == (status, *before)


def test_stock_follows_the_status():
    order, staff = make_order(), make_staff()
    seen = [stock_of(order)]
    for status in ("confirmed", "processing", "shipped", "delivered"):
        change_status(order_id=order.pk, status=status, staff_id=staff.pk)
        seen.append(stock_of(order))
    assert seen == [
        (100, 2, "held"),
        (100, 2, "committed"),
        (100, 2, "committed"),
        (98, 0, "consumed"),
        (98, 0, "consumed"),
    ]
    (shipment,) = StockMovement.objects.filter(kind="shipment")
    assert (shipment.quantity, shipment.reference, shipment.actor) == (-2, order.number, staff)
    assert history(order) == [("placed", "pending", "customer")] + [
        ("status_changed", status, f"staff:{staff.pk}")
        for status in ("confirmed", "processing", "shipped", "delivered")
    ]
    assert event_names(order) == ["orders.order_placed"] + ["orders.order_status_changed"] * 4


def test_the_status_is_for_staff_who_may_change_orders(api_client, client_of):
    buyer = make_buyer()
    order = make_order(buyer=buyer)
    callers = [(api_client, 401), (client_of(buyer), 403), (client_of(make_staff("orders.view_order")), 403)]
    for client, expected in callers:
        for method in (client.patch, client.put):
            assert method(url(order), {"status": "confirmed"}).status_code == expected
    order.refresh_from_db()
    assert order.status == "pending"


@pytest.mark.parametrize("body", [{}, {"status": "lost"}, {"status": None}, {"payment_status": "complete"}])
def test_a_bad_status_names_its_field(client_of, body):
    order = make_order()
    response = client_of(make_staff()).patch(url(order), body)
    assert (response.status_code, [e["field"] for e in response.json()["errors"]]) == (400, ["status"])


@pytest.mark.parametrize("status", ["pending", "confirmed", "processing"])
def test_a_buyer_cancels_until_it_is_shipped(client_of, status):
    buyer = make_buyer()
    order = in_status(status, buyer=buyer)
    client = client_of(buyer)
    first = client.post(url(order, "cancel/"), {"reason": "changed my mind"})
    again = client.post(url(order, "cancel/"))
    assert (first.status_code, first.json()["status"], first.json()["payment_status"]) == (200, "canceled", "failed")
    assert (again.status_code, again.json()) == (200, first.json())
    assert stock_of(order) == (100, 0, "released")
    assert history(order)[-1] == ("canceled", "canceled", "customer")
    assert order.events.last().detail == "changed my mind"
    assert event_names(order).count("orders.order_canceled") == 1
    assert [payment["status"] for payment in first.json()["payments"]] == ["canceled"]


def test_canceling_a_paid_order_says_what_is_owed(client_of):
    buyer = make_buyer()
    order = make_order(buyer=buyer)
    confirm_open_payment(order_id=order.pk, actor="staff:1")
    answer = client_of(buyer).post(url(order, "cancel/")).json()
    assert (answer["status"], answer["payment_status"]) == ("canceled", "complete")
    assert [payment["status"] for payment in answer["payments"]] == ["complete"]
    assert (answer["events"][-1]["kind"], answer["events"][-1]["detail"]) == ("canceled", "24.95 GBP to be paid back")
    assert stock_of(order) == (100, 0, "released")


@pytest.mark.parametrize("status", ["shipped", "delivered", "returned"])
def test_what_is_shipped_is_not_canceled(client_of, status):
    buyer = make_buyer()
    order = in_status(status, buyer=buyer)
    before = stock_of(order)
    response = client_of(buyer).post(url(order, "cancel/"))
    assert (response.status_code, response.json()["code"]) == (409, "order_not_cancelable")
    order.refresh_from_db()
    assert (order.status, stock_of(order)) == (status, before)


def test_only_those_who_may_open_and_change_it_cancel(api_client, client_of):
    guests, customers = make_order(), make_order(buyer=make_buyer())
    for client in (api_client, client_of(make_buyer()), client_of(make_staff("orders.view_order"))):
        for order in (guests, customers):
            assert client.post(url(order, "cancel/")).status_code == 404
    assert set(Order.objects.values_list("status", flat=True)) == {"pending"}
    headers = {"X-Order-Token": guests.access_token}
    assert api_client.post(url(guests, "cancel/"), headers=headers).status_code == 200
    staff = make_staff("orders.change_order")
    assert client_of(staff).post(url(customers, "cancel/")).status_code == 200
    assert [order.events.last().actor for order in (guests, customers)] == ["customer", f"staff:{staff.pk}"]


def test_the_last_unit_is_for_sale_again():
    variant = make_offer(available=2)
    order = make_order(cart=make_cart(units={variant: 2}))
    assert not Variant.objects.get(pk=variant.pk).in_stock
    cancel_order(order_id=order.pk, actor="customer")
    assert Variant.objects.get(pk=variant.pk).in_stock


def overdue(order: Order, **changes) -> Order:
    """The order as if its time to pay had passed a minute ago."""
    Order.objects.filter(pk=order.pk).update(reserved_until=timezone.now() - timedelta(minutes=1), **changes)
    return order


def test_unpaid_orders_are_canceled_after_their_deadline_in_bounded_batches():
    late = [overdue(make_order()) for _ in range(5)]
    early = make_order()
    confirmed = in_status("confirmed")
    assert [expire_unpaid_orders(limit=3) for _ in range(3)] == [3, 2, 0]
    for order in late:
        order.refresh_from_db()
        assert (order.status, order.payment_status, order.reserved_until) == ("canceled", "failed", None)
        assert stock_of(order) == (100, 0, "released")
        assert history(order)[-1] == ("expired", "canceled", "system")
        assert order.payments.get().status == "canceled"
        assert (
            Event.objects.get(name="orders.order_canceled", payload__order_id=order.pk).payload["reason"] == "expired"
        )
    assert [Order.objects.get(pk=o.pk).status for o in (early, confirmed)] == ["pending", "confirmed"]


def test_an_order_that_cannot_be_expired_does_not_keep_the_others(caplog):
    broken, fine = overdue(make_order()), overdue(make_order())
    StockItem.objects.filter(variant__reservations__reference=broken.number).update(reserved=1)
    with pytest.raises(IntegrityError):
        expire_unpaid_orders(limit=10)
    assert [Order.objects.get(pk=order.pk).status for order in (broken, fine)] == ["pending", "canceled"]
    assert stock_of(fine) == (100, 0, "released")
    assert broken.number in caplog.text


@pytest.mark.parametrize(
    ("payment", "expires"),
    [
        ({"status": Payment.Status.PENDING}, True),
        ({"status": Payment.Status.FAILED}, True),
        ({"status": Payment.Status.UNKNOWN}, False),
        ({"status": Payment.Status.AUTHORIZED}, False),
        ({"status": Payment.Status.PENDING, "provider": "card"}, False),
    ],
)
def test_an_order_whose_money_may_still_come_is_left_alone(payment, expires):
    order = overdue(make_order())
    Payment.objects.filter(order=order).update(**payment)
    assert expire_unpaid_orders(limit=10) == int(expires)
    order.refresh_from_db()
    assert order.status == ("canceled" if expires else "pending")
