"""The set statements of the catalog. Each has its plain ORM form in `tests/test_sql.py`."""

# What the listings of some products should say. A product is shown with its active, available,
# cheapest variant (`rules.shown_variant`, which a test holds this against); only where none is active does an
# inactive one lend its price, and nobody sees it.
LISTING_VALUES = """
    SELECT DISTINCT ON (product.id)
        product.id AS product_id, product.category_id,
        CASE WHEN variant.is_active THEN variant.id END AS default_variant_id,
        product.title, variant.price, variant.compare_at_price,
        variant.is_active AND product.status = 'active' AS is_listed,
        variant.is_active AND variant.in_stock AS in_stock,
        product.is_featured, product.created_at
    FROM catalog_product product
    JOIN catalog_variant variant ON variant.product_id = product.id
    WHERE product.id = ANY(%(product_ids)s::bigint[])
    ORDER BY product.id, variant.is_active DESC, variant.in_stock DESC, variant.price, variant.position, variant.id
"""

# What lists narrow some products down by: the filterable attributes of each and of its active variants.
LISTING_TOKENS = """
    SELECT told.product_id, array_agg(DISTINCT told.code || '=' || told.value COLLATE "C") AS attribute_tokens
    FROM (
        SELECT product.id AS product_id, product.product_type_id, own.key AS code, own.value
        FROM catalog_product product CROSS JOIN jsonb_each_text(product.attributes) own
        WHERE product.id = ANY(%(product_ids)s::bigint[])
        UNION ALL
        SELECT product.id, product.product_type_id, own.key, own.value
        FROM catalog_product product
        JOIN catalog_variant variant ON variant.product_id = product.id AND variant.is_active
        CROSS JOIN jsonb_each_text(variant.attributes) own
        WHERE product.id = ANY(%(product_ids)s::bigint[])
    ) told
    JOIN catalog_attribute attribute ON attribute.product_type_id = told.product_type_id
         AND attribute.code = told.code AND attribute.is_filterable
    GROUP BY told.product_id
"""

LOCK_LISTINGS = """
    SELECT product_id FROM catalog_productlisting
    WHERE product_id = ANY(%(product_ids)s::bigint[])
    ORDER BY product_id FOR NO KEY UPDATE
"""

# Has the collections by rules, if there are any, look again at the listings that were written.
NOTE_WRITTEN = """
    INSERT INTO catalog_listingchange (product_id)
    SELECT product_id FROM written WHERE EXISTS (SELECT FROM catalog_collection WHERE rules IS NOT NULL)
"""

# Takes some of the products to look at again, the oldest first; a row that somebody else takes is left to him.
TAKE_LISTING_CHANGES = """
    DELETE FROM catalog_listingchange
    WHERE id IN (SELECT id FROM catalog_listingchange ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
    RETURNING product_id
"""

# How many listed products some collections hold, each counted up to a limit.
COUNT_COLLECTED = """
    SELECT collection.id, (
        SELECT count(*) FROM (
            SELECT FROM catalog_collectionitem item JOIN catalog_productlisting listing USING (product_id)
            WHERE item.collection_id = collection.id AND listing.is_listed LIMIT %(limit)s
        ) held
    )
    FROM UNNEST(%(collection_ids)s::bigint[]) collection (id)
"""

