"""Staff screens for promotions, codes, price lists and lists of customers."""

from market.pricing.admin import coupons, lists, promotions

__all__ = ["coupons", "lists", "promotions"]
