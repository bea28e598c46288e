"""Beat's scheduler: django-celery-beat's, each due moment claimed by a row first."""

from datetime import datetime, timedelta

import structlog
from celery.beat import ScheduleEntry
from celery.schedules import BaseSchedule, crontab
from django.db import OperationalError, close_old_connections
from django.utils import timezone
from django_celery_beat.schedulers import DatabaseScheduler

from core.housekeeping import beat_heart
from core.models import ScheduleSlot
from tasks.schedule import HEARTBEAT, sync_schedules

EPOCH = datetime.fromtimestamp(0, tz=timezone.get_default_timezone())
BEAT = "beat"

log = structlog.get_logger("beat")


def slot_of(schedule: BaseSchedule, now: datetime) -> datetime:
    """The moment that a schedule due now stands for: the same for every beat, whenever it woke."""
    every = timedelta(minutes=1) if isinstance(schedule, crontab) else schedule.run_every
    return now - (now - EPOCH) % every


class SlotClaimingScheduler(DatabaseScheduler):
    """Sends a task only where it is the first to claim the slot, so a second beat is harmless."""

    def setup_schedule(self) -> None:
        """Also says so, which is what the supervisor waits for."""
        super().setup_schedule()
        log.info("beat is ready", schedules=len(self.schedule))

    def all_as_schedule(self) -> dict[str, ScheduleEntry]:
        """What is declared is there whenever beat reads, also after somebody deleted it."""
        sync_schedules()
        return super().all_as_schedule()

    def apply_async(self, entry: ScheduleEntry, producer=None, advance: bool = True, **options):
        """Claim the slot, then send. Errors are logged by the caller and cost this one slot; a database
        that is away costs one line instead of a traceback per schedule and second."""
        close_old_connections()
        try:
            if entry.task == HEARTBEAT:
                beat_heart(name=BEAT)
            slot = ScheduleSlot(name=entry.name, slot_at=slot_of(entry.schedule, timezone.now()))
            if not self.claim(slot):
                return None
        except OperationalError as error:
            log.warning("the database does not answer", schedule=entry.name, error=str(error).partition("\n")[0])
            return None
        return super().apply_async(entry, producer=producer, advance=advance, **options)

    def claim(self, slot: ScheduleSlot) -> bool:
        """Whether this beat is the first to take the slot."""
        _, is_ours = ScheduleSlot.objects.get_or_create(name=slot.name, slot_at=slot.slot_at)
        return is_ours