# Writes the listings of some products, where their values changed, and drops those of products
# that have no variant left. `search_texts` stand in the order of `product_ids`.
WRITE_LISTINGS = f"""
    WITH gone AS (
        DELETE FROM catalog_productlisting listing
        WHERE product_id = ANY(%(product_ids)s::bigint[])
          AND NOT EXISTS (SELECT FROM catalog_variant variant WHERE variant.product_id = listing.product_id)
    ), written AS (
    INSERT INTO catalog_productlisting AS listing
        (product_id, category_id, default_variant_id, title, price, compare_at_price, is_listed, in_stock,
         is_featured, created_at, search_text, attribute_tokens, review_count, popularity)
    SELECT shown.product_id, category_id, default_variant_id, title, price, compare_at_price, is_listed, in_stock,
           is_featured, created_at, words.search_text, coalesce(tokens.attribute_tokens, ARRAY[]::text[]), 0, 0
    FROM ({LISTING_VALUES}) shown
    JOIN UNNEST(%(product_ids)s::bigint[], %(search_texts)s::text[]) words (product_id, search_text)
         ON words.product_id = shown.product_id
    LEFT JOIN ({LISTING_TOKENS}) tokens ON tokens.product_id = shown.product_id
    ON CONFLICT (product_id) DO UPDATE
    SET category_id = EXCLUDED.category_id, default_variant_id = EXCLUDED.default_variant_id,
        title = EXCLUDED.title, price = EXCLUDED.price, compare_at_price = EXCLUDED.compare_at_price,
        is_listed = EXCLUDED.is_listed, in_stock = EXCLUDED.in_stock, is_featured = EXCLUDED.is_featured,
        created_at = EXCLUDED.created_at, search_text = EXCLUDED.search_text,
        attribute_tokens = EXCLUDED.attribute_tokens
    WHERE (listing.category_id, listing.default_variant_id, listing.title, listing.price, listing.compare_at_price,
           listing.is_listed, listing.in_stock, listing.is_featured, listing.created_at, listing.search_text,
           listing.attribute_tokens)
          IS DISTINCT FROM
          (EXCLUDED.category_id, EXCLUDED.default_variant_id, EXCLUDED.title, EXCLUDED.price,
           EXCLUDED.compare_at_price, EXCLUDED.is_listed, EXCLUDED.in_stock, EXCLUDED.is_featured,
           EXCLUDED.created_at, EXCLUDED.search_text, EXCLUDED.attribute_tokens)
    RETURNING listing.product_id
    )
    {NOTE_WRITTEN}
"""

# Keeps what a product type knows from being changed while values are held against it.
HOLD_PRODUCT_TYPE = "SELECT id FROM catalog_producttype WHERE id = %(product_type_id)s FOR KEY SHARE"

# Turns `in_stock` of some variants and takes the listings of their products, both by primary key.
TURN_IN_STOCK = """
    WITH held AS (
        SELECT id, product_id FROM catalog_variant
        WHERE id = ANY(%(variant_ids)s::bigint[])
        ORDER BY id FOR NO KEY UPDATE
    ),
    turned AS (
        UPDATE catalog_variant variant SET in_stock = %(in_stock)s, updated_at = statement_timestamp()
        FROM held WHERE variant.id = held.id AND variant.in_stock <> %(in_stock)s
    )
    SELECT product_id FROM catalog_productlisting
    WHERE product_id IN (SELECT product_id FROM held)
    ORDER BY product_id FOR NO KEY UPDATE
"""

# The part of WRITE_LISTINGS that a change of stock can touch.
WRITE_LISTED_STOCK = f"""
    WITH written AS (
        UPDATE catalog_productlisting listing
        SET default_variant_id = shown.default_variant_id, price = shown.price,
            compare_at_price = shown.compare_at_price, in_stock = shown.in_stock
        FROM ({LISTING_VALUES}) shown
        WHERE listing.product_id = shown.product_id
          AND (listing.default_variant_id, listing.price, listing.compare_at_price, listing.in_stock)
              IS DISTINCT FROM (shown.default_variant_id, shown.price, shown.compare_at_price, shown.in_stock)
        RETURNING listing.product_id
    )
    {NOTE_WRITTEN}
"""

# Writes new prices of variants that the caller holds; the three lists stand in one order.
WRITE_PRICES = """
    UPDATE catalog_variant variant
    SET price = new.price, compare_at_price = new.compare_at_price, updated_at = statement_timestamp()
    FROM UNNEST(%(variant_ids)s::bigint[], %(prices)s::numeric[], %(compare_at_prices)s::numeric[])
         new (id, price, compare_at_price)
    WHERE variant.id = new.id
"""

