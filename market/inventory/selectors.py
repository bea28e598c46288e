"""Reads of stock."""

from typing import Any

from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce

from market.catalog.errors import VariantNotFound
from market.catalog.models import Variant
from market.inventory.models import StockItem, StockMovement


def with_available(variants: QuerySet[Variant]) -> QuerySet[Variant]:
    """The variants with `available`, the units that may be sold now: no further query."""
    return variants.annotate(available=Coalesce(F("stock__on_hand") - F("stock__reserved"), 0))


def stock_rows() -> QuerySet[Variant]:
    """Every variant with its stock, zeros where it has none, as dicts: one query."""
    return (
        Variant.objects.order_by()
        .annotate(
            variant=F("pk"),
            on_hand=Coalesce(F("stock__on_hand"), 0),
            reserved=Coalesce(F("stock__reserved"), 0),
            low_stock_threshold=Coalesce(F("stock__low_stock_threshold"), _DEFAULT_THRESHOLD),
        )
        .annotate(available=F("on_hand") - F("reserved"))
        .values("variant", "sku", "on_hand", "reserved", "available", "low_stock_threshold")
    )


def stock_of(*, variant_id: int) -> dict[str, Any]:
    """The row of one variant as in `stock_rows`: one query. Raises VariantNotFound."""
    row = stock_rows().filter(pk=variant_id).first()
    if row is None:
        raise VariantNotFound
    return row


def movements_of(*, variant_id: int) -> QuerySet[StockMovement]:
    """The ledger of a variant, newest first: one query."""
    return StockMovement.objects.filter(variant_id=variant_id).order_by("-pk")


_DEFAULT_THRESHOLD = StockItem._meta.get_field("low_stock_threshold").default
