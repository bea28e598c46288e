"""How often a secret may be guessed: counted in PostgreSQL alone, whatever becomes of Redis.

A count in two places would let as many more pass as the second one begins anew, and a Redis that is
merely slow sends requests now here, now there. The rows need no place in the log of PostgreSQL: their
table is unlogged, so that counting waits for no disk, and a server that crashed counts from nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from core.guards import guard_enabled
from core.models import ThrottleCount


@dataclass(frozen=True, slots=True)
class Rung:
    """At most `limit` guesses within a window, counted under a key of its own."""

    key: str
    limit: int
    window_seconds: int


@dataclass(frozen=True, slots=True)
class GuessCount:
    """How many there were in the window, this one among them, and the seconds until it ends."""

    count: int
    left_seconds: int


# Each rung is climbed only where the one before held, and its row locked after that one's.
_CLIMB = """{name} AS (
INSERT INTO core_throttlecount AS counted (key, count, ends_at)
SELECT %s::text, 1, now() + make_interval(secs => %s) {where_held}
ON CONFLICT (key) DO UPDATE SET
    count = CASE WHEN counted.ends_at <= now() THEN 1 ELSE counted.count + 1 END,
    ends_at = CASE WHEN counted.ends_at <= now() THEN EXCLUDED.ends_at ELSE counted.ends_at END
RETURNING {number} AS number, count, ceil(extract(epoch FROM ends_at - now()))::int AS left_seconds
)"""
# Locked in the same order, or a guess and a right password at once would wait for each other.
_FORGET = """
WITH locked AS (
    SELECT key FROM core_throttlecount WHERE key = ANY(%s) ORDER BY array_position(%s::text[], key::text) FOR UPDATE
)
DELETE FROM core_throttlecount counted USING locked WHERE counted.key = locked.key
"""


def count_guess(rungs: Sequence[Rung]) -> list[GuessCount]:
    """Count a guess on the first rung, on each next one only if the one before held: one statement.

    Answers the rungs that were reached; parallel guesses get exactly the limit. To be called outside of
    transactions: what is rolled back was not counted.
    """
    if not guard_enabled("throttle_count"):
        return _read_then_write(rungs)
    names = [f"rung_{number}" for number in range(len(rungs))]
    climbs, values = [], []
    for number, rung in enumerate(rungs):
        values += [rung.key, rung.window_seconds]
        where_held = ""
        if number:
            where_held = f"FROM {names[number - 1]} WHERE count <= %s"
            values.append(rungs[number - 1].limit)
        climbs.append(_CLIMB.format(name=names[number], number=number, where_held=where_held))
    reached = " UNION ALL ".join(f"TABLE {name}" for name in names)
    with connection.cursor() as cursor:
        cursor.execute(f"WITH {', '.join(climbs)} {reached} ORDER BY number", values)
        return [GuessCount(count, max(left_seconds, 1)) for _, count, left_seconds in cursor.fetchall()]


def forget_guesses(keys: Sequence[str]) -> None:
    """Count under these keys from nothing again; given in the order in which they are climbed. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, [list(keys), list(keys)])


def _read_then_write(rungs: Sequence[Rung]) -> list[GuessCount]:
    """What the guard `throttle_count` stands against; only its twin test comes here."""
    reached = []
    for rung in rungs:
        found = ThrottleCount.objects.filter(key=rung.key).values_list("count", flat=True).first()
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO core_throttlecount (key, count, ends_at)"
                " VALUES (%s, %s, now() + make_interval(secs => %s))"
                " ON CONFLICT (key) DO UPDATE SET count = EXCLUDED.count",
                [rung.key, (found or 0) + 1, rung.window_seconds],
            )
        reached.append(GuessCount((found or 0) + 1, rung.window_seconds))
        if reached[-1].count > rung.limit:
            break
    return reached
