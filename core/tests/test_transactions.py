"""Two transactions that wait for each other: one is ended by PostgreSQL and done again."""

import threading

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction
from psycopg.errors import DeadlockDetected

from core.models import Heartbeat
from core.transactions import ATTEMPTS, in_one_transaction, retries_conflicts
from tests.parallel import in_parallel

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def rows() -> list[str]:
    names = ["first", "second"]
    Heartbeat.objects.bulk_create(Heartbeat(name=name, seen_at="2000-01-01T00:00:00Z") for name in names)
    return names


class Crossing:
    """Two callers that lock the same two rows in opposite orders, and meet in the middle."""

    def __init__(self) -> None:
        self.tries: list[str] = []
        self._meeting = threading.Barrier(2)

    @in_one_transaction
    def lock(self, first: str, second: str) -> str:
        self.tries.append(first)
        Heartbeat.objects.filter(name=first).update(seen_at="2001-01-01T00:00:00Z")
        if len(self.tries) <= 2:
            self._meeting.wait(10)
        Heartbeat.objects.filter(name=second).update(seen_at="2002-01-01T00:00:00Z")
        return first

    def both(self, rows: list[str]) -> list[str]:
        def locked(*names: str) -> str:
            try:
                return self.lock(*names)
            except OperationalError as error:
                return type(error.__cause__).__name__
            finally:
                connection.close()

        return in_parallel([lambda: locked(*rows), lambda: locked(*reversed(rows))])


def test_the_loser_of_a_deadlock_is_done_again(rows):
    crossing = Crossing()
    assert crossing.both(rows) == ["first", "second"]
    # Usually one more than two; the loser may be quicker at its second try than the winner at taking its turn.
    assert len(crossing.tries) >= 3


def test_twin_without_retries_lets_the_loser_fail(rows, settings):
    settings.DISABLED_GUARDS = frozenset({"conflict_retries"})
    crossing = Crossing()
    assert sorted(crossing.both(rows)) in (["DeadlockDetected", "first"], ["DeadlockDetected", "second"])
    assert len(crossing.tries) == 2


def failing(error: Exception) -> tuple[list[int], object]:
    """A service that writes and then fails each time, and how often it was called."""
    calls: list[int] = []

    @in_one_transaction
    def service() -> None:
        calls.append(1)
        Heartbeat.objects.create(name=f"try {len(calls)}", seen_at="2000-01-01T00:00:00Z")
        raise error

    return calls, service


def conflict() -> OperationalError:
    error = OperationalError("deadlock detected")
    error.__cause__ = DeadlockDetected()
    return error


def test_tries_are_bounded_and_leave_nothing():
    calls, service = failing(conflict())
    with pytest.raises(OperationalError):
        service()
    assert len(calls) == ATTEMPTS
    assert not Heartbeat.objects.exists()


@pytest.mark.parametrize("error", [IntegrityError(), OperationalError("server closed the connection"), ValueError()])
def test_other_failures_are_not_repeated(error):
    calls, service = failing(error)
    with pytest.raises(type(error)):
        service()
    assert (len(calls), Heartbeat.objects.count()) == (1, 0)


def test_within_a_transaction_only_the_outermost_is_repeated():
    calls, service = failing(conflict())
    outer_calls = []

    @retries_conflicts
    @transaction.atomic
    def outer() -> None:
        outer_calls.append(1)
        service()

    with pytest.raises(OperationalError):
        outer()
    assert (len(outer_calls), len(calls)) == (ATTEMPTS, ATTEMPTS)
