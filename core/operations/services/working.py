"""How a run is worked on: whoever holds its lease does batch after batch, each one transaction.

A batch's transaction locks the run, sees that the lease's token still stands, does the rows and
moves cursor and counters. So a worker may be killed at any instant, stopped, or overtaken by
another, and every row is done exactly once.
"""

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import TracebackType

import structlog
from django.conf import settings
from django.db import DataError, IntegrityError, connection, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Greatest
from django.utils import timezone

from core.errors import ShopError
from core.faults import fault_point
from core.guards import guard_enabled
from core.operations.models import Run, RunBatch, RunFailure
from core.operations.registry import Failure, Operation, Outcome, Row
from core.operations.services.files import open_file
from core.operations.services.runs import note, operation_of

log = structlog.get_logger("operations")

State = Run.State
SAMPLES = 20
ERROR_LENGTH = 2000
FAILURES_PER_STATEMENT = 1000
BACKOFF_SECONDS = (2, 5, 15, 45)
ROW_FAULTS = (ShopError, IntegrityError, DataError)


class LeaseLost(Exception):
    """The run was paused, canceled, or taken over: whoever worked on it stops."""


@dataclass(slots=True)
class Lease:
    """The right to work on a run, until somebody else has a higher token."""

    run_id: uuid.UUID
    token: int
    since: float = field(default_factory=time.monotonic)


@transaction.atomic
def take_due_runs() -> list[tuple[str, int]]:
    """Runs to be sent to workers: `(id, token)`, their leases kept for those who will claim them.

    At most `RUNS_AT_ONCE` are under way; the longest waiting goes first, so that runs which yield
    take turns. A run whose worker was killed is due when its lease has passed; one that nobody
    could move on in all its attempts fails here, as its last worker died before it could say why.
    A time further ahead than any wait is that of a clock which has been set back since.
    """
    now = timezone.now()
    workable = Run.objects.filter(state__in=Run.WORKABLE)
    free = settings.RUNS_AT_ONCE - workable.exclude(_is_free(now)).count()
    is_due = Q(due_at__lte=now) | Q(due_at__gt=now + _longest_wait())
    due = workable.filter(is_due).order_by("due_at").select_for_update(skip_locked=True, no_key=True)
    spent = list(due.filter(attempts__gte=settings.RUN_ATTEMPTS))
    for run in spent:
        _fail(run, run.last_error or "Its worker died in every attempt.")
    taken = list(due.filter(attempts__lt=settings.RUN_ATTEMPTS).only("pk", "token")[: max(free, 0)])
    Run.objects.filter(pk__in=[run.pk for run in taken]).update(
        due_at=now + settings.RUN_LEASE, lease_until=now + settings.RUN_LEASE
    )
    return [(str(run.pk), run.token) for run in taken]


@transaction.atomic
def claim_run(*, run_id: uuid.UUID | str, worker: str, token_seen: int | None = None) -> Lease | None:
    """The lease of a run, or None when somebody else has it or there is nothing to do.

    `token_seen` fences the claim: of several messages about the same run one gets through. Who was
    sent no token takes a run whose lease is free. The attempt is counted in this commit, so that a
    run that kills its workers is told from others.
    """
    now = timezone.now()
    free = Run.objects.filter(pk=run_id, state__in=Run.WORKABLE)
    if guard_enabled("run_lease"):
        free = free.filter(_is_free(now) if token_seen is None else Q(token=token_seen))
    run = free.select_for_update(skip_locked=True, no_key=True).first()
    if run is None:
        return None
    run.state = State.RUNNING
    run.token += 1
    run.attempts += 1
    run.worker = worker
    run.lease_until = run.due_at = now + settings.RUN_LEASE
    run.started_at = run.started_at or now
    run.save(update_fields=["state", "token", "attempts", "worker", "lease_until", "due_at", "started_at"])
    return Lease(run_id=run.pk, token=run.token)


def renew_lease(*, lease: Lease) -> None:
    """Keep the run while preparing something long. Raises LeaseLost."""
    until = timezone.now() + settings.RUN_LEASE
    if not _leased(lease).update(lease_until=until, due_at=until):
        raise LeaseLost


def release_lease(*, lease: Lease) -> None:
    """Give the run back, to be gone on with at once by whoever is free."""
    _leased(lease).update(lease_until=None, due_at=timezone.now(), worker="", attempts=Greatest(F("attempts") - 1, 0))


