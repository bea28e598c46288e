"""From a fact to its handlers' commits: once, whatever fails, and visible when it cannot be."""

import threading
from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from core.errors import Conflict, NotFound
from core.models import Heartbeat
from core.outbox.models import Delivery, Event
from core.outbox.services import (
    attempt_delivery,
    dismiss_delivery,
    prune_events,
    retry_delivery,
    spread_events,
    take_due_deliveries,
)
from core.outbox.tests.factories import handler_of, make_delivery, something_happened

pytestmark = pytest.mark.django_db


def leave_a_trace(event: Event) -> None:
    """A handler's write: one heartbeat of the payload's name."""
    Heartbeat.objects.create(name=event.payload["name"], seen_at=timezone.now())


def traces() -> list[str]:
    return sorted(Heartbeat.objects.values_list("name", flat=True))


def later(**delta: float) -> time_machine.travel:
    return time_machine.travel(timezone.now() + timedelta(**delta), tick=False)


@pytest.fixture
def handled():
    with handler_of(something_happened, leave_a_trace):
        yield


def fail(event: Event) -> None:
    leave_a_trace(event)
    raise ZeroDivisionError("no such luck")


@pytest.fixture
def failing():
    with handler_of(something_happened, fail):
        yield


def test_an_event_becomes_one_delivery_per_handler(handled):
    something_happened.publish(name="one")
    with handler_of(something_happened, lambda event: None, name="react_too"):
        assert [spread_events(limit=10), spread_events(limit=10)] == [1, 0]
    deliveries = Delivery.objects.order_by("handler").values_list("handler", "queue", "state", "attempts")
    assert list(deliveries) == [("react", "default", "pending", 0), ("react_too", "default", "pending", 0)]


def test_an_event_without_handler_is_relayed_and_done():
    event = something_happened.publish(name="nobody")
    spread_events(limit=10)
    event.refresh_from_db()
    assert event.relayed_at is not None
    assert not Delivery.objects.exists()


def test_spreading_is_bounded_and_costs_three_statements(handled, count_statements):
    for number in range(7):
        something_happened.publish(name=str(number))
    with count_statements() as statements:
        assert spread_events(limit=5) == 5
    assert len(statements) == 3
    assert Event.objects.filter(relayed_at=None).count() == 2


def test_a_delivery_is_done_once_however_often_it_is_sent(handled):
    delivery = make_delivery(name="once")
    sent = take_due_deliveries(limit=10)["default"]
    assert sent == [(delivery.pk, 0)]
    assert [attempt_delivery(delivery_id=pk, attempts_seen=seen) for pk, seen in sent * 3] == [True, False, False]
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts, delivery.lease_until, delivery.last_error) == ("done", 1, None, "")
    assert traces() == ["once"]
    with later(hours=1):
        assert take_due_deliveries(limit=10) == {}


def test_what_was_sent_is_sent_again_only_after_its_lease(handled):
    delivery = make_delivery(name="lost by the broker")
    take_due_deliveries(limit=10)
    assert take_due_deliveries(limit=10) == {}
    with later(seconds=settings.DELIVERY_LEASE.total_seconds() + 1):
        assert take_due_deliveries(limit=10) == {"default": [(delivery.pk, 0)]}


def test_a_failing_handler_leaves_no_trace_but_its_error(failing):
    delivery = make_delivery(name="half done")
    assert attempt_delivery(delivery_id=delivery.pk, attempts_seen=0) is True
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == ("pending", 1)
    assert delivery.last_error == "ZeroDivisionError: no such luck"
    assert delivery.due_at > timezone.now()
    assert traces() == []


def test_five_failures_make_a_dead_letter_that_is_not_sent_again(failing):
    delivery = make_delivery(name="never")
    waits = []
    for attempt in range(settings.DELIVERY_ATTEMPTS):
        with later(seconds=0):
            assert attempt_delivery(delivery_id=delivery.pk, attempts_seen=attempt) is True
            delivery.refresh_from_db()
            waits.append((delivery.due_at - timezone.now()).total_seconds())
    assert waits[:4] == [2, 5, 15, 45]
    assert (delivery.state, delivery.attempts) == ("dead", settings.DELIVERY_ATTEMPTS)
    with later(days=1):
        assert take_due_deliveries(limit=10) == {}
    assert attempt_delivery(delivery_id=delivery.pk, attempts_seen=delivery.attempts) is False


class Killed(BaseException):
    """What a handler's process feels of SIGKILL: no line of ours runs any more."""


def test_a_handler_that_kills_its_worker_dies_after_five(handled):
    def kill(event: Event) -> None:
        raise Killed

    with handler_of(something_happened, kill, name="deadly"):
        deadly = make_delivery_of("deadly")
        for attempt in range(settings.DELIVERY_ATTEMPTS):
            with later(minutes=attempt + 1):
                assert (deadly.pk, attempt) in take_due_deliveries(limit=10)["default"]
                with pytest.raises(Killed):
                    attempt_delivery(delivery_id=deadly.pk, attempts_seen=attempt)
        with later(minutes=10):
            take_due_deliveries(limit=10)
    deadly.refresh_from_db()
    assert (deadly.state, deadly.last_error) == ("dead", "Its worker died in every attempt.")


