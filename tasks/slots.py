"""The moments that a schedule stands for, the same for every beat whenever it wakes."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from celery.schedules import crontab, schedule

MINUTE = timedelta(minutes=1)
# A year of crontab minutes is found in 9,000 steps, as hours that cannot match are passed at once.
CRONTAB_HORIZON = timedelta(days=366)
EPOCH = datetime.fromtimestamp(0, tz=UTC)

SlottedSchedule = schedule | crontab


def slot_of(due: SlottedSchedule, now: datetime) -> datetime | None:
    """The last moment of the schedule that is not after `now`; None if a crontab had none for a year."""
    if isinstance(due, crontab):
        return next(crontab_slots(due, until=now, after=now - CRONTAB_HORIZON), None)
    return now - (now - EPOCH) % due.run_every


def slots_between(due: SlottedSchedule, first: datetime, last: datetime) -> Iterator[datetime]:
    """The moments after `first` and before `last`, newest first."""
    if isinstance(due, crontab):
        yield from crontab_slots(due, until=last - MINUTE, after=first)
        return
    slot = last - due.run_every
    while slot > first:
        yield slot
        slot -= due.run_every


def count_between(due: SlottedSchedule, first: datetime, last: datetime) -> int:
    """How many moments there are after `first` and before `last`."""
    if isinstance(due, crontab):
        return sum(1 for _ in slots_between(due, first, last))
    return max(-((first - last) // due.run_every) - 1, 0)


def crontab_slots(due: crontab, *, until: datetime, after: datetime) -> Iterator[datetime]:
    """The crontab's minutes, newest first.

    Each wall-clock minute counts once: those that a change to summer time leaves out fall on the
    minute after it, those that the change back repeats count the first time. Crontabs of every hour
    go by elapsed time instead.
    """
    moment = until.astimezone(UTC).replace(second=0, microsecond=0)
    while moment > after:
        wall = moment.astimezone(due.tz)
        gap = wall.utcoffset() - (moment - MINUTE).astimezone(due.tz).utcoffset()
        if gap > timedelta(0) and len(due.hour) < 24:
            skipped = int(gap / MINUTE)
            if any(is_match(due, wall.replace(tzinfo=None) - step * MINUTE) for step in range(skipped + 1)):
                yield moment
        elif (not wall.fold or len(due.hour) == 24) and is_match(due, wall):
            yield moment
        may_jump = wall.hour not in due.hour and wall.minute > 0
        moment -= wall.minute * MINUTE if may_jump else MINUTE


def is_match(due: crontab, wall: datetime) -> bool:
    """Whether the crontab names this wall-clock minute."""
    return (
        wall.minute in due.minute
        and wall.hour in due.hour
        and wall.isoweekday() % 7 in due.day_of_week
        and wall.day in due.day_of_month
        and wall.month in due.month_of_year
    )
