"""Runs in tests: made, started, and worked on in this process."""

import io
from pathlib import Path
from typing import Any

from core.operations import services
from core.operations.models import Run
from core.operations.registry import operation_named
from core.operations.services.working import claim_run
from tasks.operations.engine import work


def run_of(operation: str, *, file: Path | bytes | None = None, dry_run: bool = False, **params: Any) -> Run:
    """A run of the operation that has been worked on until it rests."""
    known = operation_named(operation)
    if file is not None:
        content = file if isinstance(file, bytes) else file.read_bytes()
        stored = services.store_file(operation=known, name="export.csv", stream=io.BytesIO(content), user_id=None)
        params["file"] = str(stored.pk)
    run = services.create_run(operation=known, params=params, dry_run=dry_run)
    return worked_on(services.start_run(run_id=run.pk))


def worked_on(run: Run) -> Run:
    """The run after a worker had it."""
    work(claim_run(run_id=run.pk, worker="tests:1"), must_stop=lambda: False)
    run.refresh_from_db()
    return run
