"""Facts about what customers wait for."""

from core.outbox.events import EventType

# More customers wait for a variant than one delivery has told.
stock_alerts_left = EventType("carts.stock_alerts_left")
