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
