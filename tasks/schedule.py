"""What runs when. Declared here, written to django-celery-beat's tables when beat starts."""

import json
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django_celery_beat.models import IntervalSchedule, PeriodicTask, PeriodicTasks

from tasks.celery_settings import QUEUES

HEARTBEAT = "system.heartbeat"
# Rows with this mark are ours: what is no longer declared is deleted, what staff add stays.
MARK = "Declared in tasks/schedule.py."


@dataclass(frozen=True, slots=True)
class Schedule:
    """A task, how often it runs, and where. A run that was not begun by the next one's time expires."""

    task: str
    every: timedelta
    queue: str
    arguments: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return ":".join((self.task, *self.arguments))


def seconds(count: int) -> timedelta:
    return timedelta(seconds=count)


SCHEDULES = (
    Schedule("outbox.relay", seconds(1), "checkout"),
    Schedule("notifications.sweep_mails", seconds(1), "notifications"),
    Schedule("checkout.expire_unpaid_orders", seconds(10), "checkout"),
    Schedule("system.prune", seconds(60), "default"),
    # One per queue, so that a queue without a worker is named.
    *(Schedule(HEARTBEAT, seconds(5), queue, (queue,)) for queue in QUEUES),
)


@transaction.atomic
def sync_schedules() -> None:
    """Make the stored schedules those declared. Idempotent; whether one is enabled stays staff's choice."""
    PeriodicTask.objects.filter(description=MARK).exclude(name__in=[s.name for s in SCHEDULES]).delete()
    for schedule in SCHEDULES:
        interval, _ = IntervalSchedule.objects.get_or_create(
            every=int(schedule.every.total_seconds()), period=IntervalSchedule.SECONDS
        )
        PeriodicTask.objects.update_or_create(
            name=schedule.name,
            defaults={
                "task": schedule.task,
                "interval": interval,
                "crontab": None,
                "queue": schedule.queue,
                "args": json.dumps(schedule.arguments),
                # A sweep that waited longer is no use: the next one does its work.
                "expire_seconds": max(5, int(schedule.every.total_seconds())),
                "description": MARK,
            },
        )
    PeriodicTasks.update_changed()
