"""Mails: rendered and queued in the commit that causes them, then claimed, sent and recorded."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import css_inline
from django.conf import settings
from django.db import connection
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.template.loader import render_to_string
from django.utils import timezone, translation

from core.admin_log import erase_log_entries
from core.errors import Conflict, NotFound
from core.notifications.models import Mail, Refusal
from core.notifications.preferences import unsubscribe_link
from core.transactions import in_one_transaction

ERROR_LENGTH = 2000
SUBJECT_LENGTH = 255
# While the server is away a mail is tried this often, so that it leaves soon after the return.
SERVER_AWAY_WAIT = timedelta(seconds=10)
LONGEST_WAIT = timedelta(seconds=300)
SENDER_DIED = "Its sender died; it may have left."
# Their texts hold tokens, each of which proves that one mailbox was read.
SECRET_KINDS = frozenset({"email_change", "export_ready", "password_reset", "verify_email"})
SENDABLE = (Mail.State.QUEUED, Mail.State.UNKNOWN)

_inliner = css_inline.CSSInliner(load_remote_stylesheets=False)


def conversation_limit() -> timedelta:
    """How long a mail's conversation may last in all: one wait for each of its answers, from EHLO to the content's."""
    return timedelta(seconds=5 * settings.EMAIL_TIMEOUT)


def mail_lease() -> timedelta:
    """How long a sender may be silent: the conversation, then one wait more to record what became of it.

    With the default of 4 s and a sweep each second a mail whose sender was killed leaves within 30 s.
    """
    return conversation_limit() + timedelta(seconds=settings.EMAIL_TIMEOUT)


def queue_mail(
    *,
    kind: str,
    recipient: str,
    context: Mapping[str, Any],
    key: str,
    language: str | None = None,
    user_id: int | None = None,
) -> None:
    """Render the templates `email/<kind>` and queue the mail, in the caller's transaction.

    Without `language` it is written in the user's, or else in the shop's.

    `key` becomes the Message-ID. Idempotent: a key that is known queues nothing. One statement, two for
    a mail to a user: nothing is queued for one who is being erased or has refused this kind.
    """
    if recipient.endswith(f"@{settings.ERASED_DOMAIN}"):
        return
    spoken = _language_of(user_id, kind)
    if spoken is None:
        return
    language = language or spoken
    everywhere = {
        "shop_name": settings.SHOP_NAME,
        "shop_url": settings.SHOP_URL,
        "unsubscribe_url": unsubscribe_link(user_id=user_id, kind=kind),
    }
    with translation.override(language):
        values = everywhere | dict(context)
        subject = " ".join(_rendered(f"{kind}.subject.txt", values, language).split())[:SUBJECT_LENGTH]
        text = _rendered(f"{kind}.txt", values, language).strip() + "\n"
        html = _rendered(f"{kind}.html", values | {"subject": subject, "language": language}, language)
    html = _inliner.inline(html.strip())
    mail = Mail(key=key, kind=kind, recipient=recipient, user_id=user_id, subject=subject, text=text, html=html)
    Mail.objects.bulk_create([mail], ignore_conflicts=True)


def _rendered(name: str, values: Mapping[str, Any], language: str) -> str:
    """The template `email/<language>/<name>`; or else that of `es` for `es-mx`; or else the English one in `email/`."""
    spoken = dict.fromkeys((language, language.partition("-")[0]))
    return render_to_string([*(f"email/{code}/{name}" for code in spoken), f"email/{name}"], dict(values))


# The erasure of a user who is held here begins when the mail is written, and then takes it along.
_HOLD_USER = """
SELECT language FROM accounts_user AS receiver WHERE id = %s AND erased_at IS NULL
    AND NOT EXISTS (SELECT FROM notifications_refusal WHERE user_id = receiver.id AND kind = %s)
