"""The statements of seeding: rows straight into the tables, and the ids they will have."""

COPY_PRODUCTS = """
    COPY catalog_product (id, title, slug, description, status, category_id, product_type_id, attributes, is_featured,
                          created_at, updated_at) FROM STDIN
"""
COPY_VARIANTS = """
    COPY catalog_variant (id, product_id, sku, title, price, compare_at_price, cost, weight_grams, is_active,
                          in_stock, attributes, position, created_at, updated_at) FROM STDIN
"""
COPY_LISTINGS = """
    COPY catalog_productlisting (product_id, category_id, default_variant_id, title, price, compare_at_price,
                                 is_listed, in_stock, is_featured, attribute_tokens, review_count, popularity,
                                 search_text, created_at) FROM STDIN
"""
COPY_STOCK = """
    COPY inventory_stockitem (variant_id, on_hand, reserved, low_stock_threshold, updated_at) FROM STDIN
"""
COPY_LEDGER = """
    COPY inventory_stockmovement (variant_id, kind, quantity, location, reason, reference, created_at) FROM STDIN
"""

# So many ids that nobody else will get.
TAKE_IDS = "SELECT nextval(pg_get_serial_sequence(%(table)s, 'id')) FROM generate_series(1, %(count)s)"

# The last SKU of a seed. The column is compared by its bytes, and "." comes after "-".
LAST_SKU = """
    SELECT max(sku) FROM catalog_variant WHERE sku >= %(from)s AND sku < %(below)s
"""

HOLD_SEEDING = "SELECT pg_advisory_xact_lock(%(lock)s)"

# What the planner knows and which pages need no second look: autovacuum would come to it by itself, later.
LEARN = "ANALYZE {table}"
SETTLE = "VACUUM (ANALYZE, SKIP_LOCKED) {table}"
COPIED_TABLES = (
    *("catalog_category", "catalog_product", "catalog_variant", "catalog_productlisting"),
    *("inventory_stockitem", "inventory_stockmovement"),
)
SORTED_TABLES = ("catalog_searchdocument", "catalog_searchword", "catalog_facetcount")

# Rows are put into an index of words one by one, a thousandth of a second for each; gathered first, they go
# in together. Searches read what is gathered beside the index.
GATHER = "ALTER INDEX {index} SET (fastupdate = on)"
SORT_IN = ("ALTER INDEX {index} SET (fastupdate = off)", "SELECT gin_clean_pending_list('{index}')")
GATHER_MUCH = ("SET gin_pending_list_limit = '256MB'", "SET maintenance_work_mem = '256MB'")
GATHER_LITTLE = ("RESET gin_pending_list_limit", "RESET maintenance_work_mem")
