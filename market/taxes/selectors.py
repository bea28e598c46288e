"""Reads of tax rates."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from market.taxes.rules import Rate


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
