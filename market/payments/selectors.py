"""Reads of payments, and of orders with their payments."""

from dataclasses import dataclass

from django.db.models import QuerySet

from market.orders.models import Order, OrderEvent, OrderItem
from market.orders.selectors import OrderRecord, with_record
from market.payments.models import Payment


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
