"""The way from an outbox row to its handlers."""

from collections.abc import Sequence

from celery import shared_task
from django.conf import settings

from core.outbox.services import attempt_delivery, spread_events, take_due_deliveries

# 500 events are spread in about 50 ms; a run takes at most ten such batches, well under its limits.
BATCH = 500
BATCHES_PER_RUN = 10
# Small enough to be spread over the workers, large enough that messages cost less than the work.
MESSAGE_SIZE = 20


@shared_task(name="outbox.relay")
def relay() -> None:
    """Write the deliveries of new events and send what is due to the queues, in bounded batches."""
    for _ in range(BATCHES_PER_RUN):
        spread = spread_events(limit=BATCH)
        due = take_due_deliveries(limit=BATCH)
        for queue, pairs in due.items():
            for start in range(0, len(pairs), MESSAGE_SIZE):
                deliver.apply_async(
                    args=[pairs[start : start + MESSAGE_SIZE]],
                    queue=queue,
                    # Older ones are sent again by then, so a backlog never holds the same work twice.
                    expires=settings.DELIVERY_LEASE.total_seconds(),
                )
        if spread < BATCH and sum(map(len, due.values())) < BATCH:
            return


@shared_task(name="outbox.deliver")
def deliver(pairs: Sequence[tuple[int, int]]) -> None:
    """Try each delivery of a message once: `(delivery id, attempts when it was sent)`."""
    for delivery_id, attempts_seen in pairs:
        attempt_delivery(delivery_id=delivery_id, attempts_seen=attempts_seen)