# Notes the prices that end now, and forgets those that were over 30 days before. One variant stands once.
NOTE_PAST_PRICES = """
    WITH old AS (
        DELETE FROM catalog_pastprice
        WHERE variant_id = ANY(%(variant_ids)s::bigint[]) AND ended_at <= %(forgotten_at)s
    )
    INSERT INTO catalog_pastprice (variant_id, price, ended_at)
    SELECT variant_id, price, %(ended_at)s
    FROM UNNEST(%(variant_ids)s::bigint[], %(prices)s::numeric[]) past (variant_id, price)
"""

# The first listings of several categories: of each the first in its own index, and of these the first.
FIRST_OF_SHELVES = """
    SELECT found.product_id
    FROM UNNEST(%s::bigint[]) AS shelf (id) CROSS JOIN LATERAL ({first}) AS found
    ORDER BY {order} LIMIT %s OFFSET %s
"""

# The ids of an active category and of the active ones below it.
CATEGORY_SUBTREE = """
    WITH RECURSIVE below AS (
        SELECT id FROM catalog_category WHERE slug = %(slug)s AND is_active
        UNION
        SELECT child.id FROM catalog_category child JOIN below ON child.parent_id = below.id
        WHERE child.is_active
    )
    SELECT id FROM below
"""

# A category and those above it, the root first.
CATEGORY_PATH = """
    WITH RECURSIVE above AS (
        SELECT id, parent_id, slug, title, is_active, 0 AS steps FROM catalog_category WHERE id = %(category_id)s
        UNION ALL
        SELECT parent.id, parent.parent_id, parent.slug, parent.title, parent.is_active, steps + 1
        FROM catalog_category parent JOIN above ON parent.id = above.parent_id
    )
    SELECT id, slug, title, is_active FROM above ORDER BY steps DESC
"""

# Writes what search reads of some products, where it differs, and drops it of those without a listing. The
# three lists of what is written stand in one order; without a tier a product stays in its own, and a new
# one goes to the last.
WRITE_DOCUMENTS = """
    WITH gone AS (
        DELETE FROM catalog_searchdocument document
        WHERE product_id = ANY(%(of)s::bigint[])
          AND NOT EXISTS (SELECT FROM catalog_productlisting listing WHERE listing.product_id = document.product_id)
    )
    INSERT INTO catalog_searchdocument AS stored (product_id, is_listed, popularity, tier, document)
    SELECT listing.product_id, listing.is_listed, listing.popularity, coalesce(written.tier, held.tier, 5),
           written.document::tsvector
    FROM UNNEST(%(product_ids)s::bigint[], %(documents)s::text[], %(tiers)s::smallint[])
         written (product_id, document, tier)
    JOIN catalog_productlisting listing ON listing.product_id = written.product_id
    LEFT JOIN catalog_searchdocument held ON held.product_id = written.product_id
    WHERE (held.is_listed, held.popularity, held.tier, held.document) IS DISTINCT FROM
          (listing.is_listed, listing.popularity, coalesce(written.tier, held.tier, 5), written.document::tsvector)
    ON CONFLICT (product_id) DO UPDATE
    SET is_listed = EXCLUDED.is_listed, popularity = EXCLUDED.popularity, tier = EXCLUDED.tier,
        document = EXCLUDED.document
"""

# Queues the documents of some products for an engine of its own; one that is queued gets the next version.
QUEUE_DOCUMENTS = """
    INSERT INTO catalog_pendingdocument (product_id) SELECT UNNEST(%(product_ids)s::bigint[])
    ON CONFLICT (product_id) DO UPDATE SET id = EXCLUDED.id, lease_until = NULL
"""

CLAIM_DOCUMENTS = """
    UPDATE catalog_pendingdocument SET lease_until = %(until)s
    WHERE id IN (
        SELECT id FROM catalog_pendingdocument WHERE lease_until IS NULL OR lease_until < %(now)s
        ORDER BY queued_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    )
    RETURNING product_id, id
"""

