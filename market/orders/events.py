"""Facts about orders."""

from core.outbox.events import EventType

order_placed = EventType("orders.order_placed")
free_order_placed = EventType("orders.free_order_placed")
order_canceled = EventType("orders.order_canceled")
order_paid = EventType("orders.order_paid")
order_status_changed = EventType("orders.order_status_changed")
guest_orders_joined = EventType("orders.guest_orders_joined")
