"""Mails over real SMTP: every answer that a server may give, and none."""

import os
import signal
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection
from django.utils import timezone

from core.accounts.tests.factories import make_user
from core.notifications.models import Mail
from core.notifications.preferences import unsubscribe_link
from core.notifications.services import conversation_limit, mail_lease, take_due_mails
from core.notifications.tests.factories import make_mail
from tasks.celery_settings import task_soft_time_limit
from tasks.schedule import SCHEDULES
from tasks.senders.mail import LAST_BEGINNING_SECONDS, message_of, send_mails
from tasks.tests.smtp_server import mail_server, stuttering_server
from tests.running import free_port

pytestmark = pytest.mark.django_db


@pytest.fixture
def port(settings) -> int:
    """A free port of the loopback, where the shop believes its mail server."""
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    return settings.EMAIL_PORT


def send_what_is_due(*, minutes_later: int = 0) -> None:
    with time_machine.travel(timezone.now() + timedelta(minutes=minutes_later), tick=False):
        send_mails(take_due_mails(limit=100))


def test_a_mail_arrives_with_its_key_as_message_id(port):
    mail = make_mail(key="welcome-42", recipient="ada@shop.example")
    with mail_server(port) as server:
        send_what_is_due()
        send_what_is_due(minutes_later=10)
    [message] = server.accepted
    assert message["Message-ID"] == "<welcome-42@storefront.example>"
    assert message["To"] == "ada@shop.example"
    assert message["Subject"] == mail.subject
    assert message["Auto-Submitted"] == "auto-generated"
    bodies = {part.get_content_type(): part.get_content() for part in message.iter_parts()}
    assert bodies["text/plain"].replace("\r\n", "\n") == mail.text
    assert "Welcome, Ada." in bodies["text/html"]
    mail.refresh_from_db()
    assert (mail.state, mail.attempts, mail.last_error) == ("sent", 1, "")


@pytest.mark.parametrize(
    ("answers", "state", "arrivals"),
    [
        ({"recipient_answers": ["550 No such user"]}, "failed", 0),
        ({"data_answers": ["554 Looks like spam"]}, "failed", 0),
        ({"recipient_answers": ["451 Try later"]}, "queued", 1),
        ({"data_answers": ["452 Disk full"]}, "queued", 1),
        ({"data_answers": [None]}, "unknown", 2),
    ],
)
def test_what_the_server_answers_decides(port, answers, state, arrivals):
    mail = make_mail()
    with mail_server(port) as server:
        vars(server).update(answers)
        send_what_is_due()
        mail.refresh_from_db()
        assert (mail.state, mail.attempts) == (state, 1)
        assert mail.last_error
        send_what_is_due(minutes_later=10)
    assert [message["Message-ID"] for message in server.accepted] == [f"<{mail.key}@storefront.example>"] * arrivals
    mail.refresh_from_db()
    assert mail.state == ("failed" if arrivals == 0 else "sent")


def test_a_refused_mail_does_not_hold_up_the_next(port):
    refused, cut, fine = make_mail(), make_mail(), make_mail()
    with mail_server(port) as server:
        server.recipient_answers = ["550 No such user"]
        server.data_answers = [None]
        send_what_is_due()
    states = Mail.objects.in_bulk([refused.pk, cut.pk, fine.pk])
    assert [states[mail.pk].state for mail in (refused, cut, fine)] == ["failed", "unknown", "sent"]


def test_a_server_that_is_away_costs_no_attempt(port):
    mails = [make_mail() for _ in range(3)]
    for minutes in range(10):
        send_what_is_due(minutes_later=minutes)
    assert set(Mail.objects.values_list("state", "attempts")) == {("queued", 0)}
    assert "ConnectionRefusedError" in Mail.objects.first().last_error
    with mail_server(port) as server:
        send_what_is_due(minutes_later=11)
    assert len(server.accepted) == len(mails)
    assert set(Mail.objects.values_list("state", "attempts")) == {("sent", 1)}


def test_a_server_that_never_greets_costs_no_attempt(port, settings):
    settings.EMAIL_TIMEOUT = 0.1
    make_mail()
    with socket.create_server(("127.0.0.1", port)):
        for minutes in range(10):
            send_what_is_due(minutes_later=minutes)
    assert Mail.objects.values_list("state", "attempts").get() == ("queued", 0)
    assert "timed out" in Mail.objects.get().last_error
    settings.EMAIL_TIMEOUT = 10
    with mail_server(port) as server:
        send_what_is_due(minutes_later=11)
    assert len(server.accepted) == 1


def test_a_server_that_takes_nothing_for_now_uses_up_no_mail(port):
    mail, waits = make_mail(), []
    with mail_server(port) as server:
        server.recipient_answers = ["451 Try later"] * 15
        for _ in range(15):
            with time_machine.travel(mail.due_at, tick=False):
                send_mails(take_due_mails(limit=100))
                mail.refresh_from_db()
                waits.append((mail.due_at - timezone.now()).total_seconds())
        assert waits == [2, 4, 8, 16, 32, 64, 128, 256, *[300] * 7]
        assert (sum(waits) > 600, mail.state, mail.attempts) == (True, "queued", 15)
        with time_machine.travel(mail.due_at, tick=False):
            send_mails(take_due_mails(limit=100))
    assert len(server.accepted) == 1


