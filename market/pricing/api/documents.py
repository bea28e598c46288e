"""The documents of promotions."""

from collections.abc import Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from django.conf import settings

from market.pricing.models import Promotion

CURRENCY = {"currency": settings.SHOP_CURRENCY}
# What buyers have no business with: how the shop limits and orders what it gives, and to whom it gives in secret.
STAFF_ONLY = ("priority", "exclusive_group", "usage_limit", "budget", "customer_lists", "is_public")


def promotion(row: Promotion, *, codes: Mapping[int, str] | None = None, is_staff: bool) -> dict[str, Any]:
    """A promotion with its rules as flat fields. Buyers see its label for its name.

    `codes` are the single ones by promotion; None for who may not see them.
    """
    flat = row.flat
    flat["thresholds"] = [asdict(step) for step in flat["thresholds"]]
    if not is_staff:
        shown = {name: value for name, value in flat.items() if name not in STAFF_ONLY}
        return {"id": row.pk, "name": row.label, "label": row.label, **shown, **CURRENCY, "is_active": True}
    code = {} if codes is None else {"coupon_code": codes.get(row.pk)}
    return {
        "id": row.pk,
        "name": row.title,
        "label": row.label,
        **flat,
        **CURRENCY,
        "is_active": row.status == Promotion.Status.ACTIVE,
        **code,
        "status": row.status,
        "version": row.version,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


def promotion_with_uses(
    row: Promotion, *, codes: Mapping[int, str] | None, uses: int, amount: Decimal
) -> dict[str, Any]:
    """A promotion as its own page tells staff: how often it was used, and what it gave in all."""
    return {**promotion(row, codes=codes, is_staff=True), "uses": uses, "given_total": amount}
