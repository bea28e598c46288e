"""What happens to an order after it was placed: each change is a line of its history."""

from collections.abc import Collection, Sequence
from datetime import datetime

from django.utils import timezone

from market.orders import events, rules
from market.orders.errors import IllegalTransition, OrderNotFound
from market.orders.models import Order, OrderEvent

CHANGING = ["status", "payment_status", "reserved_until", "updated_at"]


def lock_order(*, order_id: int) -> Order:
    """The order, locked until the transaction ends. Comes before payment and stock in the lock order."""
    order = Order.objects.for_update().filter(pk=order_id).first()
    if order is None:
        raise OrderNotFound()
    return order


def move_order(*, order: Order, status: str, actor: str, kind: str = "status_changed", detail: str = "") -> None:
    """Take the locked order to `status` along the state graph, and note it: three statements.

    From pending on the order has no deadline to pay any more. Raises IllegalTransition, naming the
    allowed statuses.
    """
    before = order.status
    allowed = rules.allowed_statuses(before)
    if status not in allowed:
        names = ", ".join(allowed) or "none"
        raise IllegalTransition(
            f"Order {order.number} is {before}; allowed next: {names}.",
            extra={"order_status": before, "allowed": list(allowed)},
        )
    order.status = status
    order.reserved_until = None
    order.save(update_fields=CHANGING)
    _note(order=order, kind=kind, actor=actor, detail=detail)
    if status == Order.Status.CANCELED:
        events.order_canceled.publish(order_id=order.pk, number=order.number, reason=kind)
    else:
        events.order_status_changed.publish(
            order_id=order.pk, number=order.number, previous_status=before, status=status
        )


def mark_paid(*, order: Order, actor: str, detail: str = "") -> None:
    """Note that the locked order is paid; a pending one is confirmed by it."""
    order.payment_status = Order.PaymentStatus.COMPLETE
    if order.status == Order.Status.PENDING:
        move_order(order=order, status=Order.Status.CONFIRMED, actor=actor, kind="paid", detail=detail)
    else:
        order.save(update_fields=CHANGING)
        _note(order=order, kind="paid", actor=actor, detail=detail)
    events.order_paid.publish(order_id=order.pk, number=order.number)


def note_payment_started(*, order: Order, reserved_until: datetime, actor: str, detail: str) -> None:
    """Note a further attempt to pay the locked order and how long its stock is kept for it."""
    order.payment_status = Order.PaymentStatus.PENDING
    order.reserved_until = reserved_until
    order.save(update_fields=CHANGING)
    _note(order=order, kind="payment_started", actor=actor, detail=detail)


def fail_payment_of(*, order: Order, actor: str, detail: str) -> None:
    """Note that the attempt to pay the locked order failed; it may be paid again until its deadline."""
    order.payment_status = Order.PaymentStatus.FAILED
    order.save(update_fields=CHANGING)
    _note(order=order, kind="payment_failed", actor=actor, detail=detail)


def note_refunds(*, refunded: Sequence[tuple[Order, str]], fully: Collection[int]) -> None:
    """Note that money of locked orders, with a word on each, went back: three statements however many.

    `fully` are the ids of those of which nothing is left.
    """
    ids = {order.pk for order, _ in refunded}
    paid_back = {Order.PaymentStatus.REFUNDED: ids & {*fully}, Order.PaymentStatus.PARTIALLY_REFUNDED: ids - {*fully}}
    for payment_status, some in paid_back.items():
        Order.objects.filter(pk__in=some).update(payment_status=payment_status, updated_at=timezone.now())
    OrderEvent.objects.bulk_create(
        OrderEvent(order=order, kind="refunded", status=order.status, detail=detail[:255], actor="system")
        for order, detail in refunded
    )


def _note(*, order: Order, kind: str, actor: str, detail: str) -> None:
    OrderEvent.objects.create(
        order=order, at=timezone.now(), kind=kind, status=order.status, detail=detail[:255], actor=actor
    )
