"""Writes of promotions, coupons and their uses."""

from market.pricing.services.coupons import create_coupon, generate_coupons, update_coupon
from market.pricing.services.promotions import (
    create_promotion,
    delete_promotion,
    read_rules,
    set_status,
    update_promotion,
)
from market.pricing.services.uses import Uses, give_back_uses, note_first_orders, take_uses

__all__ = [
    "Uses",
    "create_coupon",
    "create_promotion",
    "delete_promotion",
    "generate_coupons",
    "give_back_uses",
    "note_first_orders",
    "read_rules",
    "set_status",
    "take_uses",
    "update_coupon",
    "update_promotion",
]
