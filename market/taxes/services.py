"""Writes of tax rates."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings

from core.saving import changed, held, save_valid
from core.transactions import in_one_transaction
from market.taxes.errors import RestOfWorldStays
from market.taxes.models import STANDARD_CLASS, TaxRate

PLACE = ("country", "region", "tax_class")


def ensure_standard_rate() -> None:
    """Make sure that the rest of the world has a rate for the standard class: one statement.

    Idempotent; a rate that is there already, also one that staff changed, is left alone.
    """
    rate = TaxRate(name="Standard", tax_class=STANDARD_CLASS, country="", rate=settings.STANDARD_TAX_RATE)
    TaxRate.objects.bulk_create([rate], ignore_conflicts=True)


@in_one_transaction
def make_rate(*, values: Mapping[str, Any]) -> TaxRate:
    """Make a rate. Raises Invalid naming each field; a second one for a place and class is told at `country`."""
    rate = TaxRate(**values)
    save_valid(rate, whole="country")
    return rate


@in_one_transaction
def change_rate(*, row_id: int, changes: Mapping[str, Any]) -> TaxRate:
    """Change a rate. Raises NotFound, RestOfWorldStays, and Invalid as `make_rate`."""
    rate = held(TaxRate, row_id)
    if rate.is_rest_of_world and any(changes.get(name, getattr(rate, name)) != getattr(rate, name) for name in PLACE):
        raise RestOfWorldStays
    save_valid(changed(rate, changes), whole="country")
    return rate


@in_one_transaction
def delete_rate(*, row_id: int) -> None:
    """Delete a rate of a country or region. Raises NotFound and RestOfWorldStays."""
    rate = held(TaxRate, row_id)
    if rate.is_rest_of_world:
        raise RestOfWorldStays
    rate.delete()
