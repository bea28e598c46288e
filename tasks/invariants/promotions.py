"""Invariant 5: no discount is given that nothing allows."""

from tasks.invariants.engine import sql_check

# There are no promotions or coupons yet, so no order may have a discount.
UNBACKED = """
SELECT number || ': discounts of ' || discount_total || ' without a use of a promotion' FROM orders_order
WHERE discount_total <> 0 OR discounts <> '[]'::jsonb
"""

CHECKS = [sql_check(5, "promotions", "every discount is backed by a use of its promotion", UNBACKED)]
