"""Beat's scheduler: django-celery-beat's, each due moment claimed by a row first."""

import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import islice

import structlog
from celery.beat import ScheduleEntry, SchedulingError
from celery.schedules import crontab, schedstate, schedule
from django.db import DatabaseError, InterfaceError, close_old_connections
from django.db.models import QuerySet
from django.utils import timezone
from django_celery_beat.models import PeriodicTask, PeriodicTasks
from django_celery_beat.schedulers import DatabaseScheduler, ModelEntry

from core.faults import fault_point
from core.housekeeping import beat_heart
from core.models import ScheduleSlot
from core.postgres.deadlines import deadline
from tasks.schedule import HEARTBEAT, Missed, policy_of, sync_schedules
from tasks.slots import MINUTE, SlottedSchedule, count_between, slot_of, slots_between

BEAT = "beat"
# Beats' clocks may differ by less. What was claimed further in the future was claimed by a clock
# that has been set back since.
CLOCK_TOLERANCE = timedelta(seconds=10)
# A slot that begins later than this was missed: it is made up for or left out by its policy.
GRACE = timedelta(seconds=10)
# Of the slots that a schedule missed, the newest so many are made up for when each is to run.
MOST_MADE_UP = 100
# After the first, second and every further failure in a row: what comes back waits at most the last.
RETRY_SECONDS = (1, 2, 5)
DATABASE_IS_AWAY = (DatabaseError, InterfaceError)

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
    """Sends a task only where it is the first to claim the slot, so a second beat is harmless.

    It outlives PostgreSQL and the broker: while one is away nothing is sent, beat tries again every few
    seconds, and goes on with what was due meanwhile when it is back. It says so once, and once that it is over.
    """

    Entry = SlotEntry
    _ticked_at: datetime | None = None
    _looked_at: datetime | None = None
    _trouble: Exception | None = None
    _failures = 0

    def setup_schedule(self) -> None:
        """Waits for the database. Also says so when it is done, which is what the supervisor waits for."""
        while not self._is_set_up():
            time.sleep(self._retry_seconds())
        log.info("beat is ready", schedules=len(self.schedule))

    def _is_set_up(self) -> bool:
        try:
            with deadline():
                super().setup_schedule()
        except DATABASE_IS_AWAY as error:
            self._note(error)
            self._initial_read = True
            return False
        return True

    def schedule_changed(self) -> bool:
        """As the library's, whose answer to an error is a traceback at every step: here `tick` sees it."""
        close_old_connections()
        before, self._last_timestamp = self._last_timestamp, PeriodicTasks.last_change()
        return bool(before and self._last_timestamp and self._last_timestamp > before)

    def all_as_schedule(self) -> dict[str, ScheduleEntry]:
        """What is declared is there whenever beat reads, also after somebody deleted it."""
        sync_schedules()
        return super().all_as_schedule()

    def enabled_models_qs(self) -> QuerySet[PeriodicTask]:
        """All of them: the library leaves out crontabs whose hour is not near, and with them their missed slots."""
        return PeriodicTask.objects.enabled()

    def sync(self) -> None:
        """Write down when each ran last; who waits for the database writes it later."""
        if self._failures == 0:
            with deadline():
                super().sync()

    def tick(self, *args, **kwargs) -> float:
        """One step; answers when to come again. After the clock was set back all waiting times are reckoned anew."""
        now = timezone.now()
        if self._ticked_at is not None and now < self._ticked_at:
            self._heap = None
        self._ticked_at = now
        self._trouble = None
        try:
            with deadline():
                self._send_owed(now)
                pause = super().tick(*args, **kwargs)
        except DATABASE_IS_AWAY as error:
            self._note(error)
        if self._trouble is None:
            return pause
        # What could not be sent is due again: its slot is not claimed.
        self._heap = None
        return self._retry_seconds()

    def apply_async(self, entry: ScheduleEntry, producer=None, advance: bool = True, **options):
        """Claim the slot, then send; what was not sent is not claimed, or owed if nobody can tell."""

        def send(**more):
            return super(SlotClaimingScheduler, self).apply_async(
                entry, producer=producer, advance=advance, **options, **more
            )

        slot = sent = None
        try:
            if entry.task == HEARTBEAT:
                beat_heart(name=BEAT)
            if not has_slots(entry.schedule):
                return send()
            for slot in claimed_slots(entry.name, entry.schedule, timezone.now()):
                fault_point("beat.claimed")
                name_slot(entry, slot)
                sent = send()
                settle_slot(entry.name, entry.schedule, slot)
                self._note_all_well()
        except DATABASE_IS_AWAY as error:
            self._note(error)
        except SchedulingError as error:
            self._note(error)
            if slot is not None:
                give_back(entry.name, slot)
        return sent

    def _send_owed(self, now: datetime) -> None:
        """Send what was claimed and never sent: a beat was killed in between. Looks once per grace."""
        if self._looked_at is not None and timedelta(0) <= now - self._looked_at < GRACE:
            return
        self._looked_at = now
        for name, slot in owed_slots(now):
            entry = self.schedule.get(name)
            if entry is not None:
                name_slot(entry, slot)
                try:
                    super().apply_async(entry, producer=self.producer, advance=False)
                except SchedulingError as error:
                    self._note(error)
                    return
                log.warning("a slot that was claimed is sent late", schedule=name, slot_at=slot.isoformat())
            ScheduleSlot.objects.filter(name=name, slot_at=slot).update(is_owed=False)

    def _note(self, error: Exception) -> None:
        self._trouble = error
        self._failures += 1
        if self._failures == 1:
            what = "broker" if isinstance(error, SchedulingError) else "database"
            log.warning(f"the {what} does not answer; beat waits for it", error=str(error).partition("\n")[0])

    def _note_all_well(self) -> None:
        if self._failures:
            log.warning("beat goes on", failures=self._failures)
        self._failures = 0

    def _retry_seconds(self) -> float:
        return RETRY_SECONDS[min(self._failures, len(RETRY_SECONDS)) - 1]


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
        oldest_first = reversed(list(islice(slots_between(due, last, slot), MOST_MADE_UP)))
        yield from (old for old in oldest_first if claim(name, old, is_owed=is_worth_noting(due)))
    missed += is_missed
    is_owed = policy is not Missed.SKIP and is_worth_noting(due)
    if not claim(name, slot, missed=missed, policy=policy if missed else "", is_owed=is_owed):
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


