"""Facts about customers."""

from core.outbox.events import EventType

membership_changed = EventType("customers.membership_changed")
