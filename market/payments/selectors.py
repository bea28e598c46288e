"""Reads of payments, and of orders with their payments."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import QuerySet, Sum

from market.orders.models import Order, OrderEvent, OrderItem
from market.orders.selectors import OrderRecord, with_record
from market.payments.models import Payment, Refund


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order with all that its page shows."""

    order: Order
    items: list[OrderItem]
    events: list[OrderEvent]
    payments: list[Payment]


def order_view(*, record: OrderRecord, payments: list[Payment]) -> OrderView:
    """The view of an order that was just written: no query."""
    return OrderView(record.order, record.items, record.events, payments)


def with_view(orders: QuerySet[Order]) -> QuerySet[Order]:
    """The orders loaded for `view_of`: three more queries however many orders."""
    return with_record(orders).prefetch_related("payments")


def view_of(order: Order) -> OrderView:
    """The view of an order that `with_view` loaded: no query."""
    return OrderView(order, list(order.items.all()), list(order.events.all()), list(order.payments.all()))


def view_of_number(*, number: str) -> OrderView:
    """The view of the order of that number: four queries. For callers who may open it."""
    return view_of(with_view(Order.objects.filter(number=number)).get())


def spent_by_customers(*, customer_ids: Collection[int], since: datetime, until: datetime) -> dict[int, Decimal]:
    """What each of these customers spent: captured minus refunded until then, of their delivered orders that
    were placed after `since` and not after `until`; 0 for who spent nothing. Two queries.
    """
    paid = Payment.objects.filter(
        order__customer__in=customer_ids,
        order__status=Order.Status.DELIVERED,
        order__placed_at__gt=since,
        order__placed_at__lte=until,
        captured_at__lte=until,
    )
    refunded = Refund.objects.filter(payment__in=paid.values("pk"), refunded_at__lte=until)
    spent = dict.fromkeys(customer_ids, Decimal("0.00"))
    for customer_id, amount in paid.order_by().values_list("order__customer").annotate(Sum("amount")):
        spent[customer_id] += amount
    refunds = refunded.order_by().values_list("payment__order__customer").annotate(Sum("amount"))
    for customer_id, amount in refunds:
        spent[customer_id] -= amount
    return spent
