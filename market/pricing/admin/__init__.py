"""Staff screens for promotions, codes, price lists, lists of customers and simulations."""

from market.pricing.admin import coupons, lists, promotions, simulations

__all__ = ["coupons", "lists", "promotions", "simulations"]
