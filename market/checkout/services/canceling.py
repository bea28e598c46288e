"""Ending orders that will not be shipped, and giving their units back to sale."""

import logging
from datetime import datetime
from functools import partial

from django.db import DatabaseError
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from core.transactions import in_one_transaction
from market.inventory import services as inventory
from market.orders import services as orders
from market.orders.errors import OrderNotCancelable
from market.orders.models import Order
from market.orders.selectors import first_standing_order
from market.payments import services as payments
from market.payments.adapters.registry import lapsing_providers
from market.payments.models import Payment
from market.pricing.rules import identity_of
from market.pricing.services import give_back_uses

logger = logging.getLogger(__name__)


@in_one_transaction
def cancel_order(*, order_id: int, actor: str, reason: str = "") -> Order:
    """Cancel an order that has not shipped and give its units back to sale.

    Idempotent: a canceled order is returned unchanged. Money that was captured stays with its
    payment and the history says that it is owed. Locks the order, its payment, its stock. Raises
    OrderNotCancelable once it is shipped.
    """
    order = orders.lock_order(order_id=order_id)
    if order.status == Order.Status.CANCELED:
        return order
    if not order.is_cancelable:
        raise OrderNotCancelable(f"Order {order.number} is {order.status}.", extra={"order_status": order.status})
    _cancel(order, kind="canceled", actor=actor, detail=reason)
    return order


def expire_unpaid_orders(*, limit: int) -> int:
    """Cancel up to `limit` pending orders whose time to pay has passed; returns how many.

    Each in a transaction of its own, so that no two orders' stock is ever locked together; orders
    that somebody else holds are passed over. An order whose payment may still come by itself
    (authorized, unknown, or pending at a provider that does not lapse) is left alone. An order that
    the database does not let go is named in the log and does not keep the others; its error is
    raised at the end.
    """
    now = timezone.now()
    canceled, failure = 0, None
    for order_id, number in list(_expired(now).order_by("reserved_until", "pk").values_list("pk", "number")[:limit]):
        try:
            canceled += _expire(order_id=order_id, now=now)
        except DatabaseError as error:
            logger.exception("Order %s could not be canceled after its deadline.", number)
            failure = error
    if failure is not None:
        raise failure
    return canceled


@in_one_transaction
def _expire(*, order_id: int, now: datetime) -> bool:
    order = _expired(now).filter(pk=order_id).for_update(skip_locked=True).first()
    if order is None:
        return False
    _cancel(order, kind="expired", actor="system", detail="not paid in time")
    return True


def _expired(now: datetime) -> QuerySet[Order]:
    may_still_come = Payment.objects.filter(order=OuterRef("pk"), status__in=Payment.OPEN).exclude(
        Q(status=Payment.Status.PENDING) & Q(provider__in=lapsing_providers())
    )
    return Order.objects.overdue(now).exclude(Exists(may_still_come))


def _cancel(order: Order, *, kind: str, actor: str, detail: str) -> None:
    payments.cancel_open_payments(order_id=order.pk)
    if order.payment_status == Order.PaymentStatus.COMPLETE:
        if not order.is_free:
            detail = f"{detail}; {order.grand_total} {order.currency} to be paid back".removeprefix("; ")
    else:
        order.payment_status = Order.PaymentStatus.FAILED
    orders.move_order(order=order, status=Order.Status.CANCELED, actor=actor, kind=kind, detail=detail)
    give_back_uses(order_number=order.number, first_standing=partial(_first_standing, order))
    inventory.release(reference=order.number)


def _first_standing(canceled: Order) -> dict[str, str]:
    """The first order of its buyer that stands, by his identity; none if he has none."""
    buyer = {"customer_id": canceled.customer_id, "email": canceled.email}
    standing = first_standing_order(**buyer)
    return {} if standing is None else {identity_of(**buyer): standing.number}
