"""What beat sends round: bounded batches of clean-up, and signs of life."""

from celery import shared_task

from core import housekeeping
from core.idempotency import prune_idempotency_keys
from core.outbox.services import prune_events
from tasks.schedule import HEARTBEAT

# A batch of 1,000 deletes takes well under a second; a run does five at most of each kind.
BATCH = 1000
BATCHES_PER_RUN = 5
PRUNERS = (
    prune_events,
    prune_idempotency_keys,
    housekeeping.prune_changes,
    housekeeping.prune_slots,
    housekeeping.prune_refresh_families,
)


@shared_task(name=HEARTBEAT)
def heartbeat(queue: str) -> None:
    """A worker of this queue lives, and beat reached it."""
    housekeeping.beat_heart(name=f"worker:{queue}")


@shared_task(name="system.prune")
def prune() -> None:
    """Delete rows that outlived their use, in bounded batches."""
    for prune_some in PRUNERS:
        for _ in range(BATCHES_PER_RUN):
            if prune_some(limit=BATCH) < BATCH:
                break
