"""Saved addresses over HTTP: one's own, two defaults at most, and orders that are sent there."""

import pytest

from market.carts.tests.factories import make_cart, make_offer
from market.customers.models import Address
from market.customers.services.addresses import MAX_ADDRESSES
from market.orders.models import Order
from market.orders.tests.factories import checkout_body, make_buyer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unthrottled")]
ADDRESSES, ORDERS = "/api/v1/addresses/", "/api/v1/orders/"
HOME = {
    "name": "Ann Lee",
    "line1": "1 Sample Street",
    "line2": "Flat 2",
    "city": "London",
    "region": "Greater London",
    "postal_code": "N1 9GU",
    "country": "GB",
    "phone": "+44 20 7946 0958",
}
FLAGS = {"is_default_shipping": False, "is_default_billing": False}


def saved(client, **overrides) -> dict:
    answer = client.post(ADDRESSES, HOME | overrides)
    assert answer.status_code == 201, answer.json()
    return answer.json()


def test_an_address_is_saved_listed_changed_and_forgotten(client_of):
    client = client_of(make_buyer())
    first = saved(client, country="gb")
    assert first.items() >= (HOME | FLAGS).items()
    assert first["created_at"].endswith("Z")
    second = saved(client, name="Work")
    assert [row["id"] for row in client.get(ADDRESSES).json()["results"]] == [first["id"], second["id"]]
    url = f"{ADDRESSES}{first['id']}/"
    put = client.put(url, first | {"city": "Leeds", "line2": ""})
    assert (put.status_code, put.json()["city"], put.json()["line2"]) == (200, "Leeds", "")
    assert client.get(url).json() == put.json()
    patched = client.patch(url, {"phone": ""}).json()
    assert {name: patched[name] for name in HOME} == HOME | {"city": "Leeds", "line2": "", "phone": ""}
    assert client.delete(url).status_code == 204
    for method in ("get", "put", "patch", "delete"):
        assert getattr(client, method)(url, HOME).status_code == 404
    assert Address.objects.count() == 1


def test_a_new_default_takes_the_place_of_the_present_one(client_of):
    client, stranger = client_of(make_buyer()), client_of(make_buyer())
    other = saved(stranger, is_default_shipping=True)
    both = saved(client, is_default_shipping=True, is_default_billing=True)
    parcels = saved(client, is_default_shipping=True)

    def defaults(of) -> list[tuple]:
        rows = of.get(ADDRESSES).json()["results"]
        return [(row["id"], row["is_default_shipping"], row["is_default_billing"]) for row in rows]

    assert defaults(client) == [(both["id"], False, True), (parcels["id"], True, False)]
    client.patch(f"{ADDRESSES}{both['id']}/", {"is_default_shipping": True})
    assert defaults(client) == [(both["id"], True, True), (parcels["id"], False, False)]
    assert defaults(stranger) == [(other["id"], True, False)]
    client.put(f"{ADDRESSES}{both['id']}/", HOME)
    assert defaults(client) == [(both["id"], False, False), (parcels["id"], False, False)]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", None),
        ("name", "x" * 201),
        ("line1", "1 Street\nRecipient: somebody else"),
        ("city", "x" * 101),
        ("postal_code", "x" * 21),
        ("country", "XX"),
        ("country", "GBR"),
        ("is_default_shipping", "perhaps"),
    ],
)
def test_a_malformed_address_is_refused_by_field_and_changes_nothing(client_of, field, value):
    client = client_of(make_buyer())
    address = saved(client)
    url = f"{ADDRESSES}{address['id']}/"
    for answer in (client.post(ADDRESSES, HOME | {field: value}), client.patch(url, {field: value})):
        assert answer.status_code == 400
        assert {error["field"] for error in answer.json()["errors"]} == {field}
    assert client.get(ADDRESSES).json()["results"] == [address]


def test_there_is_an_end_to_saving_addresses(client_of):
    buyer = make_buyer()
    Address.objects.bulk_create(Address(customer=buyer.customer, **HOME) for _ in range(MAX_ADDRESSES - 1))
    client = client_of(buyer)
    saved(client)
    refused = client.post(ADDRESSES, HOME)
    assert (refused.status_code, refused.json()["code"]) == (409, "too_many_addresses")
    assert Address.objects.count() == MAX_ADDRESSES


def test_a_list_costs_the_same_however_long(client_of, count_statements):
    buyer = make_buyer()
    client = client_of(buyer)
    costs = []
    for more in (1, 19, 30):
        Address.objects.bulk_create(Address(customer=buyer.customer, **HOME) for _ in range(more))
        with count_statements() as statements:
            client.get(f"{ADDRESSES}?limit=100")
        costs.append(len(statements))
    assert costs == [3, 3, 3]  # the caller, the count, the page


def test_an_order_is_sent_to_a_saved_address(client_of, count_statements):
    buyer = make_buyer()
    client = client_of(buyer)
    address = saved(client)
    body = checkout_body(make_cart(units={make_offer(): 1}), shipping_address=None, shipping_address_id=address["id"])
    with count_statements() as statements:
        answer = client.post(ORDERS, body, headers={"Idempotency-Key": "k"})
    assert answer.status_code == 201, answer.json()
    assert len(statements) <= 12
    assert (answer.json()["shipping_address"], answer.json()["billing_address"]) == (HOME, HOME)
    client.delete(f"{ADDRESSES}{address['id']}/")
    again = client.post(ORDERS, body, headers={"Idempotency-Key": "k"})
    assert (again.status_code, again.json()["number"]) == (201, answer.json()["number"])
    assert Order.objects.get().shipping_address == HOME


@pytest.mark.parametrize(
    ("case", "field", "code"),
    [
        ("another's", "shipping_address_id", "unknown"),
        ("a guest's", "shipping_address_id", "unknown"),
        ("nobody's", "shipping_address_id", "unknown"),
        ("both", "shipping_address_id", "both"),
        ("neither", "shipping_address", "required"),
    ],
)
def test_an_order_is_not_sent_to_what_is_not_ones_own(api_client, client_of, case, field, code):
    buyer = make_buyer()
    client = api_client if case == "a guest's" else client_of(buyer)
    owner = client_of(make_buyer() if case in {"another's", "a guest's"} else buyer)
    number = saved(owner)["id"] if case != "nobody's" else 2**62
    given = {"shipping_address_id": number if case != "neither" else None}
    cart = make_cart(units={make_offer(): 1})
    body = checkout_body(cart, **given) if case == "both" else checkout_body(cart, shipping_address=None, **given)
    answer = client.post(ORDERS, body)
    assert answer.status_code == 400
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [(field, code)]
    assert not Order.objects.exists()
