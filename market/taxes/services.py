"""Writes of tax rates."""

from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.db import connection

from core.saving import changed, held, save_valid
from core.transactions import in_one_transaction
from market.taxes.errors import RestOfWorldStays, TaxClassInUse
from market.taxes.models import STANDARD_CLASS, TaxRate
from market.taxes.sql import HOLD_CLASS

PLACE = ("country", "region", "tax_class")
# How many products have a class: asked of the catalog, which knows taxes and not the other way round.
CountProducts = Callable[[str], int]


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
def change_rate(*, row_id: int, changes: Mapping[str, Any], count_products: CountProducts) -> TaxRate:
    """Change a rate. Raises NotFound, RestOfWorldStays, TaxClassInUse, and Invalid as `make_rate`."""
    rate = held(TaxRate, row_id)
    if rate.is_rest_of_world and any(changes.get(name, getattr(rate, name)) != getattr(rate, name) for name in PLACE):
        raise RestOfWorldStays
    if changes.get("tax_class", rate.tax_class) != rate.tax_class:
        _require_unused(rate, count_products)
    save_valid(changed(rate, changes), whole="country")
    return rate


@in_one_transaction
def delete_rate(*, row_id: int, count_products: CountProducts) -> None:
    """Delete a rate. Raises NotFound, RestOfWorldStays and TaxClassInUse."""
    rate = held(TaxRate, row_id)
    if rate.is_rest_of_world:
        raise RestOfWorldStays
    _require_unused(rate, count_products)
    rate.delete()


def hold_class(tax_class: str) -> bool:
    """Whether some rate has the class; one that has is kept until the transaction ends. The standard class always is.

    One statement at most.
    """
    if tax_class == STANDARD_CLASS:
        return True
    with connection.cursor() as cursor:
        cursor.execute(HOLD_CLASS, [tax_class])
        return cursor.fetchone() is not None


def _require_unused(rate: TaxRate, count_products: CountProducts) -> None:
    """The last rate of a class stays while products have it. Holds all rates of the class, so that one is the last."""
    rates = TaxRate.objects.filter(tax_class=rate.tax_class).order_by("pk").select_for_update(no_key=True)
    others = set(rates.values_list("pk", flat=True)) - {rate.pk}
    if rate.tax_class == STANDARD_CLASS or others:
        return
    if products := count_products(rate.tax_class):
        have = "1 product has" if products == 1 else f"{products} products have"
        message = f"{have} the class {rate.tax_class}, and no other rate has it."
        raise TaxClassInUse(message, extra={"tax_class": rate.tax_class, "products": products})
