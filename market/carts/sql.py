"""The set statements of the cart's hot paths. Each has its plain ORM form in `tests/test_sql.py`.

Every write begins by taking the cart: an UPDATE of its row that only an open, unexpired cart of
this caller passes. It raises `version`, pushes `expires_at` out and, as a row lock, puts the
writes of one cart in a row. A statement that takes no cart writes nothing.
"""

from market.pricing.sql import LIST_PRICES, PRICES_VERSION, QUOTE_FACTS, TAKE_USES

# The first part is made once, whatever the lines; what it tells of the buyer stands in the first row alone.
PRICED_CART = """
    WITH priced AS MATERIALIZED (
        SELECT cart.id, cart.customer_id, customer.user_id, cart.version, cart.order_number, cart.expires_at,
               cart.order_number IS NULL AND cart.expires_at <= statement_timestamp() AS is_expired,
               COALESCE(%(country)s::text, cart.country) AS country,
               CASE WHEN %(country)s::text IS NULL THEN cart.region ELSE COALESCE(%(region)s::text, '') END AS region,
               CASE WHEN %(country)s::text IS NULL THEN cart.postal_code
                    ELSE COALESCE(%(postal_code)s::text, '') END AS postal_code,
               COALESCE(%(shipping_method)s::text, cart.shipping_method) AS shipping_method,
               cart.coupons, {prices_version} AS prices_version, {quote_facts} AS facts
        FROM carts_cart cart
        LEFT JOIN customers_customer customer ON customer.id = cart.customer_id
        CROSS JOIN LATERAL (
            SELECT COALESCE(cart.customer_id, (SELECT id FROM customers_customer WHERE user_id = %(user_id)s)) AS id
        ) buyer
        CROSS JOIN LATERAL (SELECT COALESCE('customer:' || buyer.id, %(email)s::text) AS identity) who
        WHERE cart.id = %(cart_id)s
    )
    SELECT priced.id, priced.customer_id, priced.user_id, priced.version, priced.order_number, priced.expires_at,
           priced.is_expired, priced.country, priced.region, priced.postal_code, priced.shipping_method,
           priced.prices_version, priced.coupons,
           CASE WHEN row_number() OVER (ORDER BY item.id) = 1 THEN priced.facts END,
           item.id, item.quantity, item.unit_price, item.created_at, item.updated_at,
           variant.id, variant.sku, variant.title, variant.price,
           product.id, product.title, product.slug, picture.image, picture.alt,
           COALESCE(stock.on_hand - stock.reserved, 0), variant.is_active AND product.status = 'active',
           variant.weight_grams, product.tax_class, product.category_id,
           json_build_array(product.attributes, variant.attributes),
           (SELECT array_agg(collection_id ORDER BY collection_id) FROM catalog_collectionitem
            WHERE product_id = product.id),
           {list_prices}
    FROM priced
    LEFT JOIN carts_cartitem item ON item.cart_id = priced.id
    LEFT JOIN catalog_variant variant ON variant.id = item.variant_id
    LEFT JOIN catalog_product product ON product.id = variant.product_id
    LEFT JOIN inventory_stockitem stock ON stock.variant_id = variant.id
    LEFT JOIN LATERAL (
        SELECT image, alt FROM catalog_productimage
        WHERE product_id = product.id
        ORDER BY is_primary DESC, position, id LIMIT 1
    ) picture ON TRUE
    ORDER BY item.id
""".format(
    prices_version=PRICES_VERSION,
    quote_facts=QUOTE_FACTS.format(buyer="buyer.id", identity="who.identity", codes="cart.coupons"),
    list_prices=LIST_PRICES.format(variant="variant.id"),
)

# Of the row that was claimed, so that a cart which is not claimed takes no uses.
CLAIM_CART = f"""
    WITH claimed AS (
        UPDATE carts_cart SET order_number = %(order_number)s, updated_at = statement_timestamp()
        WHERE id = %(cart_id)s AND version = %(version)s AND order_number IS NULL
          AND expires_at > statement_timestamp()
        RETURNING id
    )
    SELECT {TAKE_USES} FROM claimed
"""

TAKE_CART = """
    taken AS (
        UPDATE carts_cart
        SET version = version + 1, expires_at = statement_timestamp() + %(lifetime)s, updated_at = statement_timestamp()
        WHERE id = %(cart_id)s
          AND order_number IS NULL
          AND expires_at > statement_timestamp()
          AND (customer_id IS NULL
               OR customer_id = (SELECT id FROM customers_customer WHERE user_id = %(user_id)s))
          AND EXISTS ({only_if})
        RETURNING id
    )
"""

# What may be bought of one variant now; no row while it is not for sale.
OFFER = """
    offer AS (
        SELECT variant.id, variant.price, COALESCE(stock.on_hand - stock.reserved, 0) AS available
        FROM catalog_variant variant
        JOIN catalog_product product ON product.id = variant.product_id AND product.status = 'active'
        LEFT JOIN inventory_stockitem stock ON stock.variant_id = variant.id
        WHERE variant.id = {variant_id} AND variant.is_active
    )
"""

