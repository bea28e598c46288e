"""An erasure beside something that the same person does at that moment: nothing of him is left behind."""

from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone

from core.accounts.models import DataExport, User
from core.accounts.services import request_export
from core.accounts.tests.factories import make_user
from core.notifications.models import Mail
from core.notifications.services import queue_mail
from core.outbox.models import Event
from core.outbox.services import spread_events, take_due_deliveries
from market.carts.tests.factories import make_cart
from market.orders.models import Order
from market.orders.tests.factories import make_order
from market.reviews.tests.factories import deliver
from tasks.erasure import erase_everywhere, erase_users
from tasks.relay import deliver as deliver_events
from tests.races.buying import make_stocked
from tests.races.meeting import meet_before_commit

pytestmark = [pytest.mark.system, pytest.mark.django_db(transaction=True)]
NAME = "zq-gone"


@pytest.fixture
def person() -> User:
    return make_user(email=f"{NAME}@shop.example", first_name=NAME, is_verified=True, erase_at=timezone.now())


def work_off() -> None:
    spread_events(limit=100)
    for pairs in take_due_deliveries(limit=100).values():
        deliver_events(pairs)


def test_a_mail_that_is_being_queued_goes_with_the_person(person):
    def queue() -> None:
        context = {"first_name": person.first_name}
        queue_mail(kind="user_registered", recipient=person.email, context=context, key="k", user_id=person.pk)
        assert Mail.objects.count() == 1

    assert meet_before_commit(queue, partial(erase_everywhere, user_id=person.pk)) == []
    assert (Mail.objects.count(), User.objects.get(pk=person.pk).first_name) == (0, "")


def test_an_order_that_is_being_placed_is_sent_and_then_parted_from_the_person(person):
    cart = make_cart(units={make_stocked(units=5): 1}, customer=person.customer)
    assert (
        meet_before_commit(
            lambda: make_order(buyer=person, cart=cart, note=NAME), partial(erase_everywhere, user_id=person.pk)
        )
        == []
    )
    order = Order.objects.get()
    assert (order.customer_id, order.note, order.shipping_address["name"]) == (person.customer.pk, NAME, "Ada Buyer")
    deliver(order)
    User.objects.filter(pk=person.pk).update(erased_at=timezone.now() - timedelta(days=1), erase_at=timezone.now())
    erase_users()
    work_off()
    order.refresh_from_db()
    assert (order.customer_id, order.note, order.shipping_address["name"]) == (None, "", "erased")
    assert not Mail.objects.filter(user=person).exists()
    assert User.objects.get(pk=person.pk).erase_at is None


def test_a_copy_that_is_being_made_goes_with_the_person(person):
    request_export(user_id=person.pk)
    assert meet_before_commit(work_off, partial(erase_everywhere, user_id=person.pk)) == []
    assert (DataExport.objects.count(), Mail.objects.count(), Event.objects.count()) == (0, 0, 1)
