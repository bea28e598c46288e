"""What staff do with runs: make, start, pause, resume, cancel, try failed rows again.

Each locks the run and is idempotent: asked twice it is done once, so a click may be repeated.
"""

import uuid
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.forms import Form
from django.utils import timezone

from core.errors import FieldError, Invalid
from core.guards import guard_enabled
from core.operations.errors import NothingToRetry, RunNotFound, RunStateConflict
from core.operations.models import Run, RunEvent, RunFile
from core.operations.registry import Claim, Operation, operation_named

State = Run.State
FILE_PARAM = "file"
UNDER_WAY = (State.CREATED, *Run.WORKABLE)


def bound_form(operation: type[Operation], params: Mapping[str, Any]) -> Form:
    """The operation's form over stored or submitted parameters."""
    return operation.form(data=dict(params))


@transaction.atomic
def create_run(
    *,
    operation: type[Operation],
    params: Mapping[str, Any],
    dry_run: bool = False,
    reason: str = "",
    user_id: int | None = None,
    run_id: uuid.UUID | None = None,
) -> Run:
    """Make a run that waits to be started. `params` are those of the operation's form, and `file`, the id of
    an uploaded file, where it reads one. Asked for the same again with the same `run_id`, which is the
    caller's choice, it answers the run that is there. What the parameters claim is the run's alone: of several at once
    one is made.

    Raises Invalid naming each parameter, as `params.<name>`, that is unknown, missing, taken or cannot be used,
    and `dry_run` for an operation that has none.
    """
    if dry_run and not operation.has_dry_run:
        message = f"{operation.title} changes nothing: it has no dry run."
        raise Invalid(message, errors=[FieldError("dry_run", "unsupported", message)])
    given = dict(params)
    asked = {
        "operation": operation.name,
        "file": _file_of(operation, given),
        "params": cleaned_params(operation, given),
        "dry_run": dry_run,
        "started_by_id": user_id,
    }
    return _made(operation, asked, run_id=run_id, reason=reason)


