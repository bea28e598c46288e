"""One transaction around a whole use case, repeated when PostgreSQL had to break a tie."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import structlog
from django.db import OperationalError, connection, transaction
from psycopg.errors import DeadlockDetected, SerializationFailure

from core.guards import guard_enabled

log = structlog.get_logger("core.transactions")

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")
# Of two that wait for each other PostgreSQL ends one, and the other goes on: the second try nearly
# always meets a free way. No pause, as it waits for the winner's locks anyway.
ATTEMPTS = 3


def retries_conflicts(work: Callable[Arguments, Answer]) -> Callable[Arguments, Answer]:
    """`work` is done again from its start, at most three times, when a deadlock or a serialization failure
    ended its transaction.

    For functions whose only effects are one transaction. Within a transaction of the caller it does
    nothing: what was rolled back is the caller's to repeat.
    """

    @wraps(work)
    def attempt(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Answer:
        if connection.in_atomic_block:
            return work(*args, **kwargs)
        for attempts_left in reversed(range(ATTEMPTS)):
            try:
                return work(*args, **kwargs)
            except OperationalError as error:
                is_conflict = isinstance(error.__cause__, DeadlockDetected | SerializationFailure)
                if not is_conflict or not attempts_left or not guard_enabled("conflict_retries"):
                    raise
                log.warning("transaction_repeated", work=work.__qualname__, error=type(error.__cause__).__name__)
        raise AssertionError("unreachable")

    return attempt


def in_one_transaction(service: Callable[Arguments, Answer]) -> Callable[Arguments, Answer]:
    """All of the service's writes or none, in the caller's transaction if there is one; conflicts are retried."""
    return retries_conflicts(transaction.atomic(service))
