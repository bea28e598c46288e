"""Promotions and codes for tests."""

from core.operations.registry import operation_named
from core.operations.services import create_run
from market.pricing import services
from market.pricing.models import Coupon, Promotion
from market.pricing.services.simulating import SIMULATE_PROMOTION, begin_simulation


def make_promotion(label: str = "Ten percent", status: str = "active", **rules) -> Promotion:
    """An active promotion that takes 10 % off; `rules` are fields of `PromotionInput`."""
    return services.create_promotion(label=label, rules={"kind": "percentage", "value": "10"} | rules, status=status)


def make_coupon(code: str, *, usage_limit: int | None = None, **rules) -> Coupon:
    """A code that opens a promotion of its own."""
    promotion = make_promotion(requires_coupon=True, **rules)
    return services.create_coupon(promotion_id=promotion.pk, code=code, usage_limit=usage_limit)


def make_simulation(promotion: Promotion) -> str:
    """A simulation of the promotion that has begun: the id of its run."""
    operation = operation_named(SIMULATE_PROMOTION)
    run = create_run(operation=operation, params={"promotion": promotion.pk})
    return str(begin_simulation(run_id=run.pk, promotion=promotion).pk)
