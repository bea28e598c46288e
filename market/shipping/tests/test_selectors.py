"""The document of all that shipping is priced by, beside what the ORM finds."""

import json
from decimal import Decimal

import pytest
from django.db import connection

from market.shipping.models import ShippingMethod, ShippingStep, ShippingZone, ZoneArea
from market.shipping.rules import Area, Method, PriceKind, Zone
from market.shipping.selectors import ShippingTable, table_from
from market.shipping.sql import SHIPPING_TABLE

pytestmark = pytest.mark.django_db


def read() -> ShippingTable:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT ({SHIPPING_TABLE})::text")
        return table_from(json.loads(cursor.fetchone()[0]))


def plain_form() -> ShippingTable:
    return ShippingTable(
        methods=tuple(
            Method(
                code=method.code,
                label=method.label,
                kind=PriceKind(method.kind),
                price=method.price,
                delivery_days=method.delivery_days,
                delivery_days_most=method.delivery_days_most or method.delivery_days,
                zone_ids=frozenset(method.zones.values_list("pk", flat=True)),
                steps=tuple(method.steps.order_by("at_least").values_list("at_least", "price")),
                free_over=method.free_over,
                max_weight_grams=method.max_weight_grams,
            )
            for method in ShippingMethod.objects.filter(is_active=True).order_by("position", "pk")
        ),
        zones=tuple(
            Zone(
                zone.pk,
                zone.position,
                tuple(Area(area.country, area.region, area.patterns) for area in zone.areas.order_by("pk")),
            )
            for zone in ShippingZone.objects.order_by("position", "pk")
        ),
    )


def test_an_empty_shop_sends_nothing():
    ShippingMethod.objects.all().delete()
    assert read() == plain_form() == ShippingTable((), ())


def test_the_document_is_what_the_orm_finds():
    north, rest = ShippingZone.objects.create(name="North", position=2), ShippingZone.objects.create(name="Rest")
    ZoneArea.objects.create(zone=north, country="GB", postal_patterns="IV*, KW* ,")
    ZoneArea.objects.create(zone=north, country="GB", region="Shetland")
    ZoneArea.objects.create(zone=rest)
    ShippingMethod.objects.create(code="gone", label="Gone", price=1, delivery_days=1, is_active=False)
    heavy = ShippingMethod.objects.create(
        code="heavy",
        label="Freight",
        kind="by_weight",
        price=Decimal("9.90"),
        free_over=500,
        max_weight_grams=30_000,
        delivery_days=2,
        delivery_days_most=5,
        position=1,
    )
    heavy.zones.set([north, rest])
    for at_least, price in [("5000", "20.00"), ("1000", "12.50")]:
        ShippingStep.objects.create(method=heavy, at_least=at_least, price=price)

    assert read() == plain_form()
    assert [method.code for method in read().methods] == ["standard", "heavy"]
    assert read().zones[1].areas[0].postal_patterns == ("IV*", "KW*")
