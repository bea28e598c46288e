"""The outbox's life: events become deliveries, deliveries are tried until done or dead."""

import logging
from collections import defaultdict
from collections.abc import Collection
from datetime import timedelta
from types import TracebackType

from django.conf import settings
from django.db import transaction
from django.db.models import Count, F, Q
from django.utils import timezone
from structlog.contextvars import bound_contextvars

from core.errors import Conflict, NotFound
from core.faults import fault_point
from core.outbox.models import Delivery, Event, KnownHandler
from core.outbox.registry import all_handlers, handler_named, handlers_of
from core.transactions import in_one_transaction

logger = logging.getLogger(__name__)

# Seconds until the next try after the first, second, … failure: half of what fails once works at
# once, and a short outage is over within the fourth wait.
BACKOFF_SECONDS = (2, 5, 15, 45)
# Of a backoff and of a lease; whatever is due later was written by a clock that has been set back.
LONGEST_WAIT = timedelta(seconds=2 * max(BACKOFF_SECONDS))
ERROR_LENGTH = 2000


def erase_from_events(*, user_id: int, customer_id: int, order_ids: Collection[int]) -> None:
    """Payloads are ids alone; what people and exceptions wrote beside them goes. Two statements."""
    about = Q(payload__user_id=user_id) | Q(payload__customer_id=customer_id)
    about |= Q(payload__order_id__in=list(order_ids))
    events = Event.objects.filter(about)
    Delivery.objects.filter(event__in=events).update(last_error="", dismissed_reason="")
    events.update(request_id="")


def note_handlers() -> None:
    """Write down which handlers there are from now on, so that a missing delivery can be told from an
    event older than its handler. One statement, two when there is a new one."""
    known = set(KnownHandler.objects.values_list("name", flat=True))
    new = [KnownHandler(name=handler.name) for handler in all_handlers() if handler.name not in known]
    if new:
        KnownHandler.objects.bulk_create(new, ignore_conflicts=True)


@in_one_transaction
def spread_events(*, limit: int) -> int:
    """Turn up to `limit` new events, oldest first, into one delivery per handler; answers how many.

    Three statements. Events that another relay is working on are skipped.
    """
    events = list(
        Event.objects.filter(relayed_at=None)
        .order_by("created_at")
        .select_for_update(skip_locked=True, no_key=True)[:limit]
    )
    deliveries = [
        Delivery(event=event, handler=handler.name, queue=handler.queue)
        for event in events
        for handler in handlers_of(event.name)
    ]
    Delivery.objects.bulk_create(deliveries, ignore_conflicts=True)
    if events:
        fault_point("relay.spreading")
    Event.objects.filter(pk__in=[event.pk for event in events]).update(relayed_at=timezone.now())
    return len(events)


@in_one_transaction
def take_due_deliveries(*, limit: int, queue: str | None = None) -> dict[str, list[tuple[int, int]]]:
    """Due deliveries, of one queue or of all, to be sent to workers: `(id, attempts so far)` by queue.

    They are not due again for the length of a lease: whatever has not been started by then (the
    broker lost it, its worker died) is taken again. So is what waits longer than anything may: the
    clock that set its time has been set back since. What has used up its attempts dies here: its
    last worker was killed before it could say why. Rows being worked on are locked and skipped.
    """
    now = timezone.now()
    due_at = Q(due_at__lte=now) | Q(due_at__gt=now + LONGEST_WAIT)
    due = list(
        Delivery.objects.filter(due_at, Q() if queue is None else Q(queue=queue), state=Delivery.State.PENDING)
        .order_by("due_at")
        .select_for_update(skip_locked=True, no_key=True)
        .only("pk", "queue", "attempts", "last_error")[:limit]
    )
    spent = [delivery for delivery in due if delivery.attempts >= settings.DELIVERY_ATTEMPTS]
    for delivery in spent:
        delivery.state = Delivery.State.DEAD
        delivery.lease_until = None
        delivery.last_error = delivery.last_error or "Its worker died in every attempt."
    Delivery.objects.bulk_update(spent, ["state", "lease_until", "last_error"])
    by_queue: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for delivery in due:
        if delivery.attempts < settings.DELIVERY_ATTEMPTS:
            by_queue[delivery.queue].append((delivery.pk, delivery.attempts))
    taken = [pk for pairs in by_queue.values() for pk, _ in pairs]
    Delivery.objects.filter(pk__in=taken).update(due_at=now + settings.DELIVERY_LEASE)
    return dict(by_queue)


def count_under_way() -> dict[str, int]:
    """How many deliveries of each queue were taken for the first time and not begun yet: their lease runs.

    One statement.
    """
    under_way = Delivery.objects.filter(
        state=Delivery.State.PENDING,
        attempts=0,
        due_at__gt=timezone.now(),
        due_at__lte=timezone.now() + settings.DELIVERY_LEASE,
    )
    return dict(under_way.values_list("queue").annotate(Count("pk")))


