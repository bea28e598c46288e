"""Writes of shipping methods."""

from decimal import Decimal

from market.shipping.models import ShippingMethod

STANDARD_METHOD = {"label": "Standard delivery", "price": Decimal("4.95"), "delivery_days": 3}


def ensure_standard_method() -> None:
    """Make sure that the method `standard` exists: one statement.

    Idempotent; a method that is there already, also one that staff changed, is left alone.
    """
    ShippingMethod.objects.bulk_create([ShippingMethod(code="standard", **STANDARD_METHOD)], ignore_conflicts=True)
