"""Staff screens for promotions, codes, price lists, lists of customers and simulations."""

from market.pricing.admin import coupons, lists, price_lists, promotions, simulations

__all__ = ["coupons", "lists", "price_lists", "promotions", "simulations"]
