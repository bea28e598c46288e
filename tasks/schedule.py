"""What runs when. Declared here, written to django-celery-beat's tables when beat starts."""

import json
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from django.db import transaction
from django_celery_beat.models import IntervalSchedule, PeriodicTask, PeriodicTasks

from tasks.celery_settings import QUEUES

HEARTBEAT = "system.heartbeat"
# Rows with this mark are ours: what is no longer declared is deleted, what staff add stays.
MARK = "Declared in tasks/schedule.py."
SHORTEST_EXPIRY_SECONDS = 5


class Missed(StrEnum):
    """What becomes of the slots that passed while no beat ran."""

    SKIP = "skip"  # the next one in time runs
    ONCE = "once"  # one run, as soon as beat is back, stands for all of them
    ALL = "all"  # each runs, oldest first, with its moment in the header `slot_at`


@dataclass(frozen=True, slots=True)
class Schedule:
    """A task, how often it runs, and where. A run that was not begun by the next one's time expires."""

    task: str
    every: timedelta
    queue: str
    arguments: tuple[str, ...] = ()
    missed: Missed = Missed.ONCE

    @property
    def name(self) -> str:
        return ":".join((self.task, *self.arguments))


def seconds(count: int) -> timedelta:
    return timedelta(seconds=count)


SCHEDULES = (
    Schedule("outbox.relay", seconds(1), "checkout"),
    Schedule("notifications.sweep_mails", seconds(1), "notifications"),
    Schedule("operations.sweep", seconds(1), "operations"),
    Schedule("checkout.expire_unpaid_orders", seconds(10), "checkout"),
    Schedule("accounts.erase_users", seconds(60), "default"),
    Schedule("reviews.request_reviews", seconds(600), "default"),
    Schedule("inventory.publish_awaited_stock", seconds(60), "default"),
    Schedule("catalog.apply_price_changes", seconds(5), "default"),
    Schedule("catalog.evaluate_collections", seconds(5), "default"),
    Schedule("catalog.render_images", seconds(5), "default"),
    Schedule("catalog.fetch_images", seconds(30), "default"),
    Schedule("customers.recompute_memberships", timedelta(days=1), "default"),
    Schedule("system.prune", seconds(60), "default"),
    Schedule("catalog.walk", seconds(30), "default"),
    Schedule("catalog.push_documents", seconds(5), "default"),
    # One per queue, so that a queue without a worker is named.
    *(Schedule(HEARTBEAT, seconds(5), queue, (queue,), Missed.SKIP) for queue in QUEUES),
)


def policy_of(name: str) -> Missed:
    """What becomes of the missed slots of a schedule; those that staff added are made up for once."""
    return next((schedule.missed for schedule in SCHEDULES if schedule.name == name), Missed.ONCE)


@transaction.atomic
def sync_schedules() -> None:
    """Make the stored schedules those declared; whether one is enabled stays staff's choice.

    Writes only what differs: a write makes every beat read its schedules anew.
    """
    declared = [schedule.name for schedule in SCHEDULES]
    undeclared = PeriodicTask.objects.filter(description=MARK).exclude(name__in=declared)
    is_changed = undeclared.delete()[0] > 0
    stored = {task.name: task for task in PeriodicTask.objects.select_related("interval")}
    for schedule in SCHEDULES:
        task = stored.get(schedule.name) or PeriodicTask(name=schedule.name)
        if _values_of(task) != _declared(schedule):
            _store(task, schedule)
            is_changed = True
    if is_changed:
        PeriodicTasks.update_changed()


def _declared(schedule: Schedule) -> dict[str, Any]:
    every = int(schedule.every.total_seconds())
    return {
        "task": schedule.task,
        "every": (every, IntervalSchedule.SECONDS),
        "queue": schedule.queue,
        "args": json.dumps(schedule.arguments),
        # A run that waited longer is no use: the next one does its work.
        "expire_seconds": max(SHORTEST_EXPIRY_SECONDS, every),
        "description": MARK,
    }


def _values_of(task: PeriodicTask) -> dict[str, Any]:
    return {
        "task": task.task,
        "every": task.interval and (task.interval.every, task.interval.period),
        "queue": task.queue,
        "args": task.args,
        "expire_seconds": task.expire_seconds,
        "description": task.description,
    }


def _store(task: PeriodicTask, schedule: Schedule) -> None:
    values = _declared(schedule)
    every, period = values.pop("every")
    for name, value in values.items():
        setattr(task, name, value)
    task.interval, _ = IntervalSchedule.objects.get_or_create(every=every, period=period)
    task.crontab = task.solar = task.clocked = None
    task.save()
