"""Each fact's mails: what they say, and that twice delivered is once done."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.utils import timezone

from core.accounts.events import email_verified, registration_repeated, user_registered
from core.notifications.models import Mail
from core.outbox.models import Event
from core.outbox.registry import all_handlers, handlers_of
from market.carts.tests.factories import make_cart, make_offer
from market.checkout.services import cancel_order, expire_unpaid_orders
from market.inventory.models import Reservation
from market.orders.models import Order
from market.orders.tests.factories import checkout_body, make_buyer, make_order
from market.payments.services import confirm_open_payment
from market.pricing.tests.factories import make_promotion
from tasks.invariants.engine import offenders_of
from tasks.invariants.payments import PAID_ORDERS

pytestmark = pytest.mark.django_db


def react_to(event: Event) -> Mail:
    """The one mail that the event's handlers send, delivered twice."""
    for handler in handlers_of(event.name) * 2:
        handler.function(event)
    return Mail.objects.get()


def placed(**overrides) -> Order:
    lamp = make_offer(sku="LAMP", product_title="Lamp & Shade", price="10.00")
    return make_order(cart=make_cart(units={lamp: 3}), **overrides)


def test_the_confirmation_tells_the_order(settings):
    settings.BANK_TRANSFER_INSTRUCTIONS = "Pay to GB00 0000."
    order = placed()
    mail = react_to(Event.objects.get(name="orders.order_placed"))
    assert (mail.recipient, mail.subject) == ("guest@shop.example", f"Your order {order.number} at Storefront")
    assert "3 x Lamp & Shade (LAMP) at 10.00: 30.00" in mail.text
    assert "Standard delivery: 4.95\nTax included: 5.83\nTotal: 34.95 GBP" in mail.text
    assert "Ada Buyer\n1 Sample Street\nN1 9GU London\nGB" in mail.text
    assert f"Payment: Pay to GB00 0000.\nReference: {order.number}" in mail.text
    link = f"{settings.SHOP_URL}/api/v1/orders/{order.number}/?token={order.access_token}"
    assert link in mail.text and link in mail.html
    for said in (order.number, "Lamp &amp; Shade", "34.95 GBP", "Pay to GB00 0000."):
        assert said in mail.html


def test_a_customers_confirmation_goes_to_his_address():
    buyer = make_buyer()
    placed(buyer=buyer)
    mail = react_to(Event.objects.get(name="orders.order_placed"))
    assert mail.recipient == buyer.email
    assert "token=" not in mail.text + mail.html


def test_an_order_that_costs_nothing_waits_for_no_money(api_client):
    make_promotion("Everything", value="100")
    make_promotion("Freight", kind="free_shipping")
    cart = make_cart(units={make_offer(price="10.00"): 3})
    answer = api_client.post("/api/v1/orders/", checkout_body(cart)).json()
    assert (answer["grand_total"], answer["payment_status"]) == ("0.00", "complete")
    assert [(one["status"], one["client_action"]) for one in answer["payments"]] == [("complete", None)]
    order = Order.objects.get()
    again = api_client.post(
        f"/api/v1/orders/{order.number}/payments/",
        {"payment_provider": "manual"},
        headers={"X-Order-Token": order.access_token},
    )
    assert (again.status_code, again.json()["code"], order.payments.count()) == (409, "order_not_payable", 1)
    Order.objects.update(reserved_until=timezone.now() - timedelta(days=1))
    assert expire_unpaid_orders(limit=10) == 0, "it is paid, however late it is confirmed"

    mail = react_to(Event.objects.get(name="orders.order_placed"))
    assert "Total: 0.00 GBP" in mail.text and "Payment:" not in mail.text

    for fact in Event.objects.filter(name="orders.free_order_placed"):
        for handler in handlers_of(fact.name) * 2:
            handler.function(fact)
    order.refresh_from_db()
    assert (order.status, order.payment_status, order.reserved_until) == ("confirmed", "complete", None)
    assert Reservation.objects.values_list("state", "expires_at").get() == ("committed", None)
    assert Event.objects.filter(name="orders.order_status_changed").count() == 1
    canceled = cancel_order(order_id=order.pk, actor="customer", reason="too much")
    assert canceled.events.last().detail == "too much"
    assert offenders_of(PAID_ORDERS) == []


def test_a_canceled_order_is_told():
    order = placed()
    cancel_order(order_id=order.pk, actor="customer")
    mail = react_to(Event.objects.get(name="orders.order_canceled"))
    assert mail.subject == f"Your order {order.number} is canceled"
    assert "Payment:" not in mail.text


def test_a_payment_is_acknowledged():
    order = placed()
    confirm_open_payment(order_id=order.pk, actor="staff:1")
    mail = react_to(Event.objects.get(name="orders.order_paid"))
    assert mail.subject == f"We have received your payment for order {order.number}"
    assert f"Order {order.number} is paid: 34.95 GBP." in mail.text


@pytest.mark.parametrize(
    ("fact", "subject"),
    [
        (user_registered, "Confirm your email address at Storefront"),
        (email_verified, "Welcome to Storefront"),
        (registration_repeated, "You already have an account at Storefront"),
    ],
)
def test_users_are_told_about_their_account(fact, subject):
    user = make_buyer(first_name="Ada", is_verified=fact is registration_repeated)
    mail = react_to(fact.publish(user_id=user.pk))
    assert (mail.recipient, mail.subject) == (user.email, subject)


@pytest.mark.parametrize("handler", all_handlers(), ids=lambda handler: handler.name)
def test_who_is_gone_gets_no_mail(handler):
    payload = {"order_id": 0, "user_id": 0, "review_id": 0, "customer_id": 0, "change_id": 0, "variant_id": 0}
    payload |= {"product_ids": [], "export_id": str(UUID(int=0))}
    event = Event.objects.create(name=handler.event_name, payload=payload)
    handler.function(event)
    assert not Mail.objects.exists()
