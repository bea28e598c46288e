"""Mails leave over SMTP: claimed in one commit, sent, recorded in another."""

from collections.abc import Sequence
from email.utils import formatdate
from smtplib import (
    SMTPDataError,
    SMTPException,
    SMTPNotSupportedError,
    SMTPRecipientsRefused,
    SMTPResponseException,
)
from time import monotonic

from celery import shared_task
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend

from core.faults import fault_point
from core.notifications.models import Mail
from core.notifications.preferences import unsubscribe_link
from core.notifications.services import (
    claim_mail,
    count_mails_under_way,
    postpone_unclaimed,
    record_failed,
    record_postponed,
    record_sent,
    take_due_mails,
)
from tasks.relay import MOST_UNDER_WAY
from tasks.senders.smtp import BoundedBackend

BATCH = 200
# Mails that share a connection.
MESSAGE_SIZE = 10
# No mail is begun later in a run: with an `EMAIL_TIMEOUT` of 4 s the slowest conversation is cut off after
# 20 s more, which the soft time limit of 60 s leaves. The others are taken again by the sweep.
LAST_BEGINNING_SECONDS = 25


@shared_task(name="notifications.sweep_mails")
def sweep_mails() -> None:
    """Send the mails that are due to the senders, no more than they can begin within a lease: those that wait in
    the queue for longer are taken again, and hold up what the queue has besides."""
    room = MOST_UNDER_WAY - count_mails_under_way()
    pairs = take_due_mails(limit=min(BATCH, room)) if room > 0 else []
    if pairs:
        fault_point("mail.taken")
    for start in range(0, len(pairs), MESSAGE_SIZE):
        send_mails.apply_async(
            args=[pairs[start : start + MESSAGE_SIZE]],
            queue="notifications",
            expires=settings.DELIVERY_LEASE.total_seconds(),
        )


@shared_task(name="notifications.send_mails")
def send_mails(pairs: Sequence[tuple[int, int]]) -> None:
    """Send each mail of a message: `(mail id, attempts when it was taken)`.

    The connection stands before a mail is claimed, so a server that is away costs no attempt. A server so
    slow that the time is up leaves the rest of the message unclaimed, for the next sweep.
    """
    began = monotonic()
    connection: BaseEmailBackend | None = None
    for position, (mail_id, attempts_seen) in enumerate(pairs):
        if connection is None:
            if monotonic() - began > LAST_BEGINNING_SECONDS:
                break
            connection = mail_connection()
            try:
                connection.open()
            except (OSError, SMTPException) as error:
                waiting = [pk for pk, _ in pairs[position:]]
                postpone_unclaimed(mail_ids=waiting, error=f"{type(error).__name__}: {error}")
                return
        if monotonic() - began > LAST_BEGINNING_SECONDS:
            break
        # Before the claim, so that the conversation is over before the lease is.
        if isinstance(connection, BoundedBackend):
            connection.give_time()
        mail = claim_mail(mail_id=mail_id, attempts_seen=attempts_seen)
        if mail is None:
            continue
        fault_point("mail.claimed")
        if not send(connection, mail):
            connection.close()
            connection = None
    if connection is not None:
        connection.close()


def mail_connection() -> BaseEmailBackend:
    """The configured backend; in the place of Django's for SMTP, ours."""
    is_smtp = settings.EMAIL_BACKEND == "django.core.mail.backends.smtp.EmailBackend"
    return BoundedBackend() if is_smtp else get_connection()


def send(connection: BaseEmailBackend, mail: Mail) -> bool:
    """Send one claimed mail and record what became of it; answers whether the connection is still good."""
    try:
        connection.send_messages([message_of(mail)])
    except SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        record_refusal(mail, str(error), is_permanent=all(code >= 500 for code in codes))
    except SMTPDataError as error:
        record_refusal(mail, str(error), is_permanent=error.smtp_code >= 500)
    except (SMTPNotSupportedError, ValueError) as error:
        # The address cannot be written in this server's or in any mail's headers.
        record_failed(mail=mail, error=f"{type(error).__name__}: {error}")
    except SMTPResponseException as error:
        # Sender, greeting or login refused: the configuration's fault, so the mail waits for its repair.
        record_postponed(mail=mail, error=str(error), is_outcome_known=True)
    except (OSError, SMTPException) as error:
        record_postponed(mail=mail, error=f"{type(error).__name__}: {error}", is_outcome_known=False)
    except SoftTimeLimitExceeded:
        # Its sender lives, and says so before the hard limit kills it.
        record_postponed(mail=mail, error="The server took too long; it may have left.", is_outcome_known=False)
        raise
    else:
        fault_point("mail.accepted")
        record_sent(mail=mail)
        fault_point("mail.recorded")
        return True
    return False


def record_refusal(mail: Mail, error: str, *, is_permanent: bool) -> None:
    """The server refused this mail: 5xx for good, 4xx for now."""
    if is_permanent:
        record_failed(mail=mail, error=error)
    else:
        record_postponed(mail=mail, error=error, is_outcome_known=True)


def unsubscribe_headers(mail: Mail) -> dict[str, str]:
    """What a mail program's own button for an optional mail does (RFC 8058)."""
    link = unsubscribe_link(user_id=mail.user_id, kind=mail.kind)
    return {"List-Unsubscribe": f"<{link}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"} if link else {}


def message_of(mail: Mail) -> EmailMultiAlternatives:
    """The mail as text with an HTML alternative; a repeat has the same Message-ID and Date."""
    message = EmailMultiAlternatives(
        subject=mail.subject,
        body=mail.text,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[mail.recipient],
        headers=unsubscribe_headers(mail)
        | {
            "Message-ID": f"<{mail.key}@{settings.EMAIL_MESSAGE_ID_DOMAIN}>",
            "Date": formatdate(mail.created_at.timestamp()),
            "Auto-Submitted": "auto-generated",
        },
    )
    message.attach_alternative(mail.html, "text/html")
    return message
