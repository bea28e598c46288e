"""How a name is told in one piece and in two, who can have been born, and which tier a customer has."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

EARLIEST_BIRTH = date(1900, 1, 1)


def split_full_name(full_name: str) -> tuple[str, str]:
    """First and last name: the last word is the last name, a single word is a first name."""
    words = full_name.split()
    if len(words) < 2:
        return " ".join(words), ""
    return " ".join(words[:-1]), words[-1]


def new_names(
    *,
    present: tuple[str, str],
    first_name: str | None = None,
    last_name: str | None = None,
    full_name: str | None = None,
) -> tuple[str, str]:
    """The names after an edit; None is what the caller left out.

    `full_name` counts only when it says something new: an answer that is sent back with one of the
    two names changed still carries the old full name.
    """
    first = present[0] if first_name is None else first_name
    last = present[1] if last_name is None else last_name
    says_something_new = full_name is not None and full_name.split() != " ".join(present).split()
    if says_something_new and full_name is not None and (first, last) == present:
        return split_full_name(full_name)
    return first, last


def is_birth_date(day: date, *, today: date) -> bool:
    """Whether a customer can have been born on this day."""
    return EARLIEST_BIRTH <= day <= today


@dataclass(frozen=True, slots=True)
class Tier:
    """A level of membership. Sequences of tiers come in ascending order of their ranks."""

    rank: int
    threshold: Decimal


@dataclass(frozen=True, slots=True)
class Standing:
    """Which tier a customer has, since when, and since when he has spent too little for it."""

    rank: int
    since: datetime
    below_since: datetime | None = None


def a_year_before(moment: datetime) -> datetime:
    """The same day and time of the year before; of 29 February, 28 February."""
    try:
        return moment.replace(year=moment.year - 1)
    except ValueError:
        return moment.replace(year=moment.year - 1, day=28)


def earned_rank(*, tiers: Sequence[Tier], spent: Decimal) -> int:
    """The rank of the highest tier whose threshold was spent; the lowest is everybody's."""
    return max([tiers[0].rank, *(tier.rank for tier in tiers if tier.threshold <= spent)])


def next_standing(
    *, tiers: Sequence[Tier], standing: Standing, spent: Decimal, at: datetime, grace: timedelta
) -> Standing:
    """The standing of who has spent so much in the twelve months before `at`.

    Up at once. Down when too little was spent at every look for the length of `grace`, to the tier
    that is earned then.
    """
    earned = earned_rank(tiers=tiers, spent=spent)
    if earned > standing.rank:
        return Standing(rank=earned, since=at)
    if earned == standing.rank:
        return Standing(rank=earned, since=standing.since)
    below_since = standing.below_since or at
    if at - below_since >= grace:
        return Standing(rank=earned, since=at)
    return Standing(rank=standing.rank, since=standing.since, below_since=below_since)


def next_goal(*, tiers: Sequence[Tier], rank: int, spent: Decimal) -> tuple[int, Decimal] | None:
    """The rank of the tier above and what is missing for it; None at the top."""
    above = next((tier for tier in tiers if tier.rank > rank), None)
    return None if above is None else (above.rank, max(above.threshold - spent, Decimal("0.00")))


def thresholds_ascend(tiers: Sequence[Tier]) -> bool:
    """Whether the lowest tier is everybody's and each further one takes more than the one before."""
    thresholds = [tier.threshold for tier in tiers]
    return thresholds[0] == 0 and all(low < high for low, high in pairwise(thresholds))
