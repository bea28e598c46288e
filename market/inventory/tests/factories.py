"""Stock for tests, opened and kept through the services that the shop uses."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from market.catalog.models import Variant
from market.catalog.tests.factories import make_variant
from market.inventory import services


def make_stocked_variant(*, on_hand: int = 10, **overrides: Any) -> Variant:
    """A variant at 5.00 of an active product, with so many units on hand; overrides as `make_variant`."""
    variant = make_variant(**overrides)
    services.open_stock(units={variant.pk: on_hand})
    variant.refresh_from_db()
    return variant


def keep(variant: Variant, *, quantity: int = 1, reference: str = "ORDER-1") -> None:
    """Hold units of a variant for an order, for an hour."""
    services.reserve(reference=reference, units={variant.pk: quantity}, expires_at=timezone.now() + timedelta(hours=1))
