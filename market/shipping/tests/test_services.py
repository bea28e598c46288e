"""The method that every shop has, and those that buyers see."""

from decimal import Decimal
from importlib import import_module

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.urls import reverse

from core.accounts.models import User
from market.shipping.models import ShippingMethod, ShippingZone, ZoneArea
from market.shipping.services import ensure_standard_method

pytestmark = pytest.mark.django_db


def test_ensuring_the_standard_method_twice_keeps_what_staff_changed():
    ShippingMethod.objects.all().delete()
    ensure_standard_method()
    assert list(ShippingMethod.objects.values_list("code", "price", "delivery_days", "is_active")) == [
        ("standard", Decimal("4.95"), 3, True)
    ]
    ShippingMethod.objects.update(price=Decimal("6.00"), is_active=False)

    ensure_standard_method()

    assert list(ShippingMethod.objects.values_list("code", "price", "is_active")) == [
        ("standard", Decimal("6.00"), False)
    ]


def test_a_new_shop_gets_the_same_method_from_its_migration():
    names = ["code", "label", "price", "delivery_days", "is_active", "position"]
    made = []
    for make in (
        ensure_standard_method,
        lambda: import_module("market.shipping.migrations.0002_standard_method").add_standard_method(apps, None),
    ):
        ShippingMethod.objects.all().delete()
        make()
        made.append(ShippingMethod.objects.values_list(*names).get())

    assert made == [("standard", "Standard delivery", Decimal("4.95"), 3, True, 0)] * 2


def test_staff_change_a_method_but_not_its_code(client):
    client.force_login(User.objects.create_superuser("boss@example.com", "correct horse battery"))
    method = ShippingMethod.objects.get()

    listed = client.get(reverse("admin:shipping_shippingmethod_changelist"))
    client.post(
        reverse("admin:shipping_shippingmethod_change", args=[method.pk]),
        {"code": "other", "label": "Slow", "price": "1.50", "delivery_days": 9, "position": 0, "is_active": "on"}
        | {"kind": "by_weight", "steps-TOTAL_FORMS": 1, "steps-INITIAL_FORMS": 0}
        | {"steps-0-at_least": "1000", "steps-0-price": "3.00"},
    )

    assert listed.status_code == 200
    assert list(ShippingMethod.objects.values_list("code", "label", "price", "delivery_days")) == [
        ("standard", "Slow", Decimal("1.50"), 9)
    ]
    assert list(method.steps.values_list("at_least", "price")) == [(1000, 3)]


def test_a_zone_to_which_methods_go_stays(client):
    client.force_login(User.objects.create_superuser("boss@example.com", "correct horse battery"))
    zone = ShippingZone.objects.create(name="North")
    ShippingMethod.objects.get().zones.add(zone)
    url = reverse("admin:shipping_shippingzone_delete", args=[zone.pk])
    told = client.post(url, {"post": "yes"}, follow=True).content.decode()
    assert "These go to North: standard." in told
    ShippingMethod.objects.get().zones.clear()
    client.post(url, {"post": "yes"})
    assert not ShippingZone.objects.exists()


METHOD = {"code": "van", "label": "Van", "kind": "by_weight", "price": "3.00", "delivery_days": 1, "position": 0}
METHOD |= {"steps-TOTAL_FORMS": 1, "steps-INITIAL_FORMS": 0, "steps-0-at_least": "1000", "steps-0-price": "5.00"}


def test_the_screens_keep_a_method_whole_as_the_api_does(client, client_of):
    staff = User.objects.create_superuser("boss@example.com", "correct horse battery")
    client.force_login(staff)
    add = reverse("admin:shipping_shippingmethod_add")
    for wrong, told in (
        ({"kind": "flat"}, "A price that is the same for every order has no steps."),
        ({"price": "-1"}, "Give 0 or more."),
        ({"steps-0-price": "-1"}, "Give 0 or more."),
    ):
        page = client.post(add, METHOD | wrong).content.decode()
        assert (told in page, "Constraint" in page, ShippingMethod.objects.count()) == (True, False, 1)
    zone = ShippingZone.objects.create(name="North")
    assert client.post(add, METHOD | {"zones": [zone.pk]}).status_code == 302
    made = ShippingMethod.objects.get(code="van")
    assert (made.steps.get().price, list(made.zones.all())) == (5, [zone])
    page = reverse("admin:shipping_shippingmethod_change", args=[made.pk])
    kept = {"steps-INITIAL_FORMS": 1, "steps-0-id": made.steps.get().pk, "steps-0-method": made.pk}
    assert "has no steps" in client.post(page, METHOD | kept | {"kind": "flat"}).content.decode()
    assert client.post(page, METHOD | kept | {"kind": "flat", "steps-0-DELETE": "on"}).status_code == 302
    made.refresh_from_db()
    assert (made.kind, made.steps.count(), made.zones.count()) == ("flat", 0, 0)
    body = {"label": "Our van"}
    assert client_of(staff).patch(f"/api/v1/shipping-methods/{made.pk}/", body, format="json").status_code == 200
    rows = {"form-TOTAL_FORMS": 1, "form-INITIAL_FORMS": 1, "form-0-id": made.pk, "form-0-position": 7, "_save": "1"}
    client.post(reverse("admin:shipping_shippingmethod_changelist") + "?q=van", rows)
    made.refresh_from_db()
    assert (made.position, made.is_active, made.label) == (7, False, "Our van")


def test_areas_are_one_whatever_their_case(client):
    client.force_login(User.objects.create_superuser("boss@example.com", "correct horse battery"))
    form = {"name": "South", "position": 0, "areas-TOTAL_FORMS": 2, "areas-INITIAL_FORMS": 0}
    form |= {"areas-0-country": "DE", "areas-0-region": "Bayern", "areas-1-country": "DE", "areas-1-region": "bayern"}
    add = reverse("admin:shipping_shippingzone_add")
    assert "This area is there already." in client.post(add, form).content.decode()
    assert not ShippingZone.objects.exists()
    assert client.post(add, form | {"areas-1-region": "Hessen"}).status_code == 302
    assert list(ZoneArea.objects.values_list("region", flat=True)) == ["Bayern", "Hessen"]


@pytest.mark.parametrize(
    ("area", "fields"),
    [
        ({"country": "XX"}, ["country"]),
        ({"region": "Bavaria"}, ["region"]),
        ({"postal_patterns": "BT*"}, ["postal_patterns"]),
        ({"country": "GB", "postal_patterns": "BT*, *"}, ["postal_patterns"]),
        ({"country": "DE", "postal_patterns": "20000..1"}, ["postal_patterns"]),
        ({"country": "DE", "region": "Hamburg", "postal_patterns": "20000..20999, 21*, 22145"}, []),
    ],
)
def test_areas_that_make_no_sense_are_refused(area, fields):
    zone = ShippingZone.objects.create(name="North")
    refused = []
    try:
        ZoneArea(zone=zone, **area).full_clean()
    except ValidationError as refusal:
        refused = list(refusal.message_dict)
    assert refused == fields
