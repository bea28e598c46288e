"""What prices are computed by, of one moment, and what is known of one buyer; taking and giving back uses."""

from core.reference import REFERENCE_VERSION
from market.shipping.sql import SHIPPING_TABLE
from market.taxes.sql import TAX_TABLE

# A column for the statements that price something.
PRICES_VERSION = REFERENCE_VERSION.format(topic="prices")
PROMOTION_TABLE = """
    SELECT json_agg(json_build_object('id', id, 'version', version, 'label', label, 'rules', rules)
                    ORDER BY priority, id)
    FROM pricing_promotion WHERE status = 'active'
"""
TIER_TABLE = """
    SELECT json_agg(json_build_object(
        'id', id, 'code', code, 'title', title, 'percent', discount_percent::text,
        'has_free_shipping', has_free_shipping
    ) ORDER BY rank)
    FROM customers_membershiptier
"""
CATEGORY_TABLE = "SELECT json_object_agg(id, parent_id) FROM catalog_category"
PRICE_TABLES = f"""
    SELECT {PRICES_VERSION}, json_build_object(
        'shipping', ({SHIPPING_TABLE}), 'rates', ({TAX_TABLE}), 'promotions', ({PROMOTION_TABLE}),
        'tiers', ({TIER_TABLE}), 'categories', ({CATEGORY_TABLE})
    )::text
"""

# A column: the facts about a buyer. `codes` are those of his cart; `buyer` and `identity` are his customer, if he is
# known, and by whom his uses are counted.
QUOTE_FACTS = """
    json_build_object(
        'moment', statement_timestamp(),
        'buyer', {buyer},
        'has_ordered', EXISTS (SELECT FROM pricing_firstorder WHERE identity = {identity}),
        'tier', (SELECT tier_id FROM customers_membership WHERE customer_id = {buyer}),
        'lists', (SELECT json_agg(customerlist_id ORDER BY customerlist_id) FROM pricing_customerlist_customers
                  WHERE customer_id = {buyer}),
        'coupons', (SELECT json_agg(json_build_object(
                        'code', code, 'promotion', promotion_id, 'is_active', is_active, 'uses', uses,
                        'usage_limit', usage_limit) ORDER BY id)
                    FROM pricing_coupon WHERE code = ANY({codes})),
        'tallies', (SELECT json_agg(json_build_array(tally.promotion_id, tally.uses, tally.amount::text)
                                    ORDER BY tally.promotion_id)
                    FROM pricing_promotiontally tally JOIN pricing_promotion ON id = tally.promotion_id
                    WHERE status = 'active' AND tally.uses > 0),
        'own_uses', (SELECT json_agg(json_build_array(own.promotion_id, own.uses) ORDER BY own.promotion_id)
                     FROM (SELECT promotion_id, COUNT(*) AS uses FROM pricing_promotionuse
                           WHERE identity = {identity} GROUP BY promotion_id) own),
        'gifts', (SELECT json_agg(json_build_object(
                      'variant_id', variant.id, 'sku', variant.sku, 'title', variant.title,
                      'product_title', product.title, 'unit_price', variant.price::text,
                      'tax_class', product.tax_class,
                      'available', GREATEST(stock.on_hand - stock.reserved, 0)) ORDER BY variant.id)
                  FROM catalog_variant variant
                  JOIN catalog_product product ON product.id = variant.product_id AND product.status = 'active'
                  JOIN inventory_stockitem stock ON stock.variant_id = variant.id
                  WHERE variant.is_active AND variant.id IN (
                      SELECT (rules->>'gift_variant')::bigint FROM pricing_promotion
                      WHERE status = 'active' AND kind = 'gift'))
    )
"""
# The promotions that were active at a moment, in their versions of then. A status that is not recorded so far back is
# the first that is, and says since when.
PROMOTIONS_AT = """
    SELECT COALESCE(json_agg(json_build_object(
        'id', promotion.id, 'version', said.number, 'label', said.label, 'rules', said.rules,
        'uses', COALESCE(tally.uses, 0), 'amount', COALESCE(tally.amount, 0)::text,
        'known_since', CASE WHEN phase.began_at > %(moment)s THEN phase.began_at END
    ) ORDER BY promotion.id), '[]')::text
    FROM pricing_promotion promotion
    JOIN LATERAL (
        SELECT number, label, rules FROM pricing_promotionversion
        WHERE promotion_id = promotion.id AND created_at <= %(moment)s
        ORDER BY number DESC LIMIT 1
    ) said ON TRUE
    JOIN LATERAL (
        SELECT status, began_at FROM pricing_promotionphase
        WHERE promotion_id = promotion.id
        ORDER BY began_at > %(moment)s, CASE WHEN began_at > %(moment)s THEN began_at END, began_at DESC, id DESC
        LIMIT 1
    ) phase ON TRUE
    LEFT JOIN pricing_promotiontally tally ON tally.promotion_id = promotion.id
    WHERE phase.status = 'active'
"""
# A column: the prices of a variant in price lists.
LIST_PRICES = """
    (SELECT json_agg(json_build_object('price', entry.price::text, 'min_quantity', entry.min_quantity,
                                       'tier', list.tier, 'price_list', list.id, 'label', list.label) ORDER BY entry.id)
     FROM pricing_pricelistentry entry
     JOIN pricing_pricelist list ON list.id = entry.price_list_id AND list.is_active
     WHERE entry.variant_id = {variant})
"""

# What they do is in migration 0005_standing_first_orders; its plain form is in `tests/test_uses.py`.
TAKE_USES = "pricing_take_uses(%(identity)s, %(order_number)s, %(uses)s::jsonb, %(locks)s)::text"
# Whether it was somebody's first order is told as of before.
GIVE_BACK_USES = """
    SELECT EXISTS (SELECT FROM pricing_firstorder WHERE order_number = %(number)s), pricing_give_back_uses(%(number)s)
"""
