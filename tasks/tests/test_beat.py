"""Beat without its database or its broker: it stays, waits, and sends what was due when they are back."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
import redis
import time_machine
from celery import current_app
from django.db import connection
from structlog.testing import capture_logs

from core.models import ScheduleSlot
from tasks.celery_settings import QUEUES
from tasks.schedule import SCHEDULES
from tasks.scheduler import RETRY_SECONDS, SlotClaimingScheduler
from tasks.tests.smtp_server import free_port

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
def refusing_database() -> Iterator[None]:
    """Within the block nobody listens where this thread believes PostgreSQL."""
    before = {name: connection.settings_dict[name] for name in ("HOST", "PORT")}
    connection.close()
    connection.settings_dict |= {"HOST": "127.0.0.1", "PORT": free_port()}
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
        away = current_app.connection_for_write(f"redis://127.0.0.1:{free_port()}/0", transport_options=once)
        beat.__dict__["producer"] = current_app.amqp.Producer(away, auto_declare=False)
        with capture_logs() as lines:
            pauses = [beat.tick() for _ in range(4)]
        assert pauses == [*RETRY_SECONDS, RETRY_SECONDS[-1]]
        assert [line["event"] for line in lines if "broker" in line["event"]] == [
            "the broker does not answer; beat waits for it"
        ]
        assert not ScheduleSlot.objects.filter(slot_at=LATER).exists()
        beat.__dict__["producer"] = producer
        run_until_idle(beat)
    assert sent() - before == len(SCHEDULES)