# Adds to the counts of the walk under way; a word or a value that was not known is known at once.
COUNT_WORDS = """
    INSERT INTO catalog_searchword AS stored (word, stem, products, counted)
    SELECT word, coalesce((ts_lexize(%(stemmer)s::regdictionary, word))[1], word), counted, counted
    FROM UNNEST(%(words)s::text[], %(counts)s::int[]) found (word, counted)
    ON CONFLICT (word) DO UPDATE SET counted = stored.counted + EXCLUDED.counted
    RETURNING xmax = 0
"""
COUNT_FACETS = """
    INSERT INTO catalog_facetcount AS stored (category_id, kind, value, products, counted)
    SELECT category_id, kind, value, counted, counted
    FROM UNNEST(%(category_ids)s::bigint[], %(kinds)s::text[], %(values)s::text[], %(counts)s::int[])
         found (category_id, kind, value, counted)
    ON CONFLICT (category_id, kind, value) DO UPDATE SET counted = stored.counted + EXCLUDED.counted
"""

# The end of a walk: what it did not meet is gone, and its counts hold.
DROP_UNCOUNTED = "DELETE FROM {table} WHERE counted = 0"
TAKE_COUNTS = "UPDATE {table} SET products = counted, counted = 0"

# The products that match a query, tier after tier until there are enough, the best first: as arrays of
# their ids, ranks and popularities. Who has all words as they were typed weighs twice.
SEARCH = """
    SELECT array_agg(product_id), array_agg(search_rank), array_agg(popularity)
    FROM (
        SELECT product_id, popularity,
               ts_rank(%(weights)s::real[], document, %(meant)s::tsquery, 1)
               * CASE WHEN document @@ %(typed)s::tsquery THEN 2 ELSE 1 END AS search_rank
        FROM ({tiers} LIMIT %(limit)s) found
        ORDER BY search_rank DESC, popularity DESC, product_id DESC
    ) ranked
"""
# Of one tier. Parallel workers, to whom the process id of the backend means nothing, would read all tiers
# at once, the largest first.
SEARCH_TIER = """
    (SELECT product_id, popularity, document FROM catalog_searchdocument
     WHERE is_listed AND tier = {tier} AND {conditions} AND pg_backend_pid() > 0)
"""
# One of the conditions. Each is a key of its own, so that a scan of the index leaps to where all meet; in a
# single query it would read whatever has few products, such as the many shelves that a word may mean.
SEARCH_CONDITION = "document @@ %(condition_{number})s::tsquery"

# The active categories directly below one (the roots for an empty slug) in their order, each with the ids
# of those below it; then a row without id: how many products the last walk counted in each of the given
# categories, and in the shop.
FACET_SHELVES = """
    WITH RECURSIVE below AS (
        SELECT top.id AS top_id, top.id FROM catalog_category top
        WHERE top.parent_id IS NOT DISTINCT FROM
              (SELECT id FROM catalog_category WHERE slug = %(slug)s AND is_active) AND top.is_active
        UNION ALL
        SELECT below.top_id, child.id FROM catalog_category child JOIN below ON child.parent_id = below.id
        WHERE child.is_active
    )
    (SELECT top.id, top.slug, top.title, array_agg(below.id), NULL, 0
     FROM below JOIN catalog_category top ON top.id = below.top_id
     GROUP BY top.id ORDER BY top.position, top.title, top.id LIMIT %(limit)s)
    UNION ALL
    SELECT NULL, NULL, NULL, NULL,
           (SELECT array_agg(ARRAY[category_id, products]) FROM catalog_facetcount
            WHERE category_id = ANY(%(category_ids)s::bigint[]) AND kind = 'product'),
           (SELECT coalesce(sum(products), 0)::bigint FROM catalog_facetcount
            WHERE category_id IS NULL AND kind = 'product')
"""

# Some listings of each of several categories.
PICK_OF_SHELVES = """
    SELECT found.* FROM UNNEST(%s::bigint[], %s::bigint[]) AS shelf (id, quota)
    CROSS JOIN LATERAL ({picked} LIMIT shelf.quota) AS found LIMIT %s
"""

