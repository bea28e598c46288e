"""Beat's scheduler: django-celery-beat's, each due moment claimed by a row first."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import structlog
from celery.beat import ScheduleEntry
from celery.schedules import crontab, schedstate, schedule
from django.db import OperationalError, close_old_connections
from django.db.models import QuerySet
from django.utils import timezone
from django_celery_beat.models import PeriodicTask
from django_celery_beat.schedulers import DatabaseScheduler, ModelEntry

from core.housekeeping import beat_heart
from core.models import ScheduleSlot
from tasks.schedule import HEARTBEAT, Missed, policy_of, sync_schedules
from tasks.slots import MINUTE, SlottedSchedule, count_between, slot_of, slots_between

BEAT = "beat"
# Beats' clocks may differ by less. What was claimed further in the future was claimed by a clock
# that has been set back since.
CLOCK_TOLERANCE = timedelta(seconds=10)
# A slot that begins later than this was missed: it is made up for or left out by its policy.
GRACE = timedelta(seconds=10)

log = structlog.get_logger("beat")


def has_slots(due: object) -> bool:
    """Whether the schedule is an interval or a crontab: others (solar, clocked) are the library's own."""
    return isinstance(due, (schedule, crontab))


class SlotEntry(ModelEntry):
    """Due when its present slot is another than that of its last run, whichever way the clock went."""

    def is_due(self) -> schedstate:
        state = super().is_due()
        if not has_slots(self.schedule) or not self.runs_now():
            return state
        now = timezone.now()
        slot, last = slot_of(self.schedule, now), slot_of(self.schedule, self.last_run_at)
        every = MINUTE if isinstance(self.schedule, crontab) else self.schedule.run_every
        return schedstate(slot is not None and slot != last, (every - (now - (slot or now)) % every).total_seconds())

    def runs_now(self) -> bool:
        """Whether staff let it run at this time."""
        model, now = self.model, timezone.now()
        is_begun = model.start_time is None or model.start_time <= now
        is_over = (model.expires is not None and model.expires <= now) or (model.one_off and model.total_run_count)
        return bool(model.enabled and is_begun and not is_over)


class SlotClaimingScheduler(DatabaseScheduler):
    """Sends a task only where it is the first to claim the slot, so a second beat is harmless."""

    Entry = SlotEntry
    _ticked_at: datetime | None = None

    def setup_schedule(self) -> None:
        """Also says so, which is what the supervisor waits for."""
        super().setup_schedule()
        log.info("beat is ready", schedules=len(self.schedule))

    def all_as_schedule(self) -> dict[str, ScheduleEntry]:
        """What is declared is there whenever beat reads, also after somebody deleted it."""
        sync_schedules()
        return super().all_as_schedule()

    def enabled_models_qs(self) -> QuerySet[PeriodicTask]:
        """All of them: the library leaves out crontabs whose hour is not near, and with them their missed slots."""
        return PeriodicTask.objects.enabled()

    def tick(self, *args, **kwargs) -> float:
        """One step; after the clock was set back all waiting times are reckoned anew."""
        now = timezone.now()
        if self._ticked_at is not None and now < self._ticked_at:
            self._heap = None
        self._ticked_at = now
        return super().tick(*args, **kwargs)

    def apply_async(self, entry: ScheduleEntry, producer=None, advance: bool = True, **options):
        """Claim the slot, then send. Errors are logged by the caller and cost this one slot; a database
        that is away costs one line instead of a traceback per schedule and second."""
        close_old_connections()

        def send(**more):
            return super(SlotClaimingScheduler, self).apply_async(
                entry, producer=producer, advance=advance, **options, **more
            )

        try:
            if entry.task == HEARTBEAT:
                beat_heart(name=BEAT)
            if not has_slots(entry.schedule):
                return send()
            sent = None
            for slot in claimed_slots(entry.name, entry.schedule, timezone.now()):
                entry.options["headers"] = entry.options.get("headers", {}) | {"slot_at": slot.isoformat()}
                sent = send()
        except OperationalError as error:
            log.warning("the database does not answer", schedule=entry.name, error=str(error).partition("\n")[0])
            return None
        return sent


def claimed_slots(name: str, due: SlottedSchedule, now: datetime) -> Iterator[datetime]:
    """The slots that are this beat's to run at this moment, oldest first, each claimed before it is told."""
    slot = slot_of(due, now)
    last = None if slot is None else last_claimed(name, due, slot, now)
    if slot is None or (last is not None and last >= slot):
        return
    policy = policy_of(name)
    is_missed = policy is Missed.SKIP and now - slot > GRACE
    missed = 0 if last is None else count_between(due, last, slot)
    if missed and policy is Missed.ALL:
        oldest_first = reversed(list(slots_between(due, last, slot)))
        yield from (old for old in oldest_first if claim(name, old))
    missed += is_missed
    if not claim(name, slot, missed=missed, policy=policy if missed else ""):
        return
    if missed:
        log.warning("slots were missed", schedule=name, missed=missed, policy=policy.value)
    if not is_missed:
        yield slot


def last_claimed(name: str, due: SlottedSchedule, slot: datetime, now: datetime) -> datetime | None:
    """The newest slot that was claimed, once those of a clock that has been set back are forgotten.

    A slot that will only come after the next one is silence nobody asked for. One within the same
    period (today's report, after the clock went back by an hour) stays claimed: it is not sent twice.
    """
    claimed = ScheduleSlot.objects.filter(name=name)
    newest = claimed.order_by("-slot_at").values_list("slot_at", flat=True).first()
    if newest is None or newest <= now + CLOCK_TOLERANCE:
        return newest
    before = slot_of(due, slot - MINUTE) if isinstance(due, crontab) else slot - due.run_every
    period = slot - (before or slot)
    if newest <= now + period:
        return newest
    log.warning("the clock was set back", schedule=name, seconds=(newest - now).total_seconds())
    # Not the nearest ones: another beat may just have taken those.
    claimed.filter(slot_at__gt=now + CLOCK_TOLERANCE).delete()
    return claimed.order_by("-slot_at").values_list("slot_at", flat=True).first()


def claim(name: str, slot_at: datetime, *, missed: int = 0, policy: str = "") -> bool:
    """Whether this beat is the first to take the slot."""
    _, is_ours = ScheduleSlot.objects.get_or_create(
        name=name, slot_at=slot_at, defaults={"missed": missed, "policy": policy}
    )
    return is_ours