FOR SHARE
"""


def _language_of(user_id: int | None, kind: str) -> str | None:
    """What the receiver reads; None when nothing of this kind may be written to him."""
    if user_id is None:
        return settings.LANGUAGE_CODE
    with connection.cursor() as cursor:
        cursor.execute(_HOLD_USER, [user_id, kind if kind in settings.OPTIONAL_MAILS else ""])
        row = cursor.fetchone()
    return row[0] if row else None


def mails_of_person(*, user_id: int, address: str) -> Iterator[dict[str, Any]]:
    """What was written to a user, and to his verified `address` (may be empty) before he signed up: one query.

    What opens something stays out of the copy: a link goes to its mailbox alone.
    """
    unnamed = Q(user=None, upper=address.upper())
    mails = Mail.objects.alias(upper=Upper("recipient")).filter(
        Q(user_id=user_id) | unnamed if address else Q(user_id=user_id)
    )
    columns = ("kind", "recipient", "subject", "text", "state", "created_at", "sent_at")
    for mail in mails.order_by("pk").values(*columns).iterator(chunk_size=500):
        yield mail | {"text": None} if mail["kind"] in SECRET_KINDS else mail


def erase_mails(*, user_id: int, addresses: Collection[str]) -> None:
    """Delete the mails to a user, and those to these addresses whoever had asked for them."""
    everywhere = Q(user_id=user_id) | Q(upper__in=[address.upper() for address in addresses])
    mails = Mail.objects.alias(upper=Upper("recipient")).filter(everywhere)
    erase_log_entries(model=Mail, ids=list(mails.values_list("pk", flat=True)))
    mails.delete()
    Refusal.objects.filter(user_id=user_id).delete()


@in_one_transaction
def take_due_mails(*, limit: int) -> list[tuple[int, int]]:
    """Due mails to be sent: `(id, attempts so far)`. They are not due again for the length of a lease.

    One that waits longer than any may had its time set by a clock that has been set back since.
    A mail still `sending` when its lease is over lost its sender: whether it left is unknown. One that
    lost as many senders as a delivery has attempts fails here: it kills whoever sends it.
    """
    now = timezone.now()
    due = list(
        Mail.objects.filter(state__in=[*SENDABLE, Mail.State.SENDING])
        .filter(Q(due_at__lte=now) | Q(due_at__gt=now + max(LONGEST_WAIT, mail_lease()) * 2))
        .order_by("due_at")
        .select_for_update(skip_locked=True, no_key=True)
        .values_list("pk", "attempts", "state", "deaths")[:limit]
    )
    orphans = [(pk, deaths + 1) for pk, _, state, deaths in due if state == Mail.State.SENDING]
    Mail.objects.filter(pk__in=[pk for pk, _ in orphans]).update(
        state=Mail.State.UNKNOWN, lease_until=None, deaths=F("deaths") + 1, last_error=SENDER_DIED
    )
    deadly = {pk for pk, deaths in orphans if deaths >= settings.DELIVERY_ATTEMPTS}
    Mail.objects.filter(pk__in=deadly).update(
        state=Mail.State.FAILED, last_error=f"{SENDER_DIED} So did all {settings.DELIVERY_ATTEMPTS} that tried."
    )
    taken = [(pk, attempts) for pk, attempts, _, _ in due if pk not in deadly]
    Mail.objects.filter(pk__in=[pk for pk, _ in taken]).update(due_at=now + settings.DELIVERY_LEASE)
    return taken


def count_mails_under_way() -> int:
    """How many mails were taken and not begun yet: their lease runs. One statement."""
    now = timezone.now()
    under_way = Mail.objects.filter(state__in=SENDABLE, last_error="", due_at__gt=now)
    return under_way.filter(due_at__lte=now + settings.DELIVERY_LEASE).count()


@in_one_transaction
def claim_mail(*, mail_id: int, attempts_seen: int) -> Mail | None:
    """The mail, now `sending` and counted, or None when another sender has this attempt."""
    mail = (
        Mail.objects.filter(pk=mail_id, attempts=attempts_seen, state__in=SENDABLE)
        .select_for_update(skip_locked=True)
        .first()
    )
    if mail is None:
        return None
    mail.state = Mail.State.SENDING
    mail.attempts = attempts_seen + 1
    mail.lease_until = mail.due_at = timezone.now() + mail_lease()
    mail.save(update_fields=["state", "attempts", "lease_until", "due_at"])
    return mail


def record_sent(*, mail: Mail) -> None:
    """The server said yes."""
    _settle(mail, state=Mail.State.SENT, sent_at=timezone.now(), last_error="")


def record_failed(*, mail: Mail, error: str) -> None:
    """The mail itself was refused for good."""
    _settle(mail, state=Mail.State.FAILED, last_error=error[:ERROR_LENGTH])


def record_postponed(*, mail: Mail, error: str, is_outcome_known: bool) -> None:
    """It did not leave, or nobody knows whether it did: tried again later, never given up."""
    wait = min(timedelta(seconds=2 ** min(mail.attempts, 16)), LONGEST_WAIT)
    _settle(
        mail,
        state=Mail.State.QUEUED if is_outcome_known else Mail.State.UNKNOWN,
        due_at=timezone.now() + wait,
        last_error=error[:ERROR_LENGTH],
    )


def postpone_unclaimed(*, mail_ids: Sequence[int], error: str) -> None:
    """The server is away: nothing was attempted, so nothing is counted."""
    Mail.objects.filter(pk__in=mail_ids, state__in=SENDABLE).update(
        due_at=timezone.now() + SERVER_AWAY_WAIT, last_error=error[:ERROR_LENGTH]
    )


def _settle(mail: Mail, **values: Any) -> None:
    """Record the outcome of this attempt, unless a later attempt has begun since."""
    Mail.objects.filter(pk=mail.pk, attempts=mail.attempts).exclude(state=Mail.State.SENT).update(
        lease_until=None, **values
    )


def resend_mail(*, mail_id: int) -> None:
    """Queue a sent or failed mail again under its own Message-ID.

    Raises NotFound, or Conflict while it is still on its way.
    """
    settled = Mail.objects.filter(pk=mail_id, state__in=[Mail.State.FAILED, Mail.State.SENT])
    if settled.update(state=Mail.State.QUEUED, due_at=timezone.now(), sent_at=None, deaths=0, last_error=""):
        return
    state = Mail.objects.filter(pk=mail_id).values_list("state", flat=True).first()
    if state is None:
        raise NotFound(f"There is no mail {mail_id}.")
    raise Conflict(f"Mail {mail_id} is {state}: it is on its way.", code="mail_on_its_way")


def prune_mails(*, limit: int) -> int:
    """Delete up to `limit` sent or failed mails older than the retention; answers how many."""
    before = timezone.now() - settings.MAIL_RETENTION
    old = Mail.objects.filter(state__in=[Mail.State.SENT, Mail.State.FAILED], created_at__lt=before)
    return Mail.objects.filter(pk__in=list(old.order_by("created_at").values_list("pk", flat=True)[:limit])).delete()[0]
