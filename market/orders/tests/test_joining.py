"""Orders of guests join the account whose address they were placed with, once that is verified."""

import pytest

from core.accounts.mailed_tokens import CHANGE_EMAIL, VERIFY_EMAIL, token_for
from core.accounts.models import User
from core.accounts.tests.mailbox import mails
from core.outbox.models import Event
from market.orders.models import Order
from market.orders.services import join_guest_orders
from market.orders.tests.factories import make_buyer, make_order

pytestmark = pytest.mark.django_db
ORDERS, VERIFY = "/api/v1/orders/", "/api/v1/auth/verify-email/"


def placed(email: str, **overrides) -> Order:
    return make_order(email=email, **overrides)


def test_they_join_when_the_address_is_verified_and_not_before(api_client, client_of):
    ann = make_buyer(email="ann@example.com")
    order, another = placed("Ann@Example.com"), placed("bob@example.com")
    owned = make_order(buyer=make_buyer(), email="ann@example.com")
    mails()
    assert join_guest_orders(user_id=ann.pk) == 0
    link = f"{ORDERS}{order.number}/?token={order.access_token}"
    assert api_client.get(link).status_code == 200
    api_client.post(VERIFY, {"token": token_for(purpose=VERIFY_EMAIL, user=ann, email=ann.email)})
    mails()
    shown = client_of(ann).get(ORDERS).json()["results"]
    assert [(row["number"], row["events"][-1]["kind"], row["status"]) for row in shown] == [
        (order.number, "joined_account", "pending")
    ]
    assert api_client.get(link).status_code == 404
    another.refresh_from_db()
    owned.refresh_from_db()
    assert (another.customer_id, owned.customer_id == ann.customer.pk) == (None, False)
    [event] = Event.objects.filter(name="orders.guest_orders_joined")
    assert event.payload == {"customer_id": ann.customer.pk, "count": 1}


def test_twice_is_once_and_later_guests_stay_guests():
    ann = make_buyer(email="ann@example.com", is_verified=True)
    placed("ann@example.com")
    assert [join_guest_orders(user_id=ann.pk) for _ in range(2)] == [1, 0]
    later = placed("ann@example.com")
    assert later.access_token


def test_those_of_a_new_address_join_when_it_is_confirmed(api_client):
    ann = make_buyer(email="ann@example.com", new_email="new@example.com")
    placed("new@example.com")
    token = token_for(purpose=CHANGE_EMAIL, user=ann, email="new@example.com")
    assert api_client.post("/api/v1/users/email/confirm/", {"token": token}).status_code == 204
    mails()
    assert Order.objects.get().customer_id == ann.customer.pk


def test_many_orders_are_found_by_their_index_and_joined_in_few_statements(count_statements):
    ann = make_buyer(email="ann@example.com", is_verified=True)
    for _ in range(3):
        placed("ann@example.com")
    with count_statements() as statements:
        assert join_guest_orders(user_id=ann.pk) == 3
    assert len(statements) == 9  # user, customer; orders, update, history, two of promotions; no more orders; the event


@pytest.mark.parametrize("state", [{"is_active": False}, {"is_verified": False}])
def test_nothing_joins_who_is_disabled_or_unverified(state):
    ann = make_buyer(**{"email": "ann@example.com", "is_verified": True} | state)
    placed("ann@example.com")
    assert join_guest_orders(user_id=ann.pk) == 0
    assert User.objects.get(pk=ann.pk).customer.orders.count() == 0
