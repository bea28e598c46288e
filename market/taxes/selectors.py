"""Reads of tax rates."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from market.taxes.models import TaxRate
from market.taxes.rules import STANDARD_CLASS, Rate


def rates_from(document: Iterable[Mapping[str, Any]] | None) -> tuple[Rate, ...]:
    """What `sql.TAX_TABLE` answers, as the rules take it."""
    return tuple(
        Rate(
            tax_class=row["tax_class"],
            country=row["country"],
            region=row["region"],
            share=Decimal(row["share"]),
        )
        for row in document or ()
    )


def tax_classes() -> set[str]:
    """The classes that some rate has, and the standard one: one query."""
    return {STANDARD_CLASS, *TaxRate.objects.order_by().values_list("tax_class", flat=True).distinct()}
