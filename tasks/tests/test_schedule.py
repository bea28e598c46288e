"""What runs when: declared once, stored, each due moment taken by one beat."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
import redis
import time_machine
from celery import current_app
from celery.schedules import crontab, schedule
from django_celery_beat.models import PeriodicTask, PeriodicTasks

from core.models import Heartbeat, ScheduleSlot
from tasks.celery_settings import QUEUES
from tasks.housekeeping import ORDERS_PER_RUN
from tasks.schedule import SCHEDULES, sync_schedules
from tasks.scheduler import SlotClaimingScheduler, slot_of

pytestmark = pytest.mark.django_db


def test_what_is_declared_is_stored_and_the_second_time_nothing_is_written(count_statements):
    sync_schedules()
    changed = PeriodicTasks.last_change()
    with count_statements() as statements:
        sync_schedules()
    assert [statement.split()[0] for statement in statements] == ["SELECT", "SELECT"]
    assert PeriodicTasks.last_change() == changed
    stored = PeriodicTask.objects.values_list("name", "task", "interval__every", "queue", "args", "expire_seconds")
    expected = [
        (s.name, s.task, int(s.every.total_seconds()), s.queue, json.dumps(s.arguments), max(5, s.every.seconds))
        for s in SCHEDULES
    ]
    assert sorted(stored) == sorted(expected)


def test_staff_may_switch_off_and_add_and_what_is_declared_wins():
    sync_schedules()
    relay = PeriodicTask.objects.get(name="outbox.relay")
    relay.enabled = False
    relay.queue = "nowhere"
    relay.save()
    PeriodicTask.objects.create(name="own", task="system.prune", interval=relay.interval)
    PeriodicTask.objects.create(name="old", task="gone", interval=relay.interval, description=relay.description)
    sync_schedules()
    relay.refresh_from_db()
    assert (relay.enabled, relay.queue) == (False, "checkout")
    assert PeriodicTask.objects.filter(name="own").exists()
    assert not PeriodicTask.objects.filter(name="old").exists()


def test_each_schedule_names_a_task_and_a_queue_that_exist():
    current_app.loader.import_default_modules()
    assert {s.task for s in SCHEDULES} <= set(current_app.tasks)
    assert {s.queue for s in SCHEDULES} <= set(QUEUES)
    assert {s.arguments[0] for s in SCHEDULES if s.task == "system.heartbeat"} == set(QUEUES)


def test_a_thousand_overdue_orders_are_released_within_a_minute():
    [sweep] = [s for s in SCHEDULES if s.task == "checkout.expire_unpaid_orders"]
    assert timedelta(minutes=1) // sweep.every * ORDERS_PER_RUN >= 1000


NOON = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("due", "woke", "slot"),
    [
        (schedule(timedelta(seconds=1)), NOON + timedelta(milliseconds=990), NOON),
        (schedule(timedelta(seconds=10)), NOON + timedelta(seconds=19), NOON + timedelta(seconds=10)),
        (schedule(timedelta(days=1)), NOON, NOON - timedelta(hours=12)),
        (crontab(minute="30"), NOON + timedelta(minutes=30, seconds=7), NOON + timedelta(minutes=30)),
    ],
)
def test_every_beat_reckons_the_same_slot(due, woke, slot):
    assert slot_of(due, woke) == slot


@pytest.fixture
def queue(settings):
    """How many messages wait in a queue of the broker; no worker reads it while these tests run."""
    with redis.Redis.from_url(settings.BROKER_URL) as client:
        client.delete(*QUEUES)
        yield lambda name="default": client.llen(name)
        client.delete(*QUEUES)


@pytest.mark.django_db(transaction=True)
def test_of_two_beats_one_sends(queue):
    beats = [SlotClaimingScheduler(current_app) for _ in range(2)]
    with time_machine.travel(NOON, tick=False):
        for beat in beats:
            beat.apply_entry(beat.schedule["system.heartbeat:default"])
    assert queue() == 1
    assert ScheduleSlot.objects.values_list("name", "slot_at").get() == ("system.heartbeat:default", NOON)
    assert Heartbeat.objects.get().name == "beat"


@pytest.mark.django_db(transaction=True)
def test_the_next_slot_is_sent_again_and_a_deleted_schedule_comes_back(queue):
    beat = SlotClaimingScheduler(current_app)
    for seconds in (0, 5, 9):
        with time_machine.travel(NOON + timedelta(seconds=seconds), tick=False):
            beat.apply_entry(beat.schedule["system.heartbeat:default"])
    assert queue() == 2
    PeriodicTask.objects.get(name="system.heartbeat:default").delete()
    assert "system.heartbeat:default" in beat.schedule


def run_until_idle(beat: SlotClaimingScheduler) -> None:
    """Let beat send all that is due at this moment of a stopped clock."""
    for _ in range(100):
        if beat.tick() > 0:
            return
    raise AssertionError("beat never rests")


@pytest.mark.django_db(transaction=True)
def test_each_entry_fires_when_due_and_an_hour_without_beat_piles_nothing_up(queue):
    expected = Counter(s.queue for s in SCHEDULES)
    with time_machine.travel(NOON, tick=False):
        beat = SlotClaimingScheduler(current_app)
        run_until_idle(beat)
    before = Counter({name: queue(name) for name in QUEUES})
    with time_machine.travel(NOON + timedelta(hours=1), tick=False):
        run_until_idle(beat)
        run_until_idle(beat)
    assert Counter({name: queue(name) for name in QUEUES}) - before == expected
    with time_machine.travel(NOON + timedelta(hours=1, seconds=1), tick=False):
        run_until_idle(beat)
    sent = Counter({name: queue(name) for name in QUEUES}) - before - expected
    assert sent == Counter(s.queue for s in SCHEDULES if s.every == timedelta(seconds=1))
