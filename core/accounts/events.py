"""Facts about users."""

from core.outbox.events import EventType

user_registered = EventType("accounts.user_registered")
registration_repeated = EventType("accounts.registration_repeated")
