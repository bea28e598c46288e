"""The method that every shop has, and those that buyers see."""

from decimal import Decimal
from importlib import import_module

import pytest
from django.apps import apps
from django.urls import reverse

from core.accounts.models import User
from market.shipping.models import ShippingMethod
from market.shipping.selectors import shipping_methods
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


def test_buyers_see_the_active_methods_in_the_order_of_the_shop():
    for code, position, is_active in [("express", 2, True), ("pickup", 0, False), ("letter", 1, True)]:
        ShippingMethod.objects.create(
            code=code, label=code, price=1, delivery_days=1, position=position, is_active=is_active
        )

    assert [method.code for method in shipping_methods(country="GB")] == ["standard", "letter", "express"]


def test_staff_change_a_method_but_not_its_code(client):
    client.force_login(User.objects.create_superuser("boss@example.com", "correct horse battery"))
    method = ShippingMethod.objects.get()

    listed = client.get(reverse("admin:shipping_shippingmethod_changelist"))
    client.post(
        reverse("admin:shipping_shippingmethod_change", args=[method.pk]),
        {"code": "other", "label": "Slow", "price": "1.50", "delivery_days": 9, "position": 0, "is_active": "on"},
    )

    assert listed.status_code == 200
    assert list(ShippingMethod.objects.values_list("code", "label", "price", "delivery_days")) == [
        ("standard", "Slow", Decimal("1.50"), 9)
    ]
