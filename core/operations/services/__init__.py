"""Everything that changes runs."""

from core.operations.services.erasing import erase_operator
from core.operations.services.failures import failed_rows
from core.operations.services.files import open_file, prune_batches, prune_failures, prune_files, store_file
from core.operations.services.runs import (
    cancel_run,
    create_run,
    pause_run,
    resume_run,
    retry_failed_rows,
    start_in_earnest,
    start_run,
)

__all__ = [
    "cancel_run",
    "create_run",
    "erase_operator",
    "failed_rows",
    "open_file",
    "pause_run",
    "prune_batches",
    "prune_failures",
    "prune_files",
    "resume_run",
    "retry_failed_rows",
    "start_in_earnest",
    "start_run",
    "store_file",
]
