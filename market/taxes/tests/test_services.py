"""The rate that every shop has."""

from decimal import Decimal
from importlib import import_module

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.urls import reverse

from core.accounts.models import User
from market.taxes.models import TaxRate
from market.taxes.services import ensure_standard_rate

pytestmark = pytest.mark.django_db


def test_ensuring_the_standard_rate_twice_keeps_what_staff_changed():
    TaxRate.objects.all().delete()
    ensure_standard_rate()
    TaxRate.objects.update(rate=Decimal("0.1900"), name="Ours")

    ensure_standard_rate()

    assert list(TaxRate.objects.values_list("name", "country", "rate")) == [("Ours", "", Decimal("0.1900"))]


def test_a_new_shop_gets_the_same_rate_from_its_migration():
    made = []
    for make in (
        ensure_standard_rate,
        lambda: import_module("market.taxes.migrations.0002_standard_rate").add_standard_rate(apps, None),
    ):
        TaxRate.objects.all().delete()
        make()
        made.append(TaxRate.objects.values("name", "tax_class", "country", "rate").get())

    standard = {"name": "Standard", "tax_class": "standard", "country": "", "rate": Decimal("0.2000")}
    assert made == [standard, standard]


@pytest.mark.parametrize("country", ["gb", "XX", "G"])
def test_country_of_a_rate_is_an_iso_code(country):
    with pytest.raises(ValidationError) as refusal:
        TaxRate(name="Odd", country=country, rate=Decimal("0.1")).full_clean()

    assert list(refusal.value.message_dict) == ["country"]


def test_staff_cannot_delete_or_move_the_rate_of_the_rest_of_the_world(client):
    client.force_login(User.objects.create_superuser("boss@example.com", "correct horse battery"))
    rest = TaxRate.objects.get(country="")
    other = TaxRate.objects.create(name="Germany", country="DE", rate=Decimal("0.19"))

    listed = client.get(reverse("admin:taxes_taxrate_changelist"))
    refused = client.post(reverse("admin:taxes_taxrate_delete", args=[rest.pk]), {"post": "yes"})
    client.post(
        reverse("admin:taxes_taxrate_change", args=[rest.pk]),
        {"name": "Rest", "tax_class": "other", "country": "FR", "rate": "0.21"},
    )
    client.post(reverse("admin:taxes_taxrate_delete", args=[other.pk]), {"post": "yes"})

    assert (listed.status_code, refused.status_code) == (200, 403)
    assert list(TaxRate.objects.values_list("name", "tax_class", "country", "rate")) == [
        ("Rest", "standard", "", Decimal("0.2100"))
    ]