def cleaned_params(operation: type[Operation], given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters as they are stored. Raises Invalid as `create_run`."""
    form = bound_form(operation, given)
    errors = [
        FieldError(f"params.{name}", "unknown", "This operation has no such parameter.")
        for name in given
        if name not in form.fields
    ]
    errors += [
        FieldError(f"params.{field}" if field != "__all__" else "params", error["code"] or "invalid", error["message"])
        for field, found in form.errors.get_json_data().items()
        for error in found
    ]
    if errors:
        raise Invalid("The parameters cannot be used.", errors=errors)
    values = {name: field.prepare_value(form.cleaned_data[name]) for name, field in form.fields.items()}
    return {name: str(value) if isinstance(value, Decimal) else value for name, value in values.items()}


def start_run(*, run_id: uuid.UUID, user_id: int | None = None) -> Run:
    """Have a made run worked on from the next sweep on. Raises RunNotFound, RunStateConflict."""
    return _turn(run_id, "started", user_id, {State.CREATED}, State.QUEUED, same=set(Run.WORKABLE))


@transaction.atomic
def start_in_earnest(*, run_id: uuid.UUID, user_id: int | None = None) -> Run:
    """Start the run that does what a finished dry run has shown, with its parameters; once, however often asked.

    Raises RunNotFound, RunStateConflict for what is no finished dry run, and Invalid naming a parameter that is taken.
    """
    rehearsal = hold_run(run_id)
    if not rehearsal.dry_run or rehearsal.state != State.FINISHED:
        raise _conflict(rehearsal, "started in earnest")
    run = Run.objects.filter(rehearsal=rehearsal).first()
    if run is None:
        asked = {name: getattr(rehearsal, name) for name in ("operation", "params", "file")}
        asked |= {"rehearsal": rehearsal, "dry_run": False, "started_by_id": user_id}
        run = _made(operation_of(rehearsal), asked, reason=rehearsal.reason)
        run = start_run(run_id=run.pk, user_id=user_id)
    return run


def pause_run(*, run_id: uuid.UUID, user_id: int | None = None) -> Run:
    """Let a run rest after the batch that is being done. Raises RunNotFound, RunStateConflict."""
    return _turn(run_id, "paused", user_id, set(Run.WORKABLE), State.PAUSED, same={State.PAUSED})


def resume_run(*, run_id: uuid.UUID, user_id: int | None = None) -> Run:
    """Let a paused or failed run go on where it was. Raises RunNotFound, RunStateConflict."""
    return _turn(run_id, "resumed", user_id, {State.PAUSED, State.FAILED}, State.QUEUED, same=set(Run.WORKABLE))


def cancel_run(*, run_id: uuid.UUID, user_id: int | None = None) -> Run:
    """End a run for good; what is done stays done. Raises RunNotFound, RunStateConflict."""
    open_states = {State.CREATED, State.PAUSED, State.FAILED, *Run.WORKABLE}
    return _turn(run_id, "canceled", user_id, open_states, State.CANCELED, same={State.CANCELED})


@transaction.atomic
def retry_failed_rows(*, run_id: uuid.UUID, user_id: int | None = None) -> Run:
    """Try the failed rows of a finished run again; what succeeds now is no failure any more.

    Raises RunNotFound, RunStateConflict, and NothingToRetry when no failed row can be tried as it is.
    """
    run = hold_run(run_id)
    if run.state in Run.WORKABLE and run.retry_until is not None:
        return run
    if run.state != State.FINISHED or run.dry_run:
        raise _conflict(run, "retried")
    last = run.failures.exclude(key="").aggregate(last=Max("pk"))["last"]
    if last is None:
        raise NothingToRetry
    run.retry_cursor, run.retry_until = 0, last
    run.finished_at = None
    _queue(run)
    run.save()
    note(run, "retried", user_id)
    return run


def hold_run(run_id: uuid.UUID) -> Run:
    """The run, locked until the transaction ends. Raises RunNotFound."""
    run = Run.objects.select_for_update(no_key=True).filter(pk=run_id).first()
    if run is None:
        raise RunNotFound
    return run


def note(run: Run, kind: str, user_id: int | None = None, detail: str = "") -> None:
    """Write into the run's history."""
    RunEvent.objects.create(run=run, kind=kind, actor_id=user_id, detail=detail[:255])


@transaction.atomic
def _turn(run_id: uuid.UUID, kind: str, user_id: int | None, before: set[str], after: str, *, same: set[str]) -> Run:
    """From one of the states `before` to `after`; unchanged in one of the states `same`."""
    run = hold_run(run_id)
    if run.state in same:
        return run
    if run.state not in before:
        raise _conflict(run, kind)
    now = timezone.now()
    run.state = after
    run.due_at = run.lease_until = None
    run.worker = ""
    if after == State.QUEUED:
        _queue(run)
        run.started_at = run.started_at or now
    if after in Run.SETTLED:
        run.finished_at = now
    run.save()
    note(run, kind, user_id)
    return run


def _queue(run: Run) -> None:
    run.state = State.QUEUED
    run.due_at = timezone.now()
    run.attempts = 0
    run.last_error = ""


def _conflict(run: Run, kind: str) -> RunStateConflict:
    what = f"A dry run that is {run.state}" if run.dry_run else f"A run that is {run.state}"
    return RunStateConflict(f"{what} cannot be {kind}.", extra={"state": run.state})


def _made(operation: type[Operation], asked: Mapping[str, Any], *, reason: str, run_id: uuid.UUID | None = None) -> Run:
    """The run that was asked for: a new one, unless the one with its id is just that."""
    claim = None if asked["dry_run"] else operation.claim(params=asked["params"])
    if claim is not None and guard_enabled("run_claim"):
        run_id = claim.run_id
    run, is_new = Run.objects.get_or_create(pk=run_id or uuid.uuid4(), defaults={**asked, "reason": reason})
    is_same = is_new or all(getattr(run, name) == value for name, value in asked.items() if name != "file")
    if claim is not None and (claim.is_made if is_new else not (is_same and run.state in UNDER_WAY)):
        raise _taken(claim)
    if not is_same:
        run, is_new = Run.objects.create(**asked, reason=reason), True
    if is_new:
        note(run, "created", asked["started_by_id"])
    return run


def _taken(claim: Claim) -> Invalid:
    return Invalid(claim.message, errors=[FieldError(f"params.{claim.param}", "taken", claim.message)])


def _file_of(operation: type[Operation], given: dict[str, Any]) -> RunFile | None:
    """The uploaded file that `given` names, which is taken out of it."""
    if not operation.takes_file:
        return None
    named = given.pop(FILE_PARAM, None)
    problem = FieldError(f"params.{FILE_PARAM}", "required", "Upload a file first and give its id.")
    if named not in {None, ""}:
        problem = FieldError(f"params.{FILE_PARAM}", "does_not_exist", "There is no such file for this operation.")
        try:
            file = RunFile.objects.filter(pk=uuid.UUID(str(named)), operation=operation.name).first()
        except ValueError:
            file = None
        if file:
            return file
    raise Invalid("The parameters cannot be used.", errors=[problem])


def operation_of(run: Run) -> type[Operation]:
    """The code of a run. Raises OperationNotFound when it is gone."""
    return operation_named(run.operation)