def prepared_operation(*, lease: Lease) -> Operation:
    """The operation with the run's parameters and file. Raises OperationNotFound and ShopError for
    parameters that mean nothing any more."""
    run = Run.objects.select_related("file").get(pk=lease.run_id)
    operation = operation_of(run)
    form = operation.form_to_go_on(params=run.params, run_id=run.pk)
    if not form.is_valid():
        raise ShopError(f"The parameters cannot be used any more: {form.errors.as_json()}")
    if operation.takes_file and run.file is None:
        raise ShopError("Its file was deleted.")
    return operation(form.cleaned_data, open_file(run.file) if run.file else None, run.pk)


@transaction.atomic
def do_next_batch(*, lease: Lease, operation: Operation) -> bool:
    """Do the next rows of a run and note it, in one transaction; answers whether the run goes on.

    The first batch fixes the plan, the last one finds no rows and finishes the run. Locks the run,
    then what the operation locks. Raises LeaseLost.
    """
    run = _held(lease)
    if run.total is None:
        rows, failed = _fix_plan(run, operation)
    elif run.retry_until is None:
        rows, failed = _do_rows(run, operation)
    else:
        rows, failed = _retry_rows(run, operation)
    _store_step(run, lease, rows=rows, failed=failed)
    fault_point(f"run.batch_done.{run.batches}")
    return run.state == State.RUNNING


def _fix_plan(run: Run, operation: Operation) -> tuple[int, int]:
    plan = operation.plan()
    run.plan = dict(plan.bounds)
    run.counts = dict(plan.counts)
    run.total = plan.total + len(plan.refused)
    run.processed = run.failed = len(plan.refused)
    _store_failures(run, plan.refused)
    return len(plan.refused), len(plan.refused)


def _do_rows(run: Run, operation: Operation) -> tuple[int, int]:
    rows = operation.rows(bounds=run.plan, cursor=run.cursor, limit=_batch_size(run, operation))
    if not rows:
        _finish(run)
        return 0, 0
    outcome = _effect(run, operation, rows)
    run.cursor = rows[-1].key
    run.processed += len(rows)
    run.total = max(run.total, run.processed)
    run.failed += len(outcome.failures)
    _store_failures(run, outcome.failures)
    _add_up(run, outcome)
    return len(rows), len(outcome.failures)


def _batch_size(run: Run, operation: Operation) -> int:
    """Half as many rows with each attempt that did not get on: what was too much for a worker's life is less then."""
    return max(operation.batch_size >> max(run.attempts - 1, 0), 1)


def _retry_rows(run: Run, operation: Operation) -> tuple[int, int]:
    waiting = run.failures.filter(pk__gt=run.retry_cursor, pk__lte=run.retry_until).exclude(key="").order_by("pk")
    tried = list(waiting[: _batch_size(run, operation)])
    if not tried:
        run.retry_cursor = run.retry_until = None
        _finish(run)
        return 0, 0
    rows = operation.rows_of(keys=[failure.key for failure in tried])
    outcome = _effect(run, operation, rows) if rows else Outcome()
    again = {failure.key: failure for failure in outcome.failures}
    done = {row.key for row in rows} - again.keys()
    for failure in tried:
        if found := again.get(failure.key):
            failure.code, failure.message, failure.cells = found.code, found.message, dict(found.cells)
        elif failure.key not in done:
            failure.code, failure.message = "gone", "The row is not there any more."
    RunFailure.objects.bulk_update(tried, ["code", "message", "cells"])
    RunFailure.objects.filter(pk__in=[failure.pk for failure in tried if failure.key in done]).delete()
    run.retry_cursor = tried[-1].pk
    run.failed -= len(done)
    _add_up(run, outcome)
    return len(tried), len(tried) - len(done)


def _effect(run: Run, operation: Operation, rows: Sequence[Row]) -> Outcome:
    """Do the rows together, or one by one where something among them cannot be done."""
    try:
        return _attempted(run, operation, rows)
    except ROW_FAULTS as error:
        if len(rows) == 1:
            return Outcome(failures=[_failure(rows[0], error)])
    failures, changes, counts = [], [], {}
    for row in rows:
        outcome = _effect(run, operation, [row])
        failures += outcome.failures
        changes += outcome.changes
        counts = {name: counts.get(name, 0) + outcome.counts.get(name, 0) for name in {**counts, **outcome.counts}}
    return Outcome(failures=failures, changes=changes, counts=counts)


