"""The engine: a run is advanced batch by batch until it is done, its time is over, or the worker stops."""

import mmap
import os
import socket
import time
from collections.abc import Callable
from typing import Any

from celery import shared_task
from celery.signals import worker_shutting_down
from django.conf import settings

from core.faults import fault_point
from core.operations.services.working import (
    Lease,
    RecordedFailure,
    claim_run,
    do_next_batch,
    prepared_operation,
    release_lease,
    renew_lease,
    take_due_runs,
)

# Shared by the worker and the processes that it forks: only the former is told to stop.
_stopping = mmap.mmap(-1, 1)
RENEW_SECONDS = 2.0


class Stopped(Exception):
    """The worker stops; the run is given back."""


@worker_shutting_down.connect
def note_shutdown(**kwargs: Any) -> None:
    """SIGTERM: runs make room after the batch that is being done."""
    _stopping[0] = 1


def is_stopping() -> bool:
    """Whether this worker was told to stop."""
    return _stopping[0] == 1


@shared_task(name="operations.sweep")
def sweep() -> None:
    """Send the runs that are due to the workers: new ones, resumed ones, those whose worker died."""
    for run_id, token in take_due_runs():
        advance.apply_async(args=[run_id, token], queue="operations", expires=settings.RUN_LEASE.total_seconds())


@shared_task(name="operations.advance")
def advance(run_id: str, token_seen: int) -> None:
    """Work on a run for `RUN_YIELD`, then make room for others."""
    lease = claim_run(run_id=run_id, token_seen=token_seen, worker=worker_name())
    if lease is not None:
        fault_point("run.claimed")
        ends = time.monotonic() + settings.RUN_YIELD.total_seconds()
        work(lease, must_stop=lambda: is_stopping() or time.monotonic() > ends)


def work(lease: Lease, *, must_stop: Callable[[], bool], progress: Callable[[], None] = lambda: None) -> None:
    """Do batches of a claimed run until it is done or `must_stop` says so, and give it back."""
    with RecordedFailure(lease):
        try:
            operation = prepared_operation(lease=lease)
            operation.prepare(keeper(lease))
            while do_next_batch(lease=lease, operation=operation):
                progress()
                if must_stop():
                    raise Stopped
        except Stopped:
            release_lease(lease=lease)


def keeper(lease: Lease) -> Callable[[], None]:
    """What an operation calls while it prepares: keeps the lease, and ends the work when the worker stops."""
    renewed_at = time.monotonic()

    def keep_alive() -> None:
        nonlocal renewed_at
        if is_stopping():
            raise Stopped
        if time.monotonic() - renewed_at > RENEW_SECONDS:
            renew_lease(lease=lease)
            renewed_at = time.monotonic()

    return keep_alive


def worker_name() -> str:
    """Which process this is, for staff and tests."""
    return f"{socket.gethostname()[:80]}:{os.getpid()}"
