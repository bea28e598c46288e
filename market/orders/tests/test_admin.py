"""Staff screens: every page opens at a bounded price, every action is the service's."""

import pytest
from django.urls import reverse

from market.catalog.models import Product
from market.inventory.models import Reservation
from market.orders.models import Order
from market.orders.tests.factories import make_order, make_staff
from market.payments.models import Payment

pytestmark = pytest.mark.django_db
ORDERS = reverse("admin:orders_order_changelist")
PAYMENTS = reverse("admin:payments_payment_changelist")


@pytest.fixture
def staff_client(client):
    client.force_login(make_staff())
    return client


def act(client, url: str, action: str, rows) -> list[str]:
    """Run an action on rows; the messages that staff see."""
    keys = [str(row.pk) for row in rows]
    response = client.post(url, {"action": action, "_selected_action": keys}, follow=True)
    assert response.status_code == 200
    return [str(message) for message in response.context["messages"]]


@pytest.mark.parametrize("url", [ORDERS, PAYMENTS])
def test_lists_open_and_search_at_the_same_price(staff_client, count_statements, url):
    costs = []
    for orders in (1, 9):
        made = [make_order() for _ in range(orders)]
        with count_statements() as statements:
            page = staff_client.get(url).content.decode()
        assert all(order.number in page for order in made)
        costs.append(len(statements))
    assert costs[0] == costs[1]
    found = staff_client.get(url, {"q": made[0].number}).content.decode()
    assert made[0].number in found
    assert made[1].number not in found


def test_an_order_is_read_and_not_typed_into(staff_client):
    order = make_order()
    url = reverse("admin:orders_order_change", args=[order.pk])
    page = staff_client.get(url).content.decode()
    assert order.items.get().sku in page
    assert str(order.payments.get().pk) in page
    assert "Ada Buyer<br>1 Sample Street<br>London, N1 9GU, GB" in page
    assert 'name="_save"' not in page
    assert "<textarea" not in page
    typed = {"status": "delivered", "grand_total": "0.01", "shipping_address": "{}", "discounts": '[{"label": "Mine"}]'}
    staff_client.post(url, typed | {"_save": "Save"})
    before, order = order, Order.objects.get()
    assert (order.status, str(order.grand_total)) == ("pending", "24.95")
    assert (order.shipping_address, order.discounts) == (before.shipping_address, [])
    assert staff_client.get(reverse("admin:orders_order_add")).status_code == 403
    assert staff_client.post(reverse("admin:orders_order_delete", args=[order.pk])).status_code == 403


def test_a_whole_page_of_orders_is_processed_by_one_click_each(staff_client):
    orders = [make_order() for _ in range(10)]
    for action, status in [
        ("mark_paid", "confirmed"),
        ("mark_processing", "processing"),
        ("mark_shipped", "shipped"),
        ("mark_delivered", "delivered"),
    ]:
        assert act(staff_client, ORDERS, action, orders) == ["Done for 10 orders."]
        assert set(Order.objects.values_list("status", flat=True)) == {status}
    assert set(Payment.objects.values_list("status", flat=True)) == {"complete"}
    assert set(Reservation.objects.values_list("state", flat=True)) == {"consumed"}
    refused = act(staff_client, ORDERS, "cancel", orders[:1])
    assert refused == [f"{orders[0].number}: Order {orders[0].number} is delivered."]


def test_orders_are_confirmed_without_payment_and_canceled(staff_client):
    order, other = make_order(), make_order()
    assert act(staff_client, ORDERS, "mark_confirmed", [order]) == ["Done for 1 orders."]
    assert act(staff_client, ORDERS, "cancel", [order, other]) == ["Done for 2 orders."]
    assert act(staff_client, ORDERS, "mark_paid", [other]) == [f"{other.number}: The order has no open payment."]
    assert set(Order.objects.values_list("status", flat=True)) == {"canceled"}


def test_payments_are_marked_received_and_failed(staff_client):
    paid, failed = make_order(), make_order()
    assert act(staff_client, PAYMENTS, "confirm", [paid.payments.get()]) == [f"{paid.number}: done."]
    assert act(staff_client, PAYMENTS, "fail", [failed.payments.get()]) == [f"{failed.number}: done."]
    assert act(staff_client, PAYMENTS, "fail", [paid.payments.get()]) == [f"{paid.number}: The payment is complete."]
    assert set(Order.objects.values_list("payment_status", flat=True)) == {"complete", "failed"}


def test_staff_without_the_permission_get_no_action(client):
    order = make_order()
    client.force_login(make_staff("orders.view_order"))
    assert "mark_paid" not in client.get(ORDERS).content.decode()
    client.post(ORDERS, {"action": "mark_paid", "_selected_action": [str(order.pk)]}, follow=True)
    order.refresh_from_db()
    assert order.status == "pending"


def test_an_ordered_product_is_archived_when_staff_delete_it(staff_client):
    products = reverse("admin:catalog_product_changelist")
    first, second = [make_order().items.get().variant.product for _ in range(2)]
    url = reverse("admin:catalog_product_delete", args=[first.pk])
    answer = staff_client.post(url, {"post": "yes"}, follow=True)
    shown = [str(message) for message in answer.context["messages"]]
    assert shown == [f"{first} was ordered before: it was archived, not deleted."]
    both = {"action": "delete_selected", "_selected_action": [first.pk, second.pk], "post": "yes"}
    answer = staff_client.post(products, both, follow=True)
    shown = [str(message) for message in answer.context["messages"]]
    assert f"{first}: The product was ordered; it stays archived." in shown
    assert f"{second} was ordered before: it was archived, not deleted." in shown
    assert set(Product.objects.values_list("pk", "status")) == {(first.pk, "archived"), (second.pk, "archived")}


def test_money_is_marked_as_received_by_those_who_may_change_payments(client):
    order = make_order()
    for permissions, status in [((), "pending"), (("payments.change_payment",), "complete")]:
        client.force_login(make_staff("orders.view_order", "orders.change_order", *permissions))
        act(client, ORDERS, "mark_paid", [order])
        assert order.payments.get().status == status