def _attempted(run: Run, operation: Operation, rows: Sequence[Row]) -> Outcome:
    """Do the rows in a savepoint, which a dry run takes back."""
    with transaction.atomic():
        outcome = operation.process_batch(rows)
        connection.check_constraints()
        if run.dry_run:
            transaction.set_rollback(True)
    return outcome


def _failure(row: Row, error: Exception) -> Failure:
    if isinstance(error, ShopError):
        reasons = "; ".join(f"{problem.field}: {problem.message}" for problem in error.errors) or error.detail
        return Failure(row.key, error.code, reasons, {"row": row.key})
    # What the database says of a row names our tables; staff need to know which row, the log has the rest.
    log.warning("row_refused_by_database", row=row.key, exc_info=error)
    return Failure(row.key, "not_storable", "The database refused the row.", {"row": row.key})


def _store_failures(run: Run, failures: Sequence[Failure]) -> None:
    made = [RunFailure(run=run, key=f.key, code=f.code, message=f.message, cells=dict(f.cells)) for f in failures]
    RunFailure.objects.bulk_create(made, batch_size=FAILURES_PER_STATEMENT)


def _add_up(run: Run, outcome: Outcome) -> None:
    for name, count in outcome.counts.items():
        run.counts[name] = run.counts.get(name, 0) + count
    run.sample_changes = [*run.sample_changes, *map(dict, outcome.changes)][:SAMPLES]


def _finish(run: Run) -> None:
    run.state = State.FINISHED
    run.total = run.processed
    run.finished_at = timezone.now()
    run.lease_until = run.due_at = None
    run.worker = ""
    note(run, "finished")


def _store_step(run: Run, lease: Lease, *, rows: int, failed: int) -> None:
    now = time.monotonic()
    run.work_seconds += now - lease.since
    lease.since = now
    run.batches += 1
    run.attempts = 0
    run.last_error = ""
    if run.state == State.RUNNING:
        run.lease_until = run.due_at = timezone.now() + settings.RUN_LEASE
    RunBatch.objects.create(run=run, number=run.batches, cursor=run.cursor, rows=rows, failed=failed)
    run.save()


def _is_free(now: datetime) -> Q:
    return Q(lease_until=None) | Q(lease_until__lte=now) | Q(lease_until__gt=now + _longest_wait())


def _longest_wait() -> timedelta:
    """Twice what any time of a run may lie ahead."""
    return 2 * max(settings.RUN_LEASE, timedelta(seconds=max(BACKOFF_SECONDS)))


def _leased(lease: Lease) -> QuerySet[Run]:
    return Run.objects.filter(pk=lease.run_id, state=State.RUNNING, token=lease.token)


def _held(lease: Lease) -> Run:
    """The run, locked while the lease's token stands: a living batch is never overtaken."""
    if guard_enabled("run_lease"):
        run = _leased(lease).select_for_update(no_key=True).first()
    else:
        run = Run.objects.filter(pk=lease.run_id, state=State.RUNNING).first()
    if run is None:
        raise LeaseLost
    return run


def _fail(run: Run, error: str) -> None:
    run.state = State.FAILED
    run.last_error = error
    run.lease_until = run.due_at = None
    run.worker = ""
    run.save(update_fields=["state", "last_error", "lease_until", "due_at", "worker"])
    note(run, "failed", detail=error)


class RecordedFailure:
    """Writes what ended an advance to its run: tried again later, or failed after the last attempt.

    A refusal (parameters or a file that mean nothing any more) would be the same next time.
    """

    def __init__(self, lease: Lease) -> None:
        self.lease = lease

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        if isinstance(error, LeaseLost):
            return True
        if not isinstance(error, Exception):
            return False
        self._record(error)
        return True

    @transaction.atomic
    def _record(self, error: Exception) -> None:
        log.error("run_interrupted", run=str(self.lease.run_id), exc_info=error)
        run = _leased(self.lease).select_for_update(no_key=True).first()
        if run is None:
            return
        # What broke inside is for the log; staff and clients are told what kind of thing it was.
        known = isinstance(error, ShopError)
        text = error.detail[:ERROR_LENGTH] if known else f"It was interrupted by {type(error).__name__}; see the log."
        if known or run.attempts >= settings.RUN_ATTEMPTS:
            _fail(run, text)
            return
        wait = BACKOFF_SECONDS[min(max(run.attempts, 1), len(BACKOFF_SECONDS)) - 1]
        run.last_error = text
        run.lease_until = None
        run.worker = ""
        run.due_at = timezone.now() + timedelta(seconds=wait)
        run.save(update_fields=["last_error", "lease_until", "worker", "due_at"])
