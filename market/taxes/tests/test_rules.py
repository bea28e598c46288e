"""Which rate is due, and the document of all of them beside what the ORM finds."""

import json
from decimal import Decimal

import pytest
from django.db import connection

from market.taxes.models import TaxRate
from market.taxes.rules import Rate, rate_for
from market.taxes.selectors import rates_from
from market.taxes.sql import TAX_TABLE

RATES = [
    Rate("standard", "", "", Decimal("0.20")),
    Rate("standard", "DE", "", Decimal("0.19")),
    Rate("standard", "ES", "", Decimal("0.21")),
    Rate("standard", "ES", "Canarias", Decimal("0.07")),
    Rate("books", "DE", "", Decimal("0.07")),
    Rate("food", "", "", Decimal("0.00")),
]


@pytest.mark.parametrize(
    ("tax_class", "country", "region", "share"),
    [
        ("standard", "GB", "", "0.20"),
        ("standard", "DE", "Berlin", "0.19"),
        ("standard", "ES", "Madrid", "0.21"),
        ("standard", "ES", " canarias", "0.07"),
        ("books", "DE", "", "0.07"),
        ("books", "ES", "Canarias", "0.07"),  # no rate for books there: that of standard goods
        ("books", "GB", "", "0.20"),
        ("food", "DE", "", "0.00"),
        ("toys", "DE", "", "0.19"),
    ],
)
def test_the_most_exact_rate_of_the_class_is_due(tax_class, country, region, share):
    for rates in (RATES, RATES[::-1]):
        assert rate_for(rates=rates, tax_class=tax_class, country=country, region=region) == Decimal(share)


def test_a_shop_without_rates_takes_no_tax():
    assert rate_for(rates=[], tax_class="books", country="DE") == 0


@pytest.mark.django_db
def test_the_document_is_what_the_orm_finds():
    TaxRate.objects.create(name="Islands", country="ES", region="Canarias", rate=Decimal("0.0700"))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT ({TAX_TABLE})::text")
        rates = rates_from(json.loads(cursor.fetchone()[0]))
    assert rates == tuple(
        Rate(*row) for row in TaxRate.objects.order_by("pk").values_list("tax_class", "country", "region", "rate")
    )
    assert len(rates) == 2
