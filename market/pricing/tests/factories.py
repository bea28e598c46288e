"""Promotions and codes for tests."""

from market.pricing import services
from market.pricing.models import Coupon, Promotion


def make_promotion(label: str = "Ten percent", status: str = "active", **rules) -> Promotion:
    """An active promotion that takes 10 % off; `rules` are fields of `PromotionInput`."""
    return services.create_promotion(label=label, rules={"kind": "percentage", "value": "10"} | rules, status=status)


def make_coupon(code: str, *, usage_limit: int | None = None, **rules) -> Coupon:
    """A code that opens a promotion of its own."""
    promotion = make_promotion(requires_coupon=True, **rules)
    return services.create_coupon(promotion_id=promotion.pk, code=code, usage_limit=usage_limit)
