"""Writes of tax rates."""

from django.conf import settings

from market.taxes.models import STANDARD_CLASS, TaxRate


def ensure_standard_rate() -> None:
    """Make sure that the rest of the world has a rate for the standard class: one statement.

    Idempotent; a rate that is there already, also one that staff changed, is left alone.
    """
    rate = TaxRate(name="Standard", tax_class=STANDARD_CLASS, country="", rate=settings.STANDARD_TAX_RATE)
    TaxRate.objects.bulk_create([rate], ignore_conflicts=True)
