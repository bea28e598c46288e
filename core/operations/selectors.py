"""Reads of runs, each for somebody: whoever may not run an operation does not see its runs."""

import uuid
from typing import Any

from django.db.models import QuerySet

from core.operations.errors import OperationNotFound, RunNotFound
from core.operations.models import Run
from core.operations.registry import Operation, operation_named, operations_for


def operation_for(*, user: Any, name: str) -> type[Operation]:
    """The operation of that name. Raises OperationNotFound, also when the user may not run it."""
    operation = operation_named(name)
    if operation not in operations_for(user):
        raise OperationNotFound
    return operation


def runs_for(*, user: Any) -> QuerySet[Run]:
    """The runs of the operations that a user may run, newest first, with who made them and their files: one query."""
    names = [operation.name for operation in operations_for(user)]
    return Run.objects.filter(operation__in=names).select_related("started_by", "file").order_by("-created_at", "-pk")


def run_for(*, user: Any, run_id: uuid.UUID) -> Run:
    """One of `runs_for`. Raises RunNotFound."""
    run = runs_for(user=user).filter(pk=run_id).first()
    if run is None:
        raise RunNotFound
    return run