def attempt_delivery(*, delivery_id: int, attempts_seen: int) -> bool:
    """Try a delivery once; answers whether this call was the one to try.

    `attempts_seen` fences it: of several messages about the same attempt one gets through. The
    claim is a commit of its own, so that a handler that kills its worker is counted. The handler's
    writes and the mark `done` are one commit. Whatever the handler raises is recorded.
    """
    if not _claim(delivery_id=delivery_id, attempts_seen=attempts_seen):
        return False
    fault_point("delivery.claimed")
    with _RecordedFailure(delivery_id=delivery_id, attempt=attempts_seen + 1):
        _run_handler(delivery_id=delivery_id, attempt=attempts_seen + 1)
    fault_point("delivery.committed")
    return True


@in_one_transaction
def _claim(*, delivery_id: int, attempts_seen: int) -> bool:
    waiting = Delivery.objects.filter(pk=delivery_id, state=Delivery.State.PENDING, attempts=attempts_seen)
    if attempts_seen >= settings.DELIVERY_ATTEMPTS or not waiting.select_for_update(skip_locked=True).exists():
        return False
    until = timezone.now() + settings.DELIVERY_LEASE
    return bool(waiting.update(attempts=F("attempts") + 1, lease_until=until, due_at=until))


@in_one_transaction
def _run_handler(*, delivery_id: int, attempt: int) -> None:
    """The row stays locked while the handler runs: a living handler loses nothing to its lease."""
    delivery = (
        Delivery.objects.select_related("event")
        .select_for_update(of=("self",))
        .filter(pk=delivery_id, state=Delivery.State.PENDING, attempts=attempt)
        .first()
    )
    if delivery is None:
        return
    handler = handler_named(delivery.handler)
    if handler is None:
        raise LookupError(f"No code handles {delivery.handler!r}.")
    with bound_contextvars(request_id=delivery.event.request_id, delivery=delivery.pk, handler=handler.name):
        handler.function(delivery.event)
    delivery.state = Delivery.State.DONE
    delivery.done_at = timezone.now()
    delivery.lease_until = None
    delivery.last_error = ""
    delivery.save(update_fields=["state", "done_at", "lease_until", "last_error"])
    fault_point("delivery.handled")


class _RecordedFailure:
    """Writes what a handler raised to its delivery: tried again later, or dead after the last attempt."""

    def __init__(self, *, delivery_id: int, attempt: int) -> None:
        self.delivery_id = delivery_id
        self.attempt = attempt

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        if not isinstance(error, Exception):
            return False
        is_last = self.attempt >= settings.DELIVERY_ATTEMPTS
        wait = BACKOFF_SECONDS[min(self.attempt, len(BACKOFF_SECONDS)) - 1]
        Delivery.objects.filter(pk=self.delivery_id, state=Delivery.State.PENDING, attempts=self.attempt).update(
            state=Delivery.State.DEAD if is_last else Delivery.State.PENDING,
            due_at=timezone.now() + timedelta(seconds=wait),
            lease_until=None,
            last_error=f"{type(error).__name__}: {error}"[:ERROR_LENGTH],
        )
        logger.log(
            logging.ERROR if is_last else logging.WARNING,
            "Delivery %s failed in attempt %s%s.",
            self.delivery_id,
            self.attempt,
            " and is a dead letter now" if is_last else "",
            exc_info=error,
        )
        return True


def retry_delivery(*, delivery_id: int) -> None:
    """Give a dead letter all its attempts again, now. Raises NotFound, or Conflict when it is not dead."""
    changed = Delivery.objects.filter(pk=delivery_id, state=Delivery.State.DEAD).update(
        state=Delivery.State.PENDING, attempts=0, due_at=timezone.now(), lease_until=None
    )
    if not changed:
        _refuse_living(delivery_id)


def dismiss_delivery(*, delivery_id: int, reason: str) -> None:
    """Put a dead letter aside for good. Raises NotFound, or Conflict when it is not dead or no reason is given."""
    if not reason.strip():
        raise Conflict("A dead letter is dismissed with a reason.", code="reason_required")
    changed = Delivery.objects.filter(pk=delivery_id, state=Delivery.State.DEAD).update(
        state=Delivery.State.DISMISSED, dismissed_reason=reason.strip()[:255]
    )
    if not changed:
        _refuse_living(delivery_id)


def _refuse_living(delivery_id: int) -> None:
    state = Delivery.objects.filter(pk=delivery_id).values_list("state", flat=True).first()
    if state is None:
        raise NotFound(f"There is no delivery {delivery_id}.")
    raise Conflict(f"Delivery {delivery_id} is {state}, not dead.", code="delivery_not_dead")


def prune_events(*, limit: int) -> int:
    """Delete up to `limit` events older than the retention whose deliveries are all settled."""
    before = timezone.now() - settings.EVENT_RETENTION
    unsettled = Q(deliveries__state__in=[Delivery.State.PENDING, Delivery.State.DEAD])
    old = Event.objects.filter(relayed_at__lt=before).exclude(unsettled).order_by("relayed_at")
    with transaction.atomic():
        ids = list(old.select_for_update(skip_locked=True, of=("self",)).values_list("pk", flat=True)[:limit])
        Event.objects.filter(pk__in=ids).delete()
    return len(ids)
