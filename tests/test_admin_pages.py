"""Every page of the admin: lists, searches, forms open, at a cost that does not grow with the rows."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.accounts.models import User
from core.models import Heartbeat, ScheduleSlot
from core.operations.registry import operation_named
from core.operations.services import create_run
from core.outbox.services import spread_events
from market.carts.tests.factories import make_offer, make_stock_alert, make_wishlist
from market.catalog.models import Attribute, Category, PlannedPrice
from market.catalog.services import (
    NewAttribute,
    create_attribute,
    create_collection,
    create_product_type,
    request_images,
)
from market.catalog.tests.factories import make_category, make_price_change, make_product
from market.customers.models import Customer, MembershipTier
from market.orders.services.mails import queue_order_mail
from market.orders.tests.factories import make_buyer, make_order, make_staff
from market.payments.models import Refund
from market.pricing.models import CustomerList, PriceList, PriceListEntry, PromotionUse
from market.pricing.tests.factories import make_coupon, make_simulation
from market.reviews.models import ReviewRequest
from market.reviews.tests.factories import make_review
from market.shipping.models import ShippingMethod, ShippingStep, ShippingZone, ZoneArea
from market.taxes.models import TaxRate
from tasks.celery_settings import QUEUES
from tasks.schedule import sync_schedules

pytestmark = pytest.mark.django_db

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
MOST_STATEMENTS = 20
# Filled by the fixture below; the others are third-party tables that a shop leaves empty.
EMPTY = {"django_celery_beat.ClockedSchedule", "django_celery_beat.CrontabSchedule", "django_celery_beat.SolarSchedule"}


def fill(rows: int) -> None:
    """So many more of everything that buyers and background work leave behind."""
    for _ in range(rows):
        order = make_order(buyer=make_buyer())
        Refund.objects.create(payment=order.payments.get(), amount=order.grand_total, reference="returned")
        make_review()
        make_stock_alert(customer=order.customer)
        make_wishlist(customer=order.customer, variants=[make_offer()])
        ReviewRequest.objects.create(order=order, due_at=timezone.now())
        queue_order_mail(kind="order_placed", order_id=order.pk, key=f"placed-{order.pk}")
        make_price_change(make_offer())
        make_category(parent=make_category())
        create_collection(title="Gifts", rules={"on_sale": True})
        product_type = create_product_type(title="Mug")
        color = NewAttribute(code="color", title="Color", kind="text")
        create_attribute(product_type_id=product_type.pk, attribute=color)
        request_images(product_id=make_product().pk, urls=["https://pictures.example/1.jpg"])
        Group.objects.create(name=f"Group {order.number}")
        create_run(operation=operation_named("reprice"), params={"percent": "10"})
        coupon = make_coupon(f"CODE{order.pk}")
        PromotionUse.objects.create(
            promotion=coupon.promotion, version=1, identity="ann", order_number=order.number, amount=1
        )
        make_simulation(coupon.promotion)
        PriceList.objects.create(label=order.number).entries.create(variant=make_offer(), price=1)
        CustomerList.objects.create(name=order.number).customers.add(order.customer)
        ShippingZone.objects.create(name=order.number).areas.create(country="GB")
        ScheduleSlot.objects.create(name=f"job {order.number}", slot_at=timezone.now(), missed=3, policy="once")
    spread_events(limit=1000)


@pytest.fixture
def office() -> Client:
    """A browser in which a superuser is signed in, on a shop where something has happened."""
    sync_schedules()
    Heartbeat.objects.bulk_create(Heartbeat(name=f"worker:{queue}", seen_at=timezone.now()) for queue in QUEUES)
    fill(2)
    client = Client()
    client.force_login(make_staff())
    return client


def still_signed_in(client: Client) -> None:
    """The session is in the cache again: there it lives a minute, and on a slow machine more than that goes by."""
    client.session.save()


def page_of(model: type, name: str, *arguments: object) -> str:
    """The path of an admin page of the model."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=arguments)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_lists_searches_and_forms_open(model, office):
    options = admin.site._registry[model]
    assert office.get(page_of(model, "changelist")).status_code == 200
    if options.search_fields:
        assert office.get(page_of(model, "changelist"), {"q": "needle in a haystack"}).status_code == 200
    add = office.get(page_of(model, "add"))
    request = add.wsgi_request
    assert add.status_code == (200 if options.has_add_permission(request) else 403)
    row = model._default_manager.first()
    assert (row is None) == (model._meta.label in EMPTY)
    if row is not None:
        assert office.get(page_of(model, "change", row.pk)).status_code == 200


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_lists_cost_the_same_however_many_rows(model, office, count_statements):
    office.get(page_of(model, "changelist"))
    with count_statements() as few:
        office.get(page_of(model, "changelist"))
    fill(10)
    still_signed_in(office)
    with count_statements() as many:
        office.get(page_of(model, "changelist"))
    assert len(many) == len(few) <= MOST_STATEMENTS


