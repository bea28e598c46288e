"""Writes of orders. What spans stock and payments too is in `market.checkout.services`."""

from market.orders.services.erasing import erase_orders, has_open_orders, ordered_by, orders_of_person
from market.orders.services.history import (
    fail_payment_of,
    lock_order,
    mark_paid,
    move_order,
    note_payment_started,
    note_refunds,
)
from market.orders.services.joining import join_guest_orders
from market.orders.services.placing import new_order_number, write_order, write_past_orders

__all__ = [
    "erase_orders",
    "fail_payment_of",
    "has_open_orders",
    "join_guest_orders",
    "lock_order",
    "mark_paid",
    "move_order",
    "new_order_number",
    "note_payment_started",
    "note_refunds",
    "ordered_by",
    "orders_of_person",
    "write_order",
    "write_past_orders",
]
