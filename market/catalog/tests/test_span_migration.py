"""What prices were is copied when it is first kept, while prices change as ever, and none of them is lost."""

from datetime import timedelta
from importlib import import_module

import pytest
from django.db import connection
from django.utils import timezone

from market.catalog.models import PastPrice, PriceSpan
from market.catalog.tests.factories import make_variant

pytestmark = pytest.mark.django_db
COPYING = import_module("market.catalog.migrations.0010_planned_prices")


def test_what_ends_while_past_prices_are_copied_is_copied_too():
    now = timezone.now()
    known, other = make_variant(price="9.00"), make_variant(price="9.00")
    begun = now - timedelta(days=60)
    for variant in (known, other):
        type(variant).objects.filter(pk=variant.pk).update(created_at=begun)
    hours = [now - timedelta(hours=hour) for hour in (40, 3, 2)]
    PastPrice.objects.create(variant=known, price=5, ended_at=hours[0])
    with connection.cursor() as cursor:
        cursor.execute(COPYING.KNOWN_SPANS)
        PastPrice.objects.create(variant=known, price=6, ended_at=hours[1])
        PastPrice.objects.create(variant=known, price=7, ended_at=hours[2])
        PastPrice.objects.create(variant=other, price=8, ended_at=hours[2])
        for _ in range(2):
            cursor.execute(COPYING.ENDED_MEANWHILE)
    month = timedelta(days=30)
    assert list(PriceSpan.objects.order_by("price").values_list("variant", "price", "began_at", "ended_at")) == [
        (known.pk, 5, hours[0] - month, hours[0]),
        (known.pk, 6, hours[0], hours[1]),
        (known.pk, 7, hours[1], hours[2]),
        (other.pk, 8, hours[2] - month, hours[2]),
    ]


def test_nobody_waits_for_the_copy():
    statements = [getattr(operation, "sql", "") for operation in COPYING.Migration.operations]
    locks = [place for place, sql in enumerate(statements) if "CREATE TRIGGER" in sql or "REFERENCES" in sql]
    trigger = statements.index(COPYING.TRIGGER)
    assert statements.index(COPYING.KNOWN_SPANS) < min(locks) <= trigger < statements.index(COPYING.ENDED_MEANWHILE)
    assert all("NOT VALID" in statements[place] for place in locks if place != trigger)
