"""Beat without its database or its broker: it stays, waits, and sends what was due when they are back."""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis
import time_machine
from celery import current_app
from celery.schedules import schedule
from django.db import connection
from structlog.testing import capture_logs

from core.models import ScheduleSlot
from tasks.celery_settings import QUEUES
from tasks.schedule import SCHEDULES, Missed, Schedule
from tasks.scheduler import GRACE, MOST_MADE_UP, RETRY_SECONDS, SlotClaimingScheduler, claimed_slots

pytestmark = pytest.mark.django_db(transaction=True)
NOON = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
# Beat reads all schedules anew every five minutes; the longest comes round within ten.
LATER = NOON + max(schedule.every for schedule in SCHEDULES)


@pytest.fixture
def sent(settings) -> Iterator:
    """How many messages wait in the broker's queues; no worker reads them while these tests run."""
    with redis.Redis.from_url(settings.BROKER_URL) as client:
        client.delete(*QUEUES)
        yield lambda: sum(client.llen(name) for name in QUEUES)
        client.delete(*QUEUES)


@contextmanager
def closed_port() -> Iterator[int]:
    """A port of the loopback where nobody listens, nor can begin to within the block."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        yield closed.getsockname()[1]


@contextmanager
def refusing_database() -> Iterator[None]:
    """Within the block nobody listens where this thread believes PostgreSQL."""
    before = {name: connection.settings_dict[name] for name in ("HOST", "PORT")}
    connection.close()
    with closed_port() as port:
        connection.settings_dict |= {"HOST": "127.0.0.1", "PORT": port}
        try:
            yield
        finally:
            connection.close()
            connection.settings_dict |= before


def run_until_idle(beat: SlotClaimingScheduler) -> None:
    """Let beat send all that is due at this moment of a stopped clock."""
    for _ in range(100):
        if beat.tick() > 0:
            return
    raise AssertionError("beat never rests")


def test_beat_outlives_a_database_that_refuses(sent):
    with time_machine.travel(NOON, tick=False) as clock:
        beat = SlotClaimingScheduler(current_app)
        run_until_idle(beat)
        before = sent()
        clock.move_to(LATER, tick=False)
        with capture_logs() as lines, refusing_database():
            pauses = [beat.tick() for _ in range(4)]
            beat.sync()
        assert pauses == [*RETRY_SECONDS, RETRY_SECONDS[-1]]
        assert [line["event"] for line in lines] == ["the database does not answer; beat waits for it"]
        assert sent() == before
        with capture_logs() as lines:
            run_until_idle(beat)
    assert [line["event"] for line in lines if line["event"].startswith("beat")] == ["beat goes on"]
    assert sent() - before == len(SCHEDULES)


def test_a_slot_that_the_broker_did_not_take_is_sent_when_it_is_back(sent):
    with time_machine.travel(NOON, tick=False) as clock:
        beat = SlotClaimingScheduler(current_app)
        run_until_idle(beat)
        before = sent()
        clock.move_to(LATER, tick=False)
        producer = beat.producer
        once = {"max_retries": 1, "interval_start": 0}
        with closed_port() as port, capture_logs() as lines:
            away = current_app.connection_for_write(f"redis://127.0.0.1:{port}/0", transport_options=once)
            beat.__dict__["producer"] = current_app.amqp.Producer(away, auto_declare=False)
            pauses = [beat.tick() for _ in range(4)]
        assert pauses == [*RETRY_SECONDS, RETRY_SECONDS[-1]]
        assert [line["event"] for line in lines if "broker" in line["event"]] == [
            "the broker does not answer; beat waits for it"
        ]
        assert not ScheduleSlot.objects.filter(slot_at=LATER).exists()
        beat.__dict__["producer"] = producer
        run_until_idle(beat)
    assert sent() - before == len(SCHEDULES)


@pytest.fixture
def report(monkeypatch) -> str:
    """The name of the one schedule there is: it comes round once a day."""
    daily = Schedule("system.prune", timedelta(days=1), "default", missed=Missed.ALL)
    monkeypatch.setattr("tasks.schedule.SCHEDULES", (daily,))
    return daily.name


def killed_at(point: str, faults: Path, beat: SlotClaimingScheduler, name: str) -> None:
    """A child process is beat, and kills itself at the fault point."""
    faults.write_text(point)
    connection.close()
    child = os.fork()
    if child == 0:
        try:
            beat.apply_entry(beat.schedule[name])
        finally:
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def test_a_slot_whose_beat_was_killed_before_it_sent_is_sent_by_the_next(sent, report, settings, tmp_path):
    settings.FAULTS_FILE = str(tmp_path / "fault")
    with time_machine.travel(NOON, tick=False) as clock:
        midnight = NOON.replace(hour=0)
        beats = [SlotClaimingScheduler(current_app) for _ in range(2)]
        killed_at("beat.claimed", tmp_path / "fault", beats[0], report)
        assert ScheduleSlot.objects.values_list("slot_at", "is_owed").get() == (midnight, True)
        for graces, messages in ((0, 0), (1, 1), (2, 1), (3, 1)):
            clock.move_to(NOON + graces * GRACE, tick=False)
            for beat in beats:
                run_until_idle(beat)
            assert sent() == messages
    assert ScheduleSlot.objects.values_list("slot_at", "is_owed").get() == (midnight, False)


def test_what_was_sent_is_owed_no_more(sent, report):
    with time_machine.travel(NOON, tick=False):
        beat = SlotClaimingScheduler(current_app)
        beat.apply_entry(beat.schedule[report])
    assert sent() == 1
    assert not ScheduleSlot.objects.get().is_owed


def test_a_later_slot_stands_for_an_owed_one_where_one_run_is_enough(sent, monkeypatch):
    daily = Schedule("system.prune", timedelta(days=1), "default", missed=Missed.ONCE)
    monkeypatch.setattr("tasks.schedule.SCHEDULES", (daily,))
    for days in (2, 1):
        moment = NOON - timedelta(days=days)
        ScheduleSlot.objects.create(name=daily.name, slot_at=moment, claimed_at=moment, is_owed=True)
    with time_machine.travel(NOON - timedelta(hours=13), tick=False):
        run_until_idle(SlotClaimingScheduler(current_app))
    assert sent() == 1
    assert not ScheduleSlot.objects.filter(is_owed=True).exists()


def test_a_year_without_beat_is_made_up_for_within_bounds(report):
    hourly, then = schedule(timedelta(hours=1)), NOON - timedelta(days=365)
    ScheduleSlot.objects.create(name=report, slot_at=then, claimed_at=then)
    slots = list(claimed_slots(report, hourly, NOON))
    assert slots == [NOON - back * timedelta(hours=1) for back in range(MOST_MADE_UP, -1, -1)]
    assert ScheduleSlot.objects.get(slot_at=NOON).missed == 365 * 24 - 1
