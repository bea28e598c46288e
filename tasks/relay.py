"""The way from an outbox row to its handlers."""

from collections.abc import Sequence

from celery import shared_task
from django.conf import settings

from core.faults import fault_point
from core.outbox.services import (
    attempt_delivery,
    count_under_way,
    note_handlers,
    spread_events,
    take_due_deliveries,
)

# 500 events are spread and taken in 40-50 ms; ten such batches are well under a run's limits.
BATCH = 500
BATCHES_PER_RUN = 10
# What is sent and not begun within its lease is sent again. With ten thousand rows sent at once on a
# busy machine all the workers did was to take rows again: none was delivered in three minutes.
MOST_UNDER_WAY = 1000
# A delivery costs 3-4 ms, so a message is some 70 ms of work: enough to outweigh its own cost, and
# little enough to spread a backlog over the workers.
MESSAGE_SIZE = 20


@shared_task(name="outbox.relay")
def relay() -> None:
    """Write the deliveries of new events and send what is due to the queues, in bounded batches,
    never more than the workers can begin within a lease."""
    note_handlers()
    room = MOST_UNDER_WAY - count_under_way()
    for _ in range(BATCHES_PER_RUN):
        spread = spread_events(limit=BATCH)
        if spread:
            fault_point("relay.spread")
        due = take_due_deliveries(limit=max(0, min(BATCH, room)))
        if due:
            fault_point("relay.taken")
        taken = sum(map(len, due.values()))
        room -= taken
        for queue, pairs in due.items():
            for message in messages_of(pairs):
                deliver.apply_async(
                    args=[message],
                    queue=queue,
                    # Older ones are sent again by then, so a backlog never holds the same work twice.
                    expires=settings.DELIVERY_LEASE.total_seconds(),
                )
        if spread < BATCH and taken < BATCH:
            return


def messages_of(pairs: Sequence[tuple[int, int]]) -> list[Sequence[tuple[int, int]]]:
    """What goes to a worker together. What was tried before goes alone: if it kills its worker again, it
    takes no others with it, which would have to wait for their lease."""
    untried = [pair for pair in pairs if pair[1] == 0]
    together = [untried[start : start + MESSAGE_SIZE] for start in range(0, len(untried), MESSAGE_SIZE)]
    return [*together, *([pair] for pair in pairs if pair[1] > 0)]


@shared_task(name="outbox.deliver")
def deliver(pairs: Sequence[tuple[int, int]]) -> None:
    """Try each delivery of a message once: `(delivery id, attempts when it was sent)`."""
    for delivery_id, attempts_seen in pairs:
        attempt_delivery(delivery_id=delivery_id, attempts_seen=attempts_seen)
