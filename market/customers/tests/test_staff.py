"""Customers and what they ordered, as staff see them."""

import pytest

from market.customers.api.permissions import ViewCustomerHistoryPermission
from market.customers.api.views import CustomerHistoryViewSet
from market.customers.models import Address
from market.customers.tests.test_addresses import HOME
from market.orders.tests.factories import make_buyer, make_order, make_staff

pytestmark = pytest.mark.django_db
CUSTOMERS = "/api/v1/customers/"


def history_of(buyer) -> str:
    return f"{CUSTOMERS}{buyer.customer.pk}/history/"


def test_staff_find_customers_and_open_one(client_of):
    ann = make_buyer(email="ann@example.com", first_name="Ann", last_name="Lee", is_verified=True)
    Address.objects.create(customer=ann.customer, **HOME)
    make_buyer(email="bob@example.com", last_name="Lee")
    client = client_of(make_staff("customers.view_customer"))

    def found(query: str) -> list[str]:
        return [row["email"].split("@")[0] for row in client.get(f"{CUSTOMERS}?{query}").json()["results"]]

    assert found("search=lee") == ["bob", "ann"]
    assert found("search=LEE+ann") == ["ann"]
    assert found("is_verified=true") == ["ann"]
    assert found("created_before=2020-01-01T00:00:00Z") == []
    shown = client.get(f"{CUSTOMERS}{ann.customer.pk}/").json()
    assert shown.items() >= {"id": ann.customer.pk, "full_name": "Ann Lee", "phone": "", "is_active": True}.items()
    assert [address["city"] for address in shown["addresses"]] == ["London"]
    assert client.get(f"{CUSTOMERS}{2**62}/").status_code == 404
    for query in ("is_verified=maybe", "tier=platinum", "ordering=email", "limit=0"):
        answer = client.get(f"{CUSTOMERS}?{query}")
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, query.split("=")[0])


def test_history_is_for_who_may_view_it(client_of, api_client):
    assert CustomerHistoryViewSet.permission_classes == (ViewCustomerHistoryPermission,)
    buyer, other = make_buyer(), make_buyer()
    order = make_order(buyer=buyer)
    make_order(buyer=other)
    make_order()
    viewer = client_of(make_staff("customers.view_customer_history"))
    assert [row["number"] for row in viewer.get(history_of(buyer)).json()["results"]] == [order.number]
    assert viewer.get(f"{history_of(buyer)}?status=shipped").json()["results"] == []
    assert viewer.get(f"{history_of(buyer)}?status=lost").status_code == 400
    assert viewer.get(f"{CUSTOMERS}{2**62}/history/").status_code == 404
    not_staff = make_buyer()
    not_staff.user_permissions.set(make_staff("customers.view_customer_history").user_permissions.all())
    refused = {
        "anonymous": api_client,
        "the customer himself": client_of(buyer),
        "a customer with the permission": client_of(not_staff),
        "staff who see customers and orders": client_of(make_staff("customers.view_customer", "orders.view_order")),
    }
    statuses = {name: client.get(history_of(buyer)).status_code for name, client in refused.items()}
    assert statuses == dict.fromkeys(refused, 403) | {"anonymous": 401}
    assert client_of(make_staff()).get(history_of(buyer)).status_code == 200


@pytest.mark.parametrize("kind", ["customers", "history"])
def test_a_list_costs_the_same_however_long(client_of, count_statements, kind):
    client, buyer = client_of(make_staff()), make_buyer()
    url = history_of(buyer) if kind == "history" else CUSTOMERS
    costs = []
    for more in (1, 19):
        for _ in range(more):
            make_order(buyer=buyer) if kind == "history" else make_buyer()
        with count_statements() as statements:
            rows = client.get(f"{url}?limit=100").json()["results"]
        costs.append(len(statements))
    assert len(rows) >= 20
    # The caller, the count, the page; orders bring the customer, lines, history and payments along.
    assert costs == {"customers": [3, 3], "history": [7, 7]}[kind]
