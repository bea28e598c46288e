"""Reads of zones and shipping methods."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from market.shipping.models import ShippingMethod
from market.shipping.rules import Area, Method, PriceKind, Zone, patterns_of


@dataclass(frozen=True, slots=True)
class ShippingTable:
    """All that shipping is priced by: the active methods in the order of the shop, and the zones."""

    methods: tuple[Method, ...]
    zones: tuple[Zone, ...]


def table_from(document: Mapping[str, Any]) -> ShippingTable:
    """What `sql.SHIPPING_TABLE` answers, as the rules take it."""
    return ShippingTable(
        methods=tuple(_method(row) for row in document["methods"] or ()),
        zones=tuple(
            Zone(
                id=row["id"],
                position=row["position"],
                areas=tuple(
                    Area(
                        country=area["country"],
                        region=area["region"],
                        postal_patterns=patterns_of(area["postal_patterns"]),
                    )
                    for area in row["areas"] or ()
                ),
            )
            for row in document["zones"] or ()
        ),
    )


def _method(row: Mapping[str, Any]) -> Method:
    return Method(
        code=row["code"],
        label=row["label"],
        kind=PriceKind(row["kind"]),
        price=Decimal(row["price"]),
        delivery_days=row["delivery_days"],
        delivery_days_most=row["delivery_days_most"] or row["delivery_days"],
        zone_ids=frozenset(row["zone_ids"] or ()),
        steps=tuple((Decimal(step["at_least"]), Decimal(step["price"])) for step in row["steps"] or ()),
        free_over=None if row["free_over"] is None else Decimal(row["free_over"]),
        max_weight_grams=row["max_weight_grams"],
    )


def is_offered(*, code: str) -> bool:
    """Whether the shop has a method of this code now: one query."""
    return ShippingMethod.objects.filter(code=code, is_active=True).exists()
