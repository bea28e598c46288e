"""Reading orders: whose they are, how lists are filtered, what they cost."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from market.carts.tests.factories import make_full_cart
from market.orders.models import Order
from market.orders.tests.factories import make_buyer, make_order, make_staff
from market.payments.models import Payment, Refund

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unthrottled")]
URL = "/api/v1/orders/"


def numbers(response) -> list[str]:
    assert response.status_code == 200, response.content
    return [order["number"] for order in response.json()["results"]]


def test_the_list_has_ones_own_newest_first(api_client, client_of):
    buyer, other = make_buyer(), make_buyer()
    mine = [make_order(buyer=buyer).number for _ in range(3)]
    make_order(buyer=other)
    make_order()
    assert numbers(client_of(buyer).get(URL)) == mine[::-1]
    assert numbers(client_of(make_buyer()).get(URL)) == []
    assert api_client.get(URL).status_code == 401


def test_staff_with_the_permission_see_all_and_others_their_own(client_of):
    theirs = make_order(buyer=make_buyer())
    guests = make_order()
    assert numbers(client_of(make_staff("orders.view_order")).get(URL)) == [guests.number, theirs.number]
    assert numbers(client_of(make_staff()).get(URL)) == [guests.number, theirs.number]
    staff = make_staff("catalog.view_product")
    own = make_order(buyer=staff)
    assert numbers(client_of(staff).get(URL)) == [own.number]


def test_one_order_opens_to_its_buyer_its_token_and_staff_only(api_client, client_of):
    buyer = make_buyer()
    order, guests, another = make_order(buyer=buyer), make_order(), make_order()
    token = guests.access_token
    clients = {
        "anonymous": (api_client, {}),
        "token": (api_client, {"X-Order-Token": token}),
        "wrong token": (api_client, {"X-Order-Token": another.access_token}),
        "buyer": (client_of(buyer), {}),
        "other": (client_of(make_buyer()), {}),
        "other with token": (client_of(make_buyer()), {"X-Order-Token": token}),
        "staff": (client_of(make_staff("orders.view_order")), {}),
        "other staff": (client_of(make_staff("catalog.view_product")), {}),
    }
    opens = {
        name: [client.get(f"{URL}{number}/", headers=headers).status_code for number in (order.number, guests.number)]
        for name, (client, headers) in clients.items()
    }
    assert opens == {
        "anonymous": [404, 404],
        "token": [404, 200],
        "wrong token": [404, 404],
        "buyer": [200, 404],
        "other": [404, 404],
        "other with token": [404, 200],
        "staff": [200, 200],
        "other staff": [404, 404],
    }
    foreign, absent = (api_client.get(f"{URL}{number}/").json() for number in (order.number, "S7K4-92QF-M3"))
    assert foreign == absent


def test_a_customers_order_has_no_token_at_all(api_client):
    order = make_order(buyer=make_buyer())
    as_guest = Order(number=order.number)
    assert (order.access_token, order.is_opened_by(as_guest.access_token), order.is_opened_by("")) == ("", False, False)


def test_a_mailed_link_opens_the_order_and_does_not_tell_the_next_page(api_client):
    order = make_order()
    response = api_client.get(f"{URL}{order.number}/?token={order.access_token}")
    assert response.status_code == 200
    assert (response["Referrer-Policy"], response["Cache-Control"]) == ("no-referrer", "private, no-store")
    assert "access_token" not in response.json()


def test_a_token_survives_the_rotation_of_the_secret(api_client, settings):
    order = make_order()
    token = order.access_token
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "a-new-secret-key-with-at-least-32-bytes"
    assert api_client.get(f"{URL}{order.number}/", headers={"X-Order-Token": token}).status_code == 200
    settings.SECRET_KEY_FALLBACKS = []
    assert api_client.get(f"{URL}{order.number}/", headers={"X-Order-Token": token}).status_code == 404


def test_filters_give_the_rows_of_the_oracle(client_of):
    now = timezone.now()
    for days, (status, payment_status) in enumerate(
        [("pending", "pending"), ("confirmed", "complete"), ("confirmed", "pending"), ("canceled", "failed")]
    ):
        order = make_order()
        Order.objects.filter(pk=order.pk).update(
            status=status, payment_status=payment_status, placed_at=now - timedelta(days=days)
        )
    everything = list(Order.objects.newest_first())
    middle = (now - timedelta(days=2)).isoformat().replace("+00:00", "Z")
    cases = [
        ({}, lambda o: True),
        ({"status": "confirmed"}, lambda o: o.status == "confirmed"),
        ({"payment_status": "pending"}, lambda o: o.payment_status == "pending"),
        (
            {"status": "confirmed", "payment_status": "pending"},
            lambda o: (o.status, o.payment_status) == ("confirmed", "pending"),
        ),
        ({"placed_after": middle}, lambda o: o.placed_at >= now - timedelta(days=2)),
        ({"placed_before": middle}, lambda o: o.placed_at < now - timedelta(days=2)),
    ]
    client = client_of(make_staff())
    for query, belongs in cases:
        assert numbers(client.get(URL, query)) == [o.number for o in everything if belongs(o)], query


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"status": "lost"}, "status"),
        ({"payment_status": "gone"}, "payment_status"),
        ({"placed_after": "yesterday"}, "placed_after"),
        ({"customer": "1"}, "customer"),
        ({"limit": "1000000000"}, "limit"),
    ],
)
def test_an_unknown_filter_is_refused_by_name(client_of, query, field):
    response = client_of(make_buyer()).get(URL, query)
    assert (response.status_code, response.json()["errors"][0]["field"]) == (400, field)


def refunded(order: Order, *amounts: str) -> list[Refund]:
    """Money that went back, an hour apart and the last first: nothing is told by the order of the rows."""
    payment, at = Payment.objects.get(order=order), order.placed_at
    return [
        Refund.objects.create(
            payment=payment, amount=Decimal(amount), reference=amount, refunded_at=at + timedelta(hours=hours)
        )
        for hours, amount in reversed(list(enumerate(amounts)))
    ][::-1]


def test_an_order_tells_what_went_back_oldest_first(client_of):
    buyer = make_buyer()
    order, other = make_order(buyer=buyer), make_order(buyer=buyer)
    refunds = refunded(order, "1.00", "12.50")
    expected = [
        {
            "id": str(refund.pk),
            "payment": str(refund.payment_id),
            "amount": refund.reference,
            "currency": "GBP",
            "refunded_at": refund.refunded_at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        }
        for refund in refunds
    ]
    client = client_of(buyer)
    assert client.get(f"{URL}{order.number}/").json()["refunds"] == expected
    assert [row["refunds"] for row in client.get(URL).json()["results"]] == [[], expected]
    assert client.get(f"{URL}{other.number}/").json()["refunds"] == []


@pytest.mark.parametrize("lines", [1, 50])
def test_one_order_costs_six_statements(client_of, count_statements, lines):
    buyer = make_buyer()
    order = make_order(buyer=buyer, cart=make_full_cart(lines=lines))
    client = client_of(buyer)
    with count_statements() as statements:
        assert len(client.get(f"{URL}{order.number}/").json()["items"]) == lines
    assert len(statements) == 6, statements
