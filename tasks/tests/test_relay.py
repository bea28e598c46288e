"""What the relay sends together, and how much of it."""

from datetime import timedelta

import pytest
import redis
from celery import current_app
from django.utils import timezone

from core.notifications.models import Mail
from core.notifications.services import count_mails_under_way
from core.outbox.models import Delivery, Event
from tasks.celery_settings import QUEUES
from tasks.relay import MESSAGE_SIZE, MOST_UNDER_WAY, messages_of
from tasks.senders.mail import MESSAGE_SIZE as MAILS_PER_MESSAGE

pytestmark = pytest.mark.django_db
# The handlers, what is under way, the new events, and of each queue what is due.
IDLE_STATEMENTS = 3 + len(QUEUES)


@pytest.fixture
def queues(settings):
    """The broker's queues, which no worker reads while these tests run."""
    with redis.Redis.from_url(settings.BROKER_URL) as client:
        client.delete(*QUEUES)
        yield lambda: {queue: client.llen(queue) for queue in QUEUES if client.llen(queue)}
        client.delete(*QUEUES)


def make_backlog(queue: str, count: int) -> None:
    """So many deliveries that wait for this queue's workers."""
    Delivery.objects.bulk_create(
        Delivery(event=event, handler="email_order_confirmation", queue=queue)
        for event in Event.objects.bulk_create(
            Event(name="orders.order_placed", payload={}, relayed_at=timezone.now()) for _ in range(count)
        )
    )


@pytest.mark.parametrize("urgency", [1, -1], ids=["before", "after"])
def test_a_queue_that_nobody_works_on_holds_up_no_other(queues, urgency):
    unserved, served = ("default", "notifications")[::urgency]
    make_backlog(unserved, MOST_UNDER_WAY + MOST_UNDER_WAY // 2)
    current_app.tasks["outbox.relay"]()
    make_backlog(served, 1)
    current_app.tasks["outbox.relay"]()
    assert queues() == {unserved: MOST_UNDER_WAY // MESSAGE_SIZE, served: 1}


def test_an_idle_relay_costs_as_many_statements_with_a_backlog_that_waits(queues, count_statements):
    def statements_of_a_run() -> int:
        with count_statements() as statements:
            current_app.tasks["outbox.relay"]()
        return len(statements)

    current_app.tasks["outbox.relay"]()
    idle = statements_of_a_run()
    make_backlog("default", MOST_UNDER_WAY + 1)
    current_app.tasks["outbox.relay"]()
    assert (idle, statements_of_a_run()) == (IDLE_STATEMENTS, IDLE_STATEMENTS - 1)  # a full queue is not asked


def test_no_more_is_sent_than_workers_can_begin_within_a_lease(queues):
    make_backlog("notifications", MOST_UNDER_WAY + 1)
    for _ in range(2):
        current_app.tasks["outbox.relay"]()
        assert queues() == {"notifications": MOST_UNDER_WAY // MESSAGE_SIZE}
    Delivery.objects.filter(due_at__gt=timezone.now()).update(state="dead")  # the workers got on
    current_app.tasks["outbox.relay"]()
    assert queues() == {"notifications": MOST_UNDER_WAY // MESSAGE_SIZE + 1}


def test_no_more_mails_are_sent_than_senders_can_begin_within_a_lease(queues):
    Mail.objects.bulk_create(
        Mail(key=f"key-{number}", kind="user_registered", recipient="ada@shop.example", subject="Welcome")
        for number in range(MOST_UNDER_WAY + 10)
    )
    for _ in range(3):
        current_app.tasks["notifications.sweep_mails"]()
    assert queues() == {"notifications": MOST_UNDER_WAY // MAILS_PER_MESSAGE}
    Mail.objects.filter(due_at__gt=timezone.now()).update(state="sending")  # the senders got on
    current_app.tasks["notifications.sweep_mails"]()
    assert queues() == {"notifications": MOST_UNDER_WAY // MAILS_PER_MESSAGE + 1}
    # One that was postponed is with nobody.
    Mail.objects.update(state="queued", last_error="450 later", due_at=timezone.now() + timedelta(seconds=5))
    assert count_mails_under_way() == 0


def test_what_was_tried_before_travels_alone():
    pairs = [(number, 0) for number in range(MESSAGE_SIZE)] + [(100, 1), (101, 0), (102, 4)]
    assert messages_of(pairs) == [pairs[:MESSAGE_SIZE], [(101, 0)], [(100, 1)], [(102, 4)]]