# How many of the picked listings have each value. Bands of prices are numbered from 0.
COUNT_NOW = """
    WITH picked (category_id, price, in_stock, rating, attribute_tokens) AS MATERIALIZED ({picked})
    SELECT CASE WHEN grouping(category_id) = 0 THEN 'category' WHEN grouping(in_stock) = 0 THEN 'in_stock'
                WHEN grouping(band) = 0 THEN 'price' WHEN grouping(stars) = 0 THEN 'rating' ELSE 'product' END,
           coalesce(category_id::text, in_stock::text, band::text, stars::text, ''), count(*)
    FROM (
        SELECT category_id, in_stock, width_bucket(price, %s::numeric[]) - 1 AS band, floor(rating)::int AS stars
        FROM picked
    ) valued
    GROUP BY GROUPING SETS ((category_id), (in_stock), (band), (stars), ())
    UNION ALL
    SELECT 'attribute', token, count(*) FROM picked CROSS JOIN unnest(attribute_tokens) token GROUP BY token
"""

# The same as the last walk counted it in some categories, or in the whole shop, and the products of the
# categories below.
_COUNTED_BY_WALK = """
    SELECT kind, value, sum(products)::bigint FROM catalog_facetcount WHERE {of} GROUP BY kind, value
    UNION ALL
    SELECT 'category', category_id::text, products FROM catalog_facetcount
    WHERE category_id = ANY(%(below)s::bigint[]) AND kind = 'product'
"""
COUNTED_BY_WALK = _COUNTED_BY_WALK.format(of="category_id = ANY(%(category_ids)s::bigint[])")
COUNTED_BY_WALK_IN_ALL = _COUNTED_BY_WALK.format(of="category_id IS NULL")

# A listed product, and after it those that go with it: first those that share most collections, then
# those of its category, each by sales. Of a collection the newest products are candidates.
RELATED_PRODUCTS = """
    WITH this AS (
        SELECT product_id, category_id FROM catalog_productlisting WHERE product_id = %(product_id)s AND is_listed
    ),
    shared AS (
        SELECT collection.id FROM catalog_collectionitem item
        JOIN catalog_collection collection ON collection.id = item.collection_id AND collection.is_active
        JOIN this ON this.product_id = item.product_id
        ORDER BY collection.position, collection.id LIMIT %(collections)s
    ),
    candidates AS (
        (SELECT found.product_id, 0 AS is_collected
         FROM this CROSS JOIN LATERAL (
             SELECT listing.product_id FROM catalog_productlisting listing
             WHERE listing.category_id = this.category_id AND listing.is_listed
             ORDER BY listing.popularity DESC, listing.product_id DESC LIMIT %(candidates)s
         ) found)
        UNION ALL
        SELECT found.product_id, 1
        FROM shared CROSS JOIN LATERAL (
            SELECT item.product_id FROM catalog_collectionitem item
            WHERE item.collection_id = shared.id ORDER BY item.product_id DESC LIMIT %(candidates)s
        ) found
    ),
    ranked AS (
        SELECT listing.product_id, sum(candidates.is_collected) AS shared_collections,
               bool_or(listing.category_id = this.category_id) IS TRUE AS is_of_category, listing.popularity
        FROM candidates JOIN catalog_productlisting listing USING (product_id) CROSS JOIN this
        WHERE listing.is_listed AND listing.product_id <> this.product_id
        GROUP BY listing.product_id, listing.popularity
        ORDER BY shared_collections DESC, is_of_category DESC, listing.popularity DESC, listing.product_id DESC
        LIMIT %(limit)s
    )
    SELECT product_id FROM (
        SELECT product_id, 0 AS place FROM this
        UNION ALL
        SELECT product_id, row_number() OVER (
            ORDER BY shared_collections DESC, is_of_category DESC, popularity DESC, product_id DESC
        )
        FROM ranked
    ) shown ORDER BY place
"""
