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
from tasks.celery_settings import QUEUES

# 500 events are spread and taken in 40-50 ms; ten such batches are well under a run's limits.
BATCH = 500
BATCHES_PER_RUN = 10
# Of each queue, and as many mails. What is sent and not begun within its lease of 10 s is sent again. With ten
# thousand rows sent at once on a busy machine all the workers did was to take rows again: none was delivered in
# three minutes. The dearest delivery, a rendered mail, takes 8 ms of CPU, on a busy machine 25 ms from end to end:
# so many, and their mails at 10 ms each, one process begins in time. More workers are given so many each second.
MOST_UNDER_WAY = 240
# A message is some 100 ms of work: enough to outweigh its own cost, and little enough to spread a backlog over
# the workers.
MESSAGE_SIZE = 20


@shared_task(name="outbox.relay")
def relay() -> None:
    """Write the deliveries of new events and send what is due to the queues, in bounded batches, to none
    more than its workers can begin within a lease: a queue that nobody works on holds up no other."""
    note_handlers()
    under_way = count_under_way()
    room = {queue: MOST_UNDER_WAY - under_way.get(queue, 0) for queue in QUEUES}
    for _ in range(BATCHES_PER_RUN):
        spread = spread_events(limit=BATCH)
        if spread:
            fault_point("relay.spread")
        most_taken = 0
        for queue in QUEUES:
            taken = send_due(queue, limit=min(BATCH, room[queue])) if room[queue] > 0 else 0
            room[queue] -= taken
            most_taken = max(most_taken, taken)
        if spread < BATCH and most_taken < BATCH:
            return


def send_due(queue: str, *, limit: int) -> int:
    """Send up to `limit` due deliveries to their queue; answers how many."""
    pairs = take_due_deliveries(limit=limit, queue=queue).get(queue, [])
    if pairs:
        fault_point("relay.taken")
    for message in messages_of(pairs):
        # Older ones are sent again by then, so a backlog never holds the same work twice.
        deliver.apply_async(args=[message], queue=queue, expires=settings.DELIVERY_LEASE.total_seconds())
    return len(pairs)


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