@pytest.mark.parametrize("model", [PriceList, CustomerList, ShippingZone, ShippingMethod])
def test_forms_cost_the_same_however_much_hangs_on_a_row(model, office, count_statements):
    page = page_of(model, "change", model.objects.first().pk)
    office.get(page)
    with count_statements() as few:
        office.get(page)
    more(model.objects.first(), 300)
    still_signed_in(office)
    with count_statements() as many:
        assert office.get(page).status_code == 200
    assert len(many) == len(few) <= MOST_STATEMENTS


def more(row: Any, count: int) -> None:
    """So many more of what hangs on the row."""
    if isinstance(row, PriceList):
        variant = make_offer()
        PriceListEntry.objects.bulk_create(
            PriceListEntry(price_list=row, variant=variant, min_quantity=place + 1, price=1) for place in range(count)
        )
    elif isinstance(row, CustomerList):
        users = User.objects.bulk_create(User(email=f"{row.pk}-{place}@example.com") for place in range(count))
        row.customers.add(*Customer.objects.bulk_create(Customer(user=user) for user in users))
    elif isinstance(row, ShippingZone):
        ZoneArea.objects.bulk_create(
            ZoneArea(zone=row, country="DE", region=f"Region {place}") for place in range(count)
        )
    else:
        ShippingStep.objects.bulk_create(
            ShippingStep(method=row, at_least=place + 1, price=1) for place in range(count)
        )


def test_large_rows_are_saved(office):
    zone = ShippingZone.objects.create(name="Regions")
    form = {"name": "Regions", "position": 0, "areas-TOTAL_FORMS": 500, "areas-INITIAL_FORMS": 0}
    for place in range(500):
        written = {"id": "", "zone": zone.pk, "country": "DE", "region": f"Region {place}", "postal_patterns": ""}
        form |= {f"areas-{place}-{name}": value for name, value in written.items()}
    assert office.post(page_of(ShippingZone, "change", zone.pk), form).status_code == 302
    assert zone.areas.count() == 500


@pytest.mark.parametrize(
    ("model", "wrong"),
    [
        (Attribute, {"code": "Net weight"}),
        (Category, {"parent": "itself"}),
        (MembershipTier, {"threshold": "-1", "discount_percent": "101"}),
        (PlannedPrice, {"price": "-1", "compare_at_price": "-1"}),
        (TaxRate, {"rate": "1"}),
    ],
)
def test_errors_stand_at_their_fields_and_name_no_constraint(model, wrong, client):
    client.force_login(make_staff())
    if model is Category:
        row = make_category()
        wrong = {"title": row.title, "slug": row.slug, "position": 0, "parent": row.pk}
    row = model.objects.first()
    page = page_of(model, "change", row.pk) if model in {Category, MembershipTier} else page_of(model, "add")
    answer = client.post(page, wrong)
    shown = answer.context["adminform"].form.errors
    expected = {"parent"} if model is Category else set(wrong)
    assert (expected <= set(shown), "__all__" in shown, "Constraint" in answer.content.decode()) == (True, False, False)


def test_index_opens_and_strangers_are_sent_to_the_login(office):
    assert office.get(reverse("admin:index")).status_code == 200
    answer = Client().get(reverse("admin:index"))
    assert (answer.status_code, answer.headers["Location"]) == (302, "/admin/login/?next=/admin/")
    buyer = Client()
    buyer.force_login(make_buyer())
    assert buyer.get(reverse("admin:index")).status_code == 302
