"""Invariant 5: no discount without a use of its promotion, no use beyond a limit, each counted once."""

from tasks.invariants.engine import sql_check

# The benefit of a tier has no promotion.
UNBACKED = """
    SELECT orders.number || ': promotion ' || told.promotion || ' gave ' || told.amount || ' without being used'
    FROM orders_order orders
    CROSS JOIN LATERAL (
        SELECT (discount->>'promotion')::bigint AS promotion, SUM((discount->>'amount')::numeric) AS amount
        FROM jsonb_array_elements(orders.discounts) discount
        WHERE discount->>'promotion' IS NOT NULL GROUP BY 1
    ) told
    LEFT JOIN pricing_promotionuse use ON use.order_number = orders.number AND use.promotion_id = told.promotion
    WHERE orders.discounts <> '[]'::jsonb AND orders.status <> 'canceled' AND use.id IS NULL
"""
LEFT_OVER = """
    SELECT use.order_number || ': promotion ' || use.promotion_id || ' is used by no order that stands'
    FROM pricing_promotionuse use
    LEFT JOIN orders_order orders ON orders.number = use.order_number AND orders.status <> 'canceled'
    WHERE orders.id IS NULL
"""
MISCOUNTED = """
    SELECT 'promotion ' || tally.promotion_id || ': ' || tally.uses || ' uses of ' || tally.amount || ' counted, '
           || counted.uses || ' of ' || counted.amount || ' taken'
    FROM pricing_promotiontally tally
    CROSS JOIN LATERAL (
        SELECT COUNT(*) AS uses, COALESCE(SUM(amount), 0) AS amount FROM pricing_promotionuse
        WHERE promotion_id = tally.promotion_id AND is_counted
    ) counted
    WHERE (tally.uses, tally.amount) <> (counted.uses, counted.amount)
    UNION ALL
    SELECT 'code ' || coupon.code || ': ' || coupon.uses || ' uses counted, ' || taken.uses || ' taken'
    FROM pricing_coupon coupon
    LEFT JOIN (
        SELECT code, COUNT(*) AS uses FROM pricing_promotionuse WHERE code <> '' GROUP BY code
    ) taken ON taken.code = coupon.code
    WHERE coupon.uses <> COALESCE(taken.uses, 0)
"""
# Staff may lower a limit below what was used: the highest that a version had is what was allowed.
BEYOND = """
    WITH allowed AS (
        SELECT promotion_id,
               CASE WHEN bool_and(rules ? 'usage_limit') THEN MAX((rules->>'usage_limit')::int) END AS uses,
               CASE WHEN bool_and(rules ? 'usage_limit_per_customer')
                    THEN MAX((rules->>'usage_limit_per_customer')::int) END AS uses_each,
               CASE WHEN bool_and(rules ? 'budget') THEN MAX((rules->>'budget')::numeric) END AS amount
        FROM pricing_promotionversion GROUP BY promotion_id
    )
    SELECT 'promotion ' || promotion_id || ': ' || tally.uses || ' uses of ' || tally.amount
    FROM allowed JOIN pricing_promotiontally tally USING (promotion_id)
    WHERE tally.uses > allowed.uses OR tally.amount > allowed.amount
    UNION ALL
    SELECT 'promotion ' || promotion_id || ': ' || COUNT(*) || ' uses by one buyer'
    FROM pricing_promotionuse use JOIN allowed USING (promotion_id)
    WHERE allowed.uses_each IS NOT NULL
    GROUP BY promotion_id, identity, allowed.uses_each HAVING COUNT(*) > allowed.uses_each
"""

CHECKS = [
    sql_check(5, "promotions", "every discount is backed by a use of its promotion", UNBACKED),
    sql_check(5, "promotions", "every use is that of an order which stands", LEFT_OVER),
    sql_check(5, "promotions", "uses are counted as often as they were taken", MISCOUNTED),
    sql_check(5, "promotions", "no promotion and no code is used beyond its limit", BEYOND),
]
