"""What a mail says, and what may happen to it."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from core.errors import Conflict, NotFound
from core.notifications.models import Mail
from core.notifications.services import (
    claim_mail,
    mail_lease,
    prune_mails,
    record_failed,
    record_postponed,
    record_sent,
    resend_mail,
    take_due_mails,
)
from core.notifications.tests.factories import make_mail

pytestmark = pytest.mark.django_db


def test_a_mail_is_text_and_html_with_the_styles_inline(settings, count_statements):
    settings.SHOP_NAME = "Corner Shop"
    with count_statements() as statements:
        mail = make_mail()
    assert len(statements) == 2  # the insert, and this test's read
    assert mail.subject == "Welcome to Corner Shop"
    assert mail.text.startswith("Welcome, Ada.\n\nYour account at Corner Shop is ready.")
    assert '<h1 style="' in mail.html
    assert "<style" not in mail.html
    assert "Welcome, Ada." in mail.html


def test_what_people_typed_is_inert_in_html_and_plain_in_text(settings):
    settings.SHOP_NAME = "Pots\r\nBcc: all@shop.example & Pans"
    mail = make_mail(context={"first_name": "<script>alert(1)</script> & Co"})
    assert "<script" not in mail.html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; Co" in mail.html
    assert "Welcome, <script>alert(1)</script> & Co." in mail.text
    assert mail.subject == "Welcome to Pots Bcc: all@shop.example & Pans"


def test_a_key_queues_one_mail():
    first = make_mail(key="welcome-once")
    again = make_mail(key="welcome-once", recipient="other@shop.example")
    assert (first.pk, again.recipient) == (again.pk, "ada@shop.example")


def test_one_sender_gets_a_mail():
    mail = make_mail()
    assert take_due_mails(limit=10) == [(mail.pk, 0)]
    assert take_due_mails(limit=10) == []
    claimed = claim_mail(mail_id=mail.pk, attempts_seen=0)
    assert claim_mail(mail_id=mail.pk, attempts_seen=0) is None
    assert (claimed.state, claimed.attempts) == ("sending", 1)
    record_sent(mail=claimed)
    with time_machine.travel(timezone.now() + timedelta(hours=1), tick=False):
        assert take_due_mails(limit=10) == []


def test_a_mail_that_lost_its_sender_is_unknown_and_sent_again():
    mail = make_mail()
    lost = claim_mail(mail_id=mail.pk, attempts_seen=0)
    with time_machine.travel(timezone.now() + mail_lease() + timedelta(seconds=1), tick=False):
        assert take_due_mails(limit=10) == [(mail.pk, 1)]
        mail.refresh_from_db()
        assert (mail.state, mail.lease_until) == ("unknown", None)
        second = claim_mail(mail_id=mail.pk, attempts_seen=1)
        record_failed(mail=lost, error="a word from the grave")
        mail.refresh_from_db()
        assert (mail.state, mail.last_error) == ("sending", "Its sender died; it may have left.")
        record_sent(mail=second)
    mail.refresh_from_db()
    assert (mail.state, mail.attempts) == ("sent", 2)


def test_a_mail_that_kills_every_sender_fails_and_may_be_sent_again(settings):
    mail = make_mail()
    for death in range(settings.DELIVERY_ATTEMPTS):
        assert claim_mail(mail_id=mail.pk, attempts_seen=death)
        Mail.objects.update(due_at=timezone.now())
        taken = take_due_mails(limit=10)
    assert taken == []
    mail.refresh_from_db()
    assert (mail.state, mail.attempts, mail.lease_until) == ("failed", 5, None)
    assert mail.last_error == "Its sender died; it may have left. So did all 5 that tried."
    resend_mail(mail_id=mail.pk)
    assert take_due_mails(limit=10) == [(mail.pk, 5)]
    assert claim_mail(mail_id=mail.pk, attempts_seen=5)
    Mail.objects.update(due_at=timezone.now())
    assert take_due_mails(limit=10) == [(mail.pk, 6)]


def test_settled_mails_are_kept_for_the_retention(settings):
    long_ago = timezone.now() - settings.MAIL_RETENTION - timedelta(minutes=1)
    for state in Mail.State:
        for created_at in (long_ago, timezone.now()):
            mail = make_mail()
            Mail.objects.filter(pk=mail.pk).update(
                state=state, created_at=created_at, sent_at=created_at if state == "sent" else None
            )
    assert prune_mails(limit=1) == 1
    assert prune_mails(limit=10) == 1
    assert sorted(Mail.objects.filter(created_at=long_ago).values_list("state", flat=True)) == [
        "queued",
        "sending",
        "unknown",
    ]
    assert Mail.objects.count() == 8


def test_waits_grow_and_stay_bounded():
    waits = []
    for attempts in (0, 1, 2, 7, 8, 30, 5000):
        Mail.objects.all().delete()
        mail = make_mail()
        Mail.objects.update(attempts=attempts)
        claimed = claim_mail(mail_id=mail.pk, attempts_seen=attempts)
        with time_machine.travel(timezone.now(), tick=False):
            record_postponed(mail=claimed, error="later", is_outcome_known=True)
            mail.refresh_from_db()
            waits.append((mail.due_at - timezone.now()).total_seconds())
    assert waits == [2, 4, 8, 256, 300, 300, 300]


def test_a_settled_mail_can_be_sent_again_under_its_key():
    mail = make_mail()
    record_failed(mail=claim_mail(mail_id=mail.pk, attempts_seen=0), error="550 unknown")
    resend_mail(mail_id=mail.pk)
    mail.refresh_from_db()
    assert (mail.state, mail.last_error) == ("queued", "")
    with pytest.raises(Conflict) as refusal:
        resend_mail(mail_id=mail.pk)
    assert refusal.value.code == "mail_on_its_way"
    with pytest.raises(NotFound):
        resend_mail(mail_id=0)
