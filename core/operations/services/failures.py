"""The rows that failed, for people who mend them."""

from collections.abc import Iterator

from core.operations.errors import OperationNotFound
from core.operations.models import Run, RunFailure
from core.operations.services.runs import operation_of
from core.postgres.deadlines import deadline

REASON_COLUMNS = ("reason", "message")
# Pages by id instead of a server-side cursor, which PgBouncer would not carry.
ROWS_PER_FETCH = 2000


def failed_rows(*, run: Run) -> Iterator[list[str]]:
    """A header and a line per failed row: the columns that the operation reads, then why it failed."""
    try:
        columns = operation_of(run).failure_columns or ("row",)
    except OperationNotFound:
        columns = ("row",)
    yield [*columns, *REASON_COLUMNS]
    last = 0
    while page := _page(run, last):
        for failure in page:
            yield [*(str(failure.cells.get(column, "")) for column in columns), failure.code, failure.message]
        last = page[-1].pk


def _page(run: Run, last: int) -> list[RunFailure]:
    """The next rows; whoever streams them has left the deadline of his request behind."""
    with deadline():
        return list(run.failures.filter(pk__gt=last).order_by("pk")[:ROWS_PER_FETCH])
