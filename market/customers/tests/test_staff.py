"""Customers and what they ordered, as staff see them."""

import pytest
from django.test import Client

from core.accounts.models import User
from market.customers.api.permissions import ViewCustomerHistoryPermission
from market.customers.api.views import CustomerHistoryViewSet
from market.customers.models import Address, Customer
from market.customers.tests.test_addresses import HOME
from market.orders.models import Order
from market.orders.tests.factories import make_buyer, make_order, make_staff

pytestmark = pytest.mark.django_db
CUSTOMERS = "/api/v1/customers/"
INLINES = ("membership", "membership_changes", "addresses")


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
    assert {shown["currency"], client.get(CUSTOMERS).json()["results"][0]["currency"]} == {"GBP"}
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
    make_order(buyer=buyer)
    for rows in (1, 20, 100):
        fill(kind, rows, buyer)
        with count_statements() as statements:
            shown = client.get(f"{url}?limit={rows}").json()["results"]
        costs.append(len(statements))
        assert len(shown) == rows
    # The caller, the count, the page; orders bring the customer, lines, history and payments along.
    assert costs == [{"customers": 3, "history": 7}[kind]] * 3


def fill(kind: str, rows: int, buyer) -> None:
    """So many customers, or orders of the buyer: copies, as only their number counts."""
    if kind == "customers":
        missing = range(User.objects.count(), rows)
        users = User.objects.bulk_create(User(email=f"copy-{number}@shop.example") for number in missing)
        Customer.objects.bulk_create(Customer(user=user) for user in users)
        return
    order = Order.objects.filter(customer=buyer.customer).earliest("pk")
    for number in range(Order.objects.count(), rows):
        order.pk, order.number, order.cart_uuid = None, f"COPY-{number}", None
        order.save(force_insert=True)


@pytest.mark.parametrize(("typed", "kept"), [("1990-05-17", "1990-05-17"), ("1899-12-31", None), ("2999-01-01", None)])
def test_the_admin_knows_who_can_have_been_born(typed, kept):
    customer, office = make_buyer().customer, Client()
    office.force_login(make_staff())
    inlines = {f"{of}-{which}_FORMS": 0 for of in INLINES for which in ("TOTAL", "INITIAL")}
    answer = office.post(f"/admin/customers/customer/{customer.pk}/change/", inlines | {"birth_date": typed})
    customer.refresh_from_db()
    assert (answer.status_code, customer.birth_date and str(customer.birth_date)) == (302 if kept else 200, kept)
    assert kept or "Give a date between 1900 and today." in answer.content.decode()
