"""Customers who wait for what is sold out: told once each, however often stock comes and goes."""

from datetime import timedelta
from threading import Thread

import pytest
from django.db import connection, transaction
from django.utils import timezone

from core.notifications.models import Mail
from core.outbox.models import Delivery, Event
from core.outbox.services import attempt_delivery, spread_events
from market.carts.models import StockAlert
from market.carts.services import stock_alerts as services
from market.carts.sql import HOLD_VARIANT
from market.carts.tests.asking import problem
from market.carts.tests.factories import make_offer, make_stock_alert
from market.catalog.models import Product, Variant
from market.inventory.models import AwaitedStock
from market.inventory.services import move_stock, open_stock, publish_awaited_stock, release, reserve
from market.orders.tests.factories import make_buyer
from tests.databases import waiting_in
from tests.running import wait_for

pytestmark = pytest.mark.django_db


def url_of(variant: Variant) -> str:
    return f"/api/v1/variants/{variant.pk}/stock-alerts/"


def come(variant: Variant, units: int = 5) -> None:
    move_stock(variant_id=variant.pk, quantity=units, reason="came")


def go(variant: Variant, units: int = 5) -> None:
    move_stock(variant_id=variant.pk, quantity=-units, reason="went")


def deliver(rounds: int = 20) -> int:
    """Let the relay and the handlers work until nothing is left; how many deliveries that took."""
    before = Delivery.objects.filter(state="done").count()
    for _ in range(rounds):
        if not spread_events(limit=100):
            break
        for delivery in Delivery.objects.filter(state="pending"):
            attempt_delivery(delivery_id=delivery.pk, attempts_seen=delivery.attempts)
    return Delivery.objects.filter(state="done").count() - before


def test_a_customer_waits_is_told_once_and_may_wait_again(client_of):
    user = make_buyer(first_name="<b>Ada</b>")
    variant = make_offer(available=0, title="Blue", product_title="Mug & <i>Cup</i>")
    ada = client_of(user)

    waits = [ada.post(url_of(variant)), ada.post(url_of(variant))]
    come(variant)
    told = deliver()
    refused = ada.post(url_of(variant))
    for _ in range(3):
        go(variant)
        come(variant)
    deliver()

    assert [answer.status_code for answer in waits] == [201, 200]
    assert waits[0].json() == waits[1].json()
    assert waits[0].json()["variant"] == variant.pk
    assert told == 1
    assert problem(refused) == (409, "variant_in_stock", [])
    mail = Mail.objects.get()
    assert (mail.recipient, mail.subject) == (user.email, "Mug & <i>Cup</i>, Blue is in stock again")
    assert f"/api/v1/products/{variant.product_id}/" in mail.text
    assert "&lt;b&gt;Ada" in mail.html and "<b>Ada" not in mail.html and "<i>Cup" not in mail.html
    assert not StockAlert.objects.exists() and not AwaitedStock.objects.exists()
    go(variant)
    assert ada.post(url_of(variant)).status_code == 201
    come(variant)
    deliver()
    assert Mail.objects.count() == 2


@pytest.mark.parametrize("way", ["counted", "released", "opened"])
def test_however_the_stock_comes_back(way):
    variant = make_offer(available=1)
    if way == "released":
        reserve(reference="X", units={variant.pk: 1}, expires_at=timezone.now() + timedelta(hours=1))
    else:
        go(variant, 1)
    if way == "opened":
        variant.stock.delete()
    make_stock_alert(customer=make_buyer().customer, variant=variant)

    {
        "counted": lambda: come(variant),
        "released": lambda: release(reference="X"),
        "opened": lambda: open_stock(units={variant.pk: 3}),
    }[way]()
    deliver()

    assert Mail.objects.count() == 1


def test_nobody_waits_and_nothing_is_published():
    variant = make_offer(available=0)
    come(variant)
    assert not Event.objects.exists()


