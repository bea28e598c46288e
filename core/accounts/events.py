"""Facts about users. What has no `user_id` came with an email that nobody has: nothing follows from it."""

from core.outbox.events import EventType

user_registered = EventType("accounts.user_registered")
registration_repeated = EventType("accounts.registration_repeated")
verification_requested = EventType("accounts.verification_requested")
email_verified = EventType("accounts.email_verified")
password_reset_requested = EventType("accounts.password_reset_requested")
email_change_requested = EventType("accounts.email_change_requested")
erasure_requested = EventType("accounts.erasure_requested")
export_requested = EventType("accounts.export_requested")
email_changed = EventType("accounts.email_changed")
