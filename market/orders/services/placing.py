"""Writing a placed order."""

import secrets
from collections.abc import Sequence

from market.orders import rules, sql
from market.orders.models import Order, OrderEvent, OrderItem, OrderQuote
from market.orders.selectors import OrderRecord


def new_order_number() -> str:
    """A number that nobody can guess; its uniqueness is the database's to keep."""
    return rules.order_number(choose=secrets.choice)


def write_order(*, order: Order, quote: OrderQuote, items: Sequence[OrderItem], actor: str) -> OrderRecord:
    """Write an order, its quote, items and first line of history: one statement.

    Takes unsaved instances. Runs in the caller's transaction, which has claimed the cart and
    reserved the stock. The record that comes back equals what a reader finds.
    """
    event = OrderEvent(at=order.placed_at, kind="placed", status=order.status, actor=actor)
    order.pk = sql.insert_order(order=order, quote=quote, items=items, event=event)
    return OrderRecord(order, list(items), [event])


def write_past_orders(*, records: Sequence[tuple[Order, OrderQuote, Sequence[OrderItem]]]) -> list[Order]:
    """Write orders that were placed, paid and delivered elsewhere, with quote, items and history: four statements.

    Takes unsaved instances, answers them saved. Nothing is published: there is nothing left to be done.
    """
    orders = Order.objects.bulk_create(order for order, _, _ in records)
    for order, quote, items in records:
        quote.order = order
        for item in items:
            item.order = order
    OrderQuote.objects.bulk_create(quote for _, quote, _ in records)
    OrderItem.objects.bulk_create(item for _, _, items in records for item in items)
    sql.insert_past_history(order_ids=[order.pk for order in orders])
    return orders