def claim(name: str, slot_at: datetime, *, missed: int = 0, policy: str = "", is_owed: bool = False) -> bool:
    """Whether this beat is the first to take the slot."""
    _, is_ours = ScheduleSlot.objects.get_or_create(
        name=name, slot_at=slot_at, defaults={"missed": missed, "policy": policy, "is_owed": is_owed}
    )
    return is_ours


def is_worth_noting(due: SlottedSchedule) -> bool:
    """Whether it is written down that a slot was sent: the next one of a sweep does its work anyway."""
    return isinstance(due, crontab) or due.run_every > GRACE


def settle_slot(name: str, due: SlottedSchedule, slot_at: datetime) -> None:
    """The slot's task was sent."""
    if is_worth_noting(due):
        ScheduleSlot.objects.filter(name=name, slot_at=slot_at, is_owed=True).update(is_owed=False)


def owed_slots(now: datetime) -> Iterator[tuple[str, datetime]]:
    """Slots that were claimed longer than the grace ago and are still owed, oldest first, each now this beat's to send.

    Where one run stands for all that were missed, a later slot stands for an owed one too.
    """
    claimed = ScheduleSlot.objects.filter(is_owed=True)
    for slot in claimed.filter(claimed_at__lte=now - GRACE).order_by("slot_at")[:MOST_MADE_UP]:
        later = ScheduleSlot.objects.filter(name=slot.name, slot_at__gt=slot.slot_at)
        if policy_of(slot.name) is not Missed.ALL and later.exists():
            claimed.filter(pk=slot.pk).update(is_owed=False)
        elif claimed.filter(pk=slot.pk, claimed_at=slot.claimed_at).update(claimed_at=now):
            yield slot.name, slot.slot_at


def name_slot(entry: ScheduleEntry, slot: datetime) -> None:
    """The message will say which slot it is sent for."""
    entry.options["headers"] = entry.options.get("headers", {}) | {"slot_at": slot.isoformat()}


def give_back(name: str, slot_at: datetime) -> None:
    """Let a slot be claimed again whose task was not sent. Without a database it stays claimed."""
    with suppress(*DATABASE_IS_AWAY):
        ScheduleSlot.objects.filter(name=name, slot_at=slot_at).delete()