def make_delivery_of(handler: str) -> Delivery:
    something_happened.publish(name="deadly")
    spread_events(limit=10)
    return Delivery.objects.get(handler=handler)


def test_a_handler_that_no_code_has_any_more_is_named():
    with handler_of(something_happened, leave_a_trace, name="forgotten"):
        delivery = make_delivery(name="gone")
    attempt_delivery(delivery_id=delivery.pk, attempts_seen=0)
    delivery.refresh_from_db()
    assert delivery.last_error == "LookupError: No code handles 'forgotten'."


@pytest.mark.django_db(transaction=True)
def test_a_living_handler_is_not_doubled_when_its_lease_is_over():
    """Two workers, one delivery: the second comes while the first still works, long past the lease."""
    working, finish = threading.Event(), threading.Event()

    def work_long(event: Event) -> None:
        working.set()
        finish.wait(120)
        leave_a_trace(event)

    def first_worker() -> None:
        try:
            attempt_delivery(delivery_id=delivery.pk, attempts_seen=0)
        finally:
            connection.close()

    with handler_of(something_happened, work_long):
        delivery = make_delivery(name="slow")
        worker = threading.Thread(target=first_worker)
        worker.start()
        assert working.wait(120)
        with time_machine.travel(timezone.now() + timedelta(minutes=5), tick=False):
            assert take_due_deliveries(limit=10) == {}
            assert attempt_delivery(delivery_id=delivery.pk, attempts_seen=1) is False
        finish.set()
        worker.join()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == ("done", 1)
    assert traces() == ["slow"]


@pytest.mark.django_db(transaction=True)
def test_two_relays_share_the_events(handled):
    """Rows that one relay holds are skipped by the other, not waited for."""
    for number in range(4):
        something_happened.publish(name=str(number))
    with transaction.atomic():
        assert spread_events(limit=2) == 2
        counts = []

        def second_relay() -> None:
            try:
                counts.append(spread_events(limit=10))
            finally:
                connection.close()

        other = threading.Thread(target=second_relay)
        other.start()
        other.join(120)
    assert counts == [2]
    assert Delivery.objects.count() == 4


def test_a_dead_letter_can_be_retried(failing):
    delivery = make_delivery(name="later")
    Delivery.objects.update(state=Delivery.State.DEAD, attempts=5, last_error="Oh")
    retry_delivery(delivery_id=delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts, delivery.last_error) == ("pending", 0, "Oh")
    assert take_due_deliveries(limit=10) == {"default": [(delivery.pk, 0)]}


def test_a_dead_letter_is_dismissed_with_a_reason(failing):
    delivery = make_delivery(name="never mind")
    Delivery.objects.update(state=Delivery.State.DEAD, attempts=5, last_error="Oh")
    dismiss_delivery(delivery_id=delivery.pk, reason=" Told by phone. ")
    delivery.refresh_from_db()
    assert (delivery.state, delivery.dismissed_reason) == ("dismissed", "Told by phone.")


@pytest.mark.parametrize(
    ("service", "arguments", "state", "code"),
    [
        (retry_delivery, {}, "pending", "delivery_not_dead"),
        (retry_delivery, {}, "done", "delivery_not_dead"),
        (dismiss_delivery, {"reason": "Because"}, "done", "delivery_not_dead"),
        (dismiss_delivery, {"reason": "  "}, "dead", "reason_required"),
    ],
)
def test_what_is_not_dead_or_not_explained_stays(handled, service, arguments, state, code):
    delivery = make_delivery(name="alive")
    Delivery.objects.update(state=state, done_at=timezone.now())
    with pytest.raises(Conflict) as refusal:
        service(delivery_id=delivery.pk, **arguments)
    assert refusal.value.code == code
    delivery.refresh_from_db()
    assert delivery.state == state


def test_an_unknown_delivery_is_not_found():
    with pytest.raises(NotFound):
        retry_delivery(delivery_id=1)


def test_pruning_keeps_what_is_young_or_unsettled(handled):
    kept_pending, kept_dead, gone, kept_young = [make_delivery(name=str(number)) for number in range(4)]
    old = timezone.now() - settings.EVENT_RETENTION - timedelta(days=1)
    Event.objects.exclude(pk=kept_young.event_id).update(relayed_at=old)
    Delivery.objects.filter(pk=kept_dead.pk).update(state="dead", last_error="Oh")
    Delivery.objects.filter(pk__in=[gone.pk, kept_young.pk]).update(state="done", done_at=old)
    assert [prune_events(limit=10), prune_events(limit=10)] == [1, 0]
    assert set(Delivery.objects.values_list("pk", flat=True)) == {kept_pending.pk, kept_dead.pk, kept_young.pk}