def test_an_alert_is_taken_back_and_bounded_and_only_for_what_is_for_sale(client_of, monkeypatch):
    monkeypatch.setattr(services, "MAX_STOCK_ALERTS", 1)
    user, first, second = make_buyer(), make_offer(available=0), make_offer(available=0)
    draft = make_offer(available=0, status=Product.Status.DRAFT)
    ada = client_of(user)
    ada.post(url_of(first))

    assert problem(ada.post(url_of(second))) == (409, "too_many_stock_alerts", [])
    assert problem(ada.post(url_of(draft)))[:2] == (404, "variant_not_found")
    assert ada.post("/api/v1/variants/999999999999999999999/stock-alerts/").status_code == 404
    assert client_of(make_buyer()).delete(url_of(first)).status_code == 204
    assert StockAlert.objects.get().customer == user.customer
    assert [ada.delete(url_of(first)).status_code for _ in range(2)] == [204, 204]
    come(first)
    deliver()
    assert not Mail.objects.exists()


def test_what_got_its_stock_while_not_for_sale_is_told_when_it_is_for_sale_again(client_of):
    variant, user = make_offer(available=0), make_buyer()
    client_of(user).post(url_of(variant))
    products = Product.objects.filter(pk=variant.product_id)
    products.update(status=Product.Status.ARCHIVED)
    come(variant)
    deliver()

    before = publish_awaited_stock(limit=10), Mail.objects.count()
    products.update(status=Product.Status.ACTIVE)
    after = publish_awaited_stock(limit=10), publish_awaited_stock(limit=10)
    deliver()

    assert (before, after) == ((0, 0), (1, 0))
    assert Mail.objects.get().recipient == user.email
    assert not StockAlert.objects.exists() and not AwaitedStock.objects.exists()


def test_thousands_are_told_in_bounded_deliveries_and_each_once():
    variant = make_offer(available=0)
    users = [make_buyer() for _ in range(7)]
    for user in users:
        make_stock_alert(customer=user.customer, variant=variant)
    users[0].is_active = False
    users[0].save()
    come(variant)
    event = Event.objects.get()

    services.tell_waiting_customers(variant_id=variant.pk, limit=3)
    services.tell_waiting_customers(variant_id=variant.pk, limit=3)  # the same event, delivered twice

    assert Mail.objects.count() == 5
    assert StockAlert.objects.count() == 1
    go(variant)
    services.tell_waiting_customers(variant_id=variant.pk, limit=3)  # sold out meanwhile: the last one waits on
    assert (Mail.objects.count(), AwaitedStock.objects.count()) == (5, 1)
    come(variant)
    deliver()
    assert Mail.objects.count() == len(set(Mail.objects.values_list("recipient", flat=True))) == 6
    assert Event.objects.exclude(pk=event.pk).filter(name="inventory.variant_back_in_stock").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_handler_that_dies_in_between_tells_nobody_twice_and_forgets_nobody():
    variant = make_offer(available=0)
    for _ in range(3):
        make_stock_alert(customer=make_buyer().customer, variant=variant)
    come(variant)

    with pytest.raises(KeyboardInterrupt), transaction.atomic():
        services.tell_waiting_customers(variant_id=variant.pk)
        raise KeyboardInterrupt
    assert (Mail.objects.count(), StockAlert.objects.count()) == (0, 3)
    deliver()

    assert (Mail.objects.count(), StockAlert.objects.count()) == (3, 0)


@pytest.mark.django_db(transaction=True)
def test_whoever_begins_to_wait_while_stock_comes_misses_nothing():
    variant, customer = make_offer(available=0), make_buyer().customer
    endings = []

    def wait_for_it() -> None:
        try:
            services.request_stock_alert(customer_id=customer.pk, variant_id=variant.pk)
        except services.VariantInStock as refusal:
            endings.append(refusal.code)
        finally:
            connection.close()

    thread = Thread(target=wait_for_it)
    with transaction.atomic():
        come(variant)
        thread.start()
        name = connection.settings_dict["NAME"]
        wait_for(lambda: waiting_in(name) == 1, what="the customer waits for the stock")
    thread.join(timeout=120)

    assert endings == ["variant_in_stock"]
    assert not StockAlert.objects.exists()


def test_hold_variant_reads_what_the_orm_reads():
    variants = [make_offer(), make_offer(available=0), make_offer(is_active=False), make_offer(status="draft")]
    listed = Variant.objects.filter(is_active=True, product__status="active")
    for variant in variants:
        with connection.cursor() as cursor:
            cursor.execute(HOLD_VARIANT, {"variant_id": variant.pk})
            assert cursor.fetchall() == list(listed.filter(pk=variant.pk).values_list("in_stock"))
