"""The set statements of stock. Each has its plain ORM form in `tests/test_sql.py`.

Every change of stock locks its rows by primary key first, in a statement of its own: the next one
then begins with a snapshot that shows what the lock was waited for.
"""

from core.guards import guard_enabled

_LOCK_STOCK = """
    SELECT variant_id FROM inventory_stockitem
    WHERE variant_id = ANY(%(variant_ids)s::bigint[])
    ORDER BY {order} FOR NO KEY UPDATE
"""

_RESERVE = """
    WITH wanted AS (
        SELECT * FROM UNNEST(%(variant_ids)s::bigint[], %(quantities)s::int[]) AS wanted (variant_id, quantity)
    ),
    kept AS (
        SELECT variant_id FROM inventory_reservation
        WHERE reference = %(reference)s AND state <> 'released' AND variant_id = ANY(%(variant_ids)s::bigint[])
    ),
    short AS (
        SELECT wanted.variant_id FROM wanted
        LEFT JOIN inventory_stockitem stock ON stock.variant_id = wanted.variant_id
        WHERE wanted.variant_id NOT IN (SELECT variant_id FROM kept) AND NOT ({is_available})
    ),
    taken AS (
        UPDATE inventory_stockitem stock
        SET reserved = stock.reserved + wanted.quantity, updated_at = statement_timestamp()
        FROM wanted
        WHERE stock.variant_id = wanted.variant_id
          AND wanted.variant_id NOT IN (SELECT variant_id FROM kept)
          AND NOT EXISTS (SELECT FROM short)
          AND {is_available}
        RETURNING stock.variant_id, wanted.quantity, stock.on_hand - stock.reserved AS available
    ),
    reserved AS (
        INSERT INTO inventory_reservation AS reservation
            (variant_id, reference, quantity, state, expires_at, created_at, updated_at)
        SELECT variant_id, %(reference)s, quantity, 'held', %(expires_at)s, statement_timestamp(), statement_timestamp()
        FROM taken ORDER BY variant_id
        ON CONFLICT (reference, variant_id) DO UPDATE
        SET quantity = EXCLUDED.quantity, state = 'held', expires_at = EXCLUDED.expires_at,
            updated_at = EXCLUDED.updated_at
    )
    SELECT wanted.variant_id, variant.sku, wanted.quantity,
           wanted.variant_id IN (SELECT variant_id FROM short) AS is_short,
           COALESCE(taken.available, stock.on_hand - stock.reserved, 0) AS available,
           taken.variant_id IS NOT NULL AND taken.available <= 0 AS is_sold_out
    FROM wanted
    LEFT JOIN taken ON taken.variant_id = wanted.variant_id
    LEFT JOIN inventory_stockitem stock ON stock.variant_id = wanted.variant_id
    LEFT JOIN catalog_variant variant ON variant.id = wanted.variant_id
    ORDER BY wanted.variant_id
"""

LOCK_RESERVED_STOCK = """
    SELECT variant_id FROM inventory_stockitem
    WHERE variant_id IN (
        SELECT variant_id FROM inventory_reservation
        WHERE reference = %(reference)s AND state IN ('held', 'committed')
    )
    ORDER BY variant_id FOR NO KEY UPDATE
"""

# Answers the variants that are for sale again.
RELEASE = """
    WITH freed AS (
        UPDATE inventory_reservation
        SET state = 'released', expires_at = NULL, updated_at = statement_timestamp()
        WHERE reference = %(reference)s AND state IN ('held', 'committed')
        RETURNING variant_id, quantity
    ),
    returned AS (
        UPDATE inventory_stockitem stock
        SET reserved = stock.reserved - freed.quantity, updated_at = statement_timestamp()
        FROM freed WHERE stock.variant_id = freed.variant_id
        RETURNING stock.variant_id, freed.quantity, stock.on_hand - stock.reserved AS available
    )
    SELECT variant_id FROM returned WHERE available > 0 AND available - quantity <= 0 ORDER BY variant_id
"""

# What is available does not change: the units leave both counts.
CONSUME = """
    WITH shipped AS (
        UPDATE inventory_reservation
        SET state = 'consumed', updated_at = statement_timestamp()
        WHERE reference = %(reference)s AND state = 'committed'
        RETURNING variant_id, quantity
    ),
    gone AS (
        UPDATE inventory_stockitem stock
        SET on_hand = stock.on_hand - shipped.quantity, reserved = stock.reserved - shipped.quantity,
            updated_at = statement_timestamp()
        FROM shipped WHERE stock.variant_id = shipped.variant_id
    )
    INSERT INTO inventory_stockmovement (variant_id, kind, quantity, location, reason, reference, actor_id, created_at)
    SELECT variant_id, 'shipment', -quantity, %(location)s, '', %(reference)s, %(actor_id)s, statement_timestamp()
    FROM shipped ORDER BY variant_id
"""

# Gives stock to variants that have no row yet, with a ledger line for what is above zero.
OPEN_STOCK = """
    WITH opened AS (
        INSERT INTO inventory_stockitem (variant_id, on_hand, reserved, low_stock_threshold, updated_at)
        SELECT variant_id, quantity, 0, %(low_stock_threshold)s, statement_timestamp()
        FROM UNNEST(%(variant_ids)s::bigint[], %(quantities)s::int[]) AS given (variant_id, quantity)
        ORDER BY variant_id
        ON CONFLICT (variant_id) DO NOTHING
        RETURNING variant_id, on_hand
    ),
    ledger AS (
        INSERT INTO inventory_stockmovement
            (variant_id, kind, quantity, location, reason, reference, created_at)
        SELECT variant_id, 'opening', on_hand, %(location)s, %(reason)s, '', statement_timestamp()
        FROM opened WHERE on_hand > 0 ORDER BY variant_id
    )
    SELECT variant_id, on_hand FROM opened ORDER BY variant_id
"""

# Nobody can delete the variant until the transaction ends; one that is being deleted is waited for.
KEEP_VARIANT = "SELECT id FROM catalog_variant WHERE id = %(variant_id)s FOR KEY SHARE"


def lock_stock() -> str:
    """Locks the stock of `variant_ids`, by primary key, so that no two changes can wait for each other."""
    return _LOCK_STOCK.format(order="variant_id" if guard_enabled("stock_lock_order") else "random()")


def reserve() -> str:
    """Reserves all lines if enough is available of each, else none, and tells of every line how it went."""
    is_available = "COALESCE(stock.on_hand - stock.reserved, 0) >= wanted.quantity"
    return _RESERVE.format(is_available=is_available if guard_enabled("stock_condition") else "TRUE")
