"""The way from an outbox row to its handlers."""

from collections.abc import Sequence

from celery import shared_task
from django.conf import settings

from core.outbox.services import attempt_delivery, note_handlers, spread_events, take_due_deliveries

# 500 events are spread and taken in 40-50 ms; ten such batches are well under a run's limits.
BATCH = 500
BATCHES_PER_RUN = 10
# A delivery costs 3-4 ms, so a message is some 70 ms of work: enough to outweigh its own cost, and
# little enough to spread a backlog over the workers.
MESSAGE_SIZE = 20


@shared_task(name="outbox.relay")
def relay() -> None:
    """Write the deliveries of new events and send what is due to the queues, in bounded batches."""
    note_handlers()
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
