"""Queued mails for tests."""

from itertools import count

from core.notifications.models import Mail
from core.notifications.services import queue_mail

numbers = count(1)


def make_mail(**overrides) -> Mail:
    """A queued welcome mail."""
    key = f"welcome-{next(numbers)}"
    fields = {
        "kind": "user_registered",
        "recipient": "ada@shop.example",
        "context": {"first_name": "Ada"},
        "key": key,
    } | overrides
    queue_mail(**fields)
    return Mail.objects.get(key=fields["key"])
