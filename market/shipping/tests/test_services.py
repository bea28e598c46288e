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
