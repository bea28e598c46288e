"""What arrives in mailboxes: the events so far, delivered as the relay would."""

import re
from urllib.parse import unquote

from django.db.models import Max

from core.notifications.models import Mail
from core.outbox.models import Event
from core.outbox.registry import handlers_of


def mails() -> list[Mail]:
    """The mails that the events since the last call have caused, oldest first."""
    newest = Mail.objects.aggregate(newest=Max("pk"))["newest"] or 0
    for event in Event.objects.filter(relayed_at=None).order_by("created_at"):
        for handler in handlers_of(event.name):
            handler.function(event)
        event.relayed_at = event.created_at
        event.save()
    return list(Mail.objects.filter(pk__gt=newest).order_by("pk"))


def mailed(kind: str) -> dict[str, str]:
    """What the one new mail of this kind carries: `token`, and `uid` where there is one."""
    [mail] = [mail for mail in mails() if mail.kind == kind]
    found = dict(re.findall(r"\b(uid|token)(?:: |=)([^\s&]+)", mail.text))
    return {"recipient": mail.recipient} | {name: unquote(value) for name, value in found.items()}
