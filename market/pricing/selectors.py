"""What every price depends on and staff rarely change: rates, zones and methods, one statement after a change."""

import json
from dataclasses import dataclass

from django.db import connection

from core.reference import Reference
from market.pricing import sql
from market.shipping.selectors import ShippingTable
from market.shipping.selectors import table_from as shipping_table_from
from market.taxes.rules import Rate
from market.taxes.selectors import rates_from


@dataclass(frozen=True, slots=True)
class PriceTables:
    """Everything that prices are computed by, of one moment."""

    shipping: ShippingTable
    rates: tuple[Rate, ...]


def _read() -> tuple[int, PriceTables]:
    with connection.cursor() as cursor:
        cursor.execute(sql.PRICE_TABLES)
        version, shipping, rates = cursor.fetchone()
    return version, PriceTables(
        shipping=shipping_table_from(json.loads(shipping)), rates=rates_from(json.loads(rates or "[]"))
    )


price_tables = Reference(_read)
