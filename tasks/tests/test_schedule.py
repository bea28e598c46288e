"""What runs when: declared once, stored, each due moment taken by one beat."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import redis
import time_machine
from celery import current_app
from celery.schedules import crontab, schedule
from django_celery_beat.models import PeriodicTask, PeriodicTasks
from django_celery_beat.tzcrontab import TzAwareCrontab

from core.accounts.tests.factories import make_staff
from core.models import Heartbeat, ScheduleSlot
from core.notifications.models import Mail
from core.notifications.services import take_due_mails
from core.notifications.tests.factories import make_mail
from core.outbox.services import spread_events, take_due_deliveries
from market.orders.tests.factories import make_order
from tasks.celery_settings import QUEUES
from tasks.housekeeping import ORDERS_PER_RUN
from tasks.schedule import SCHEDULES, Missed, Schedule, sync_schedules
from tasks.scheduler import SlotClaimingScheduler, claimed_slots
from tasks.slots import slot_of, slots_between

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
        (
            s.name,
            s.task,
            int(s.every.total_seconds()),
            s.queue,
            json.dumps(s.arguments),
            max(5, int(s.every.total_seconds())),
        )
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
    expected = Counter(s.queue for s in SCHEDULES if s.every <= timedelta(hours=1))
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


LONDON = ZoneInfo("Europe/London")


def london(minute: str, hour: str = "*") -> TzAwareCrontab:
    return TzAwareCrontab(minute=minute, hour=hour, tz=LONDON)


@pytest.mark.parametrize(
    ("due", "day", "slots"),
    [
        # 01:30 does not exist on 29 March: the clock goes from 00:59 to 02:00, and the slot is there.
        (london("30", "1"), datetime(2026, 3, 29, tzinfo=UTC), ["01:00"]),
        # 01:30 comes twice on 25 October, 00:30 and 01:30 in UTC.
        (london("30", "1"), datetime(2026, 10, 25, tzinfo=UTC), ["00:30"]),
        # What runs every hour goes on in the repeated one.
        (london("30"), datetime(2026, 10, 25, tzinfo=UTC), ["00:30", "01:30", "02:30"]),
        (london("0"), datetime(2026, 3, 29, tzinfo=UTC), ["00:00", "01:00", "02:00"]),
        (london("30", "1"), datetime(2026, 7, 1, tzinfo=UTC), ["00:30"]),
    ],
)
def test_daylight_saving_neither_loses_nor_doubles_a_slot(due, day, slots):
    found = slots_between(due, day - timedelta(minutes=1), day + timedelta(hours=3))
    assert [slot.strftime("%H:%M") for slot in reversed(list(found))] == slots


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("policy", "runs"), [(Missed.SKIP, 0), (Missed.ONCE, 1), (Missed.ALL, 6)])
def test_an_hour_without_beat_is_made_up_for_by_policy(queue, monkeypatch, client, policy, runs):
    ten_minutes = Schedule("system.prune", timedelta(minutes=10), "default", missed=policy)
    monkeypatch.setattr("tasks.schedule.SCHEDULES", (ten_minutes,))
    with time_machine.travel(NOON, tick=False):
        beats = [SlotClaimingScheduler(current_app) for _ in range(2)]
        beats[0].apply_entry(beats[0].schedule["system.prune"])
    assert queue() == 1
    with time_machine.travel(NOON + timedelta(minutes=64), tick=False):
        for beat in beats:
            beat.apply_entry(beat.schedule["system.prune"])
    assert queue() - 1 == runs
    back = ScheduleSlot.objects.latest("slot_at")
    assert back.slot_at == NOON + timedelta(minutes=60)
    assert (back.missed, back.policy) == (6 if policy is Missed.SKIP else 5, policy)
    client.force_login(make_staff())
    assert f'<td class="field-policy">{policy}</td>' in client.get("/admin/core/scheduleslot/").content.decode()


@pytest.mark.django_db(transaction=True)
def test_after_the_clock_was_set_back_the_sweeps_go_on_and_each_slot_runs_once(queue):
    second = timedelta(seconds=1)
    with time_machine.travel(NOON, tick=False) as clock:
        beats = [SlotClaimingScheduler(current_app) for _ in range(2)]
        for moment in (NOON + n * second for n in range(3)):
            clock.move_to(moment, tick=False)
            for beat in beats:
                run_until_idle(beat)
        assert queue("notifications") == 2  # sweeps of mails
        an_hour_ago = NOON - timedelta(hours=1)
        for moment in (an_hour_ago + n * second for n in range(21)):
            clock.move_to(moment, tick=False)
            for beat in beats:
                run_until_idle(beat)
    slots = Counter(ScheduleSlot.objects.filter(slot_at__lt=NOON - second).values_list("name", flat=True))
    assert slots["notifications.sweep_mails"] == slots["outbox.relay"] == 21
    assert slots["system.heartbeat:notifications"] == 5
    assert queue("notifications") == 2 + 21 + 5


def test_a_small_step_back_runs_no_slot_twice():
    prune = schedule(timedelta(minutes=1))
    moments = [NOON, NOON + timedelta(seconds=61), NOON + timedelta(seconds=57), NOON + timedelta(seconds=62)]
    runs = [slot for moment in moments for slot in claimed_slots("system.prune", prune, moment)]
    assert runs == [NOON, NOON + timedelta(minutes=1)]


def test_a_daily_slot_is_not_run_again_after_the_clock_went_back_by_an_hour():
    daily = crontab(minute="0", hour="12")
    moments = [NOON - timedelta(days=1), NOON, NOON - timedelta(hours=1), NOON + timedelta(seconds=1)]
    runs = [slot for moment in moments for slot in claimed_slots("report", daily, moment)]
    assert runs == [NOON - timedelta(days=1), NOON]


def test_a_clock_that_jumps_ahead_runs_the_present_slot_and_counts_what_it_passed():
    moments = [NOON, NOON + timedelta(hours=1)]
    runs = [s for moment in moments for s in claimed_slots("x", schedule(timedelta(seconds=1)), moment)]
    assert runs == moments
    assert ScheduleSlot.objects.latest("slot_at").missed == 3599


def test_work_due_by_a_clock_that_was_ahead_is_taken():
    make_order()
    mail = make_mail()
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=1), tick=False):
        spread_events(limit=10)
        Mail.objects.update(due_at=datetime.now(UTC))
    assert len(take_due_deliveries(limit=10)["notifications"]) == 1
    assert take_due_deliveries(limit=10) == {}
    assert take_due_mails(limit=10) == [(mail.pk, 0)]
    assert take_due_mails(limit=10) == []