# The line may be written by others between this statement's snapshot and its lock on the cart, so
# its sum is judged twice: in the snapshot before the cart is taken, and on the line as it is then.
# The number of lines is judged in the snapshot alone: it bounds work, not money or stock, and can
# be passed only by as many lines as are first added at the same moment.
ADD_TO_LINE = """
    WITH {offer},
    line AS (
        SELECT COUNT(*) AS lines, COALESCE(SUM(quantity) FILTER (WHERE variant_id = %(variant_id)s), 0) AS quantity
        FROM carts_cartitem WHERE cart_id = %(cart_id)s
    ),
    {take_cart}
    INSERT INTO carts_cartitem AS item (cart_id, variant_id, quantity, unit_price, created_at, updated_at)
    SELECT taken.id, offer.id, %(quantity)s, offer.price, statement_timestamp(), statement_timestamp()
    FROM taken, offer
    ON CONFLICT (cart_id, variant_id) DO UPDATE
    SET quantity = item.quantity + EXCLUDED.quantity, unit_price = EXCLUDED.unit_price,
        updated_at = EXCLUDED.updated_at
    WHERE item.quantity + EXCLUDED.quantity <= (SELECT LEAST(available, %(max_quantity)s) FROM offer)
    RETURNING item.id
""".format(
    offer=OFFER.format(variant_id="%(variant_id)s"),
    take_cart=TAKE_CART.format(
        only_if="""
              SELECT FROM offer, line
              WHERE line.quantity + %(quantity)s <= LEAST(offer.available, %(max_quantity)s)
                AND (line.quantity > 0 OR line.lines < %(max_lines)s)
        """
    ),
)

SET_LINE = """
    WITH line AS (SELECT variant_id FROM carts_cartitem WHERE id = %(item_id)s AND cart_id = %(cart_id)s),
    {offer},
    {take_cart}
    UPDATE carts_cartitem item
    SET quantity = %(quantity)s, unit_price = offer.price, updated_at = statement_timestamp()
    FROM taken, offer
    WHERE item.id = %(item_id)s AND item.cart_id = taken.id
    RETURNING item.id
""".format(
    offer=OFFER.format(variant_id="(SELECT variant_id FROM line)"),
    take_cart=TAKE_CART.format(only_if="SELECT FROM offer WHERE %(quantity)s <= offer.available"),
)

DELETE_LINE = """
    WITH {take_cart}
    DELETE FROM carts_cartitem item USING taken
    WHERE item.id = %(item_id)s AND item.cart_id = taken.id
    RETURNING item.id
""".format(
    take_cart=TAKE_CART.format(only_if="SELECT FROM carts_cartitem WHERE id = %(item_id)s AND cart_id = %(cart_id)s")
)

# Makes the lines of a cart, which the caller holds, those of the two arrays. Kept lines keep their id.
REPLACE_LINES = """
    WITH dropped AS (
        DELETE FROM carts_cartitem WHERE cart_id = %(cart_id)s AND variant_id <> ALL(%(variant_ids)s::bigint[])
    )
    INSERT INTO carts_cartitem AS item (cart_id, variant_id, quantity, unit_price, created_at, updated_at)
    SELECT %(cart_id)s, variant.id, wanted.quantity, variant.price, statement_timestamp(), statement_timestamp()
    FROM UNNEST(%(variant_ids)s::bigint[], %(quantities)s::int[])
         WITH ORDINALITY AS wanted (variant_id, quantity, place)
    JOIN catalog_variant variant ON variant.id = wanted.variant_id
    ORDER BY wanted.place
    ON CONFLICT (cart_id, variant_id) DO UPDATE
    SET quantity = EXCLUDED.quantity, unit_price = EXCLUDED.unit_price, updated_at = EXCLUDED.updated_at
"""

# Takes expired carts that nobody holds, oldest first, and deletes them with their lines.
DELETE_EXPIRED = """
    WITH gone AS (
        SELECT id FROM carts_cart
        WHERE order_number IS NULL AND expires_at <= statement_timestamp()
        ORDER BY expires_at, id
        LIMIT %(limit)s
        FOR UPDATE SKIP LOCKED
    ),
    lines AS (DELETE FROM carts_cartitem item USING gone WHERE item.cart_id = gone.id)
    DELETE FROM carts_cart cart USING gone WHERE cart.id = gone.id
"""

# Gives lines of carts that the caller holds to one of them, with new quantities. Their ids and the prices
# that their buyer has seen stay.
TAKE_UP_LINES = """
    UPDATE carts_cartitem item
    SET cart_id = %(cart_id)s, quantity = merged.quantity, updated_at = statement_timestamp()
    FROM UNNEST(%(item_ids)s::bigint[], %(quantities)s::int[]) AS merged (id, quantity)
    WHERE item.id = merged.id
"""

# Whether a variant that is for sale is in stock; who turns that waits until the transaction ends.
HOLD_VARIANT = """
    SELECT variant.in_stock FROM catalog_variant variant
    JOIN catalog_product product ON product.id = variant.product_id
    WHERE variant.id = %(variant_id)s AND variant.is_active AND product.status = 'active'
    FOR SHARE OF variant
"""
