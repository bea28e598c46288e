"""Invariant 8: the copies that lists read equal what they are computed from."""

from django.contrib.postgres.aggregates import ArrayAgg

from market.catalog.models import ProductListing
from market.catalog.rules import search_text
from tasks.invariants.engine import NAMED, Check, Evidence, sql_check

IN_STOCK = """
SELECT variant.sku || ': in_stock ' || variant.in_stock || ', available '
       || coalesce(stock.on_hand - stock.reserved, 0)
FROM catalog_variant AS variant LEFT JOIN inventory_stockitem AS stock ON stock.variant_id = variant.id
WHERE variant.in_stock <> (coalesce(stock.on_hand - stock.reserved, 0) > 0)
"""

LISTINGS = """
WITH variants AS (
    SELECT variant.product_id, variant.id, variant.position, variant.price, variant.compare_at_price,
           variant.is_active, coalesce(stock.on_hand - stock.reserved, 0) > 0 AS is_available
    FROM catalog_variant AS variant LEFT JOIN inventory_stockitem AS stock ON stock.variant_id = variant.id
), chosen AS (
    SELECT DISTINCT ON (product_id) product_id, CASE WHEN is_active THEN id END AS id, price, compare_at_price
    FROM variants ORDER BY product_id, is_active DESC, is_available DESC, price, position, id
), told AS (
    SELECT product.id AS product_id, array_agg(DISTINCT value.key || '=' || value.text COLLATE "C") AS tokens
    FROM catalog_product AS product
    CROSS JOIN LATERAL (
        SELECT own.key, own.value AS text FROM jsonb_each_text(product.attributes) AS own
        UNION ALL
        SELECT own.key, own.value FROM catalog_variant AS variant CROSS JOIN jsonb_each_text(variant.attributes) AS own
        WHERE variant.product_id = product.id AND variant.is_active
    ) AS value
    WHERE EXISTS (
        SELECT FROM catalog_attribute AS attribute
        WHERE attribute.product_type_id = product.product_type_id AND attribute.code = value.key
          AND attribute.is_filterable
    )
    GROUP BY product.id
), computed AS (
    SELECT product.id AS product_id, product.category_id, product.title, product.created_at, product.is_featured,
           coalesce(told.tokens, ARRAY[]::text[]) AS tokens,
           chosen.id AS default_variant_id, chosen.price, chosen.compare_at_price,
           product.status = 'active' AND summary.is_active AS is_listed, summary.in_stock
    FROM catalog_product AS product
    JOIN chosen ON chosen.product_id = product.id
    JOIN (
        SELECT product_id, bool_or(is_active) AS is_active, bool_or(is_active AND is_available) AS in_stock
        FROM variants GROUP BY product_id
    ) AS summary ON summary.product_id = product.id
    LEFT JOIN told ON told.product_id = product.id
)
SELECT coalesce(product.slug, 'product ' || coalesce(listing.product_id, computed.product_id)) || ': '
       || CASE WHEN listing.product_id IS NULL THEN 'no listing' WHEN computed.product_id IS NULL THEN 'has no variant'
          ELSE concat_ws(', ',
            CASE WHEN listing.is_listed <> computed.is_listed THEN 'is_listed ' || listing.is_listed END,
            CASE WHEN listing.in_stock <> computed.in_stock THEN 'in_stock ' || listing.in_stock END,
            CASE WHEN listing.price <> computed.price
                 THEN 'price ' || listing.price || ' instead of ' || computed.price END,
            CASE WHEN listing.compare_at_price IS DISTINCT FROM computed.compare_at_price THEN 'compare_at_price' END,
            CASE WHEN listing.default_variant_id IS DISTINCT FROM computed.default_variant_id
                 THEN 'default_variant' END,
            CASE WHEN listing.category_id IS DISTINCT FROM computed.category_id THEN 'category' END,
            CASE WHEN listing.title <> computed.title THEN 'title' END,
            CASE WHEN listing.is_featured <> computed.is_featured THEN 'is_featured ' || listing.is_featured END,
            CASE WHEN listing.attribute_tokens <> computed.tokens
                 THEN 'attributes ' || array_to_string(listing.attribute_tokens, ' ') END,
            CASE WHEN listing.created_at <> computed.created_at THEN 'created_at' END)
          END
FROM catalog_productlisting AS listing
FULL JOIN computed ON computed.product_id = listing.product_id
LEFT JOIN catalog_product AS product ON product.id = coalesce(listing.product_id, computed.product_id)
WHERE (listing.is_listed, listing.in_stock, listing.price, listing.compare_at_price, listing.default_variant_id,
       listing.category_id, listing.title, listing.created_at, listing.is_featured, listing.attribute_tokens)
      IS DISTINCT FROM
      (computed.is_listed, computed.in_stock, computed.price, computed.compare_at_price, computed.default_variant_id,
       computed.category_id, computed.title, computed.created_at, computed.is_featured, computed.tokens)
"""

PRIMARY_IMAGES = """
SELECT product.slug || ': ' || count(*) FILTER (WHERE image.is_primary) || ' primary of ' || count(*) || ' pictures'
FROM catalog_productimage AS image JOIN catalog_product AS product ON product.id = image.product_id
GROUP BY product.id HAVING count(*) FILTER (WHERE image.is_primary) <> 1
"""

CHUNK = 2000


def wrongly_found_products(evidence: Evidence) -> list[str]:
    """Listings whose searched words are not those of title and SKUs: one statement, read in chunks."""
    found: list[str] = []
    words = ProductListing.objects.annotate(skus=ArrayAgg("product__variants__sku", order_by="product__variants__sku"))
    rows = words.order_by("pk").values_list("product__slug", "product__title", "skus", "search_text")
    for slug, title, skus, text in rows.iterator(chunk_size=CHUNK):
        if text != search_text(title=title, skus=filter(None, skus)):
            found.append(f"{slug}: found by {text!r}")
        if len(found) > NAMED:
            break
    return found


CHECKS = [
    sql_check(8, "listings", "a variant is in stock when units are available", IN_STOCK),
    sql_check(8, "listings", "a listing equals what it is computed from", LISTINGS),
    sql_check(8, "listings", "of a product's pictures exactly one is primary", PRIMARY_IMAGES),
    Check(8, "listings", "a product is found by its title and SKUs", wrongly_found_products),
]
