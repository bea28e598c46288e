"""Facts about stock."""

from core.outbox.events import EventType

# Published only of a variant that somebody waits for (`services.await_stock`).
variant_back_in_stock = EventType("inventory.variant_back_in_stock")