@pytest.mark.parametrize("recipient", ["ada@shop.example\nBcc: all@shop.example", "no address"])
def test_an_address_that_cannot_be_written_fails_for_good(port, recipient):
    mail = make_mail()
    Mail.objects.update(recipient=recipient)
    with mail_server(port) as server:
        server.recipient_answers = ["553 Bad address"]
        send_what_is_due()
    mail.refresh_from_db()
    assert (mail.state, server.accepted) == ("failed", [])


def test_a_killed_senders_mail_leaves_within_thirty_seconds_and_a_slow_one_is_not_interrupted(settings):
    [sweep] = [schedule for schedule in SCHEDULES if schedule.task == "notifications.sweep_mails"]
    assert conversation_limit() + timedelta(seconds=settings.EMAIL_TIMEOUT) <= mail_lease()
    assert mail_lease() + sweep.every < timedelta(seconds=30)
    assert timedelta(seconds=LAST_BEGINNING_SECONDS) + mail_lease() < timedelta(seconds=task_soft_time_limit)


def test_a_slow_server_is_given_no_further_mail_when_the_time_is_nearly_up(port, monkeypatch):
    [*_, last] = mails = [make_mail() for _ in range(4)]
    elapsed = 0.0

    def answer_slowly() -> None:
        nonlocal elapsed
        elapsed += LAST_BEGINNING_SECONDS / 2

    monkeypatch.setattr("tasks.senders.mail.monotonic", lambda: elapsed)
    with mail_server(port) as server:
        server.before_data_answer = answer_slowly
        send_what_is_due()
        assert [message["Message-ID"] for message in server.accepted] == [
            f"<{mail.key}@storefront.example>" for mail in mails[:3]
        ]
        last.refresh_from_db()
        assert (last.state, last.attempts, last.deaths) == ("queued", 0, 0)
        send_what_is_due(minutes_later=1)
    assert len(server.accepted) == 4
    assert set(Mail.objects.values_list("state", "attempts", "deaths")) == {("sent", 1, 0)}


@pytest.fixture
def soft_time_limit() -> Iterator[signal.Signals]:
    """The signal by which a worker's child is told that its time is up, as billiard has it."""

    def interrupt(number: int, frame: object) -> None:
        raise SoftTimeLimitExceeded

    before = signal.signal(signal.SIGUSR1, interrupt)
    yield signal.SIGUSR1
    signal.signal(signal.SIGUSR1, before)


def test_a_mail_whose_time_is_up_killed_nobody(port, soft_time_limit):
    mail, is_interrupted = make_mail(), threading.Event()

    def let_the_time_run_out() -> None:
        os.kill(os.getpid(), soft_time_limit)
        assert is_interrupted.wait(30)

    with mail_server(port) as server:
        server.before_data_answer = let_the_time_run_out
        with pytest.raises(SoftTimeLimitExceeded):
            send_what_is_due()
        is_interrupted.set()
        mail.refresh_from_db()
        assert (mail.state, mail.attempts, mail.deaths) == ("unknown", 1, 0)
        assert mail.last_error == "The server took too long; it may have left."
        server.before_data_answer = bool
        send_what_is_due(minutes_later=1)
    mail.refresh_from_db()
    assert (mail.state, mail.attempts, mail.deaths) == ("sent", 2, 0)
    assert {message["Message-ID"] for message in server.accepted} == {f"<{mail.key}@storefront.example>"}


def sweep_until(is_over: threading.Event) -> None:
    """Take and send what is due, as the sweep and its senders do meanwhile."""
    while not is_over.wait(0.1):
        send_mails(take_due_mails(limit=100))
    connection.close()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("step", "state", "attempts"),
    [(b"content", "unknown", 1), (b"MAIL", "unknown", 1), (b"EHLO", "unknown", 1), (b"greeting", "queued", 0)],
)
def test_a_server_that_stutters_is_cut_off_before_its_sender_is_taken_for_dead(
    port, settings, monkeypatch, step, state, attempts
):
    # The lease is 12 s; the server would go on for 20 s.
    settings.EMAIL_TIMEOUT = 2
    monkeypatch.setattr("tasks.senders.smtp.conversation_limit", lambda: timedelta(seconds=1))
    mail, is_over = make_mail(), threading.Event()
    arrivals = int(step == b"content")
    with stuttering_server(port, step) as server:
        pairs = take_due_mails(limit=100)
        with ThreadPoolExecutor(1) as pool:
            sweeps = pool.submit(sweep_until, is_over)
            send_mails(pairs)
            is_over.set()
            sweeps.result()
        mail.refresh_from_db()
        assert (mail.state, mail.attempts, mail.deaths) == (state, attempts, 0)
        assert "TookTooLong" in mail.last_error
        assert len(server.accepted) == arrivals
        server.step = None
        send_what_is_due(minutes_later=10)
        assert len(server.accepted) == arrivals + 1
    mail.refresh_from_db()
    assert (mail.state, mail.attempts, mail.deaths, mail.last_error) == ("sent", attempts + 1, 0, "")


@pytest.mark.parametrize(("kind", "can_be_refused"), [("back_in_stock", True), ("user_registered", False)])
def test_an_optional_mail_has_the_header_that_ends_it(kind, can_be_refused):
    user = make_user()
    with time_machine.travel(timezone.now(), tick=False):  # the link has the second of its signing in it
        headers = message_of(make_mail(kind=kind, user_id=user.pk)).extra_headers
        link = unsubscribe_link(user_id=user.pk, kind=kind)
    assert headers.get("List-Unsubscribe") == (f"<{link}>" if can_be_refused else None)
    assert headers.get("List-Unsubscribe-Post") == ("List-Unsubscribe=One-Click" if can_be_refused else None)
