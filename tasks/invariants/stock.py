"""Invariant 1: nothing is oversold, and every unit is accounted for."""

from tasks.invariants.engine import sql_check

BOUNDS = """
SELECT variant.sku || ': reserved ' || stock.reserved || ', on_hand ' || stock.on_hand
FROM inventory_stockitem AS stock JOIN catalog_variant AS variant ON variant.id = stock.variant_id
WHERE NOT (0 <= stock.reserved AND stock.reserved <= stock.on_hand)
"""

LEDGER = """
SELECT variant.sku || ': on_hand ' || coalesce(stock.on_hand, 0) || ', ledger ' || coalesce(ledger.units, 0)
FROM catalog_variant AS variant
LEFT JOIN inventory_stockitem AS stock ON stock.variant_id = variant.id
LEFT JOIN (
    SELECT variant_id, sum(quantity) AS units FROM inventory_stockmovement GROUP BY variant_id
) AS ledger ON ledger.variant_id = variant.id
WHERE coalesce(stock.on_hand, 0) <> coalesce(ledger.units, 0)
"""

RESERVED = """
SELECT variant.sku || ': reserved ' || coalesce(stock.reserved, 0) || ', reservations ' || coalesce(kept.units, 0)
FROM catalog_variant AS variant
LEFT JOIN inventory_stockitem AS stock ON stock.variant_id = variant.id
LEFT JOIN (
    SELECT variant_id, sum(quantity) AS units FROM inventory_reservation
    WHERE state IN ('held', 'committed') GROUP BY variant_id
) AS kept ON kept.variant_id = variant.id
WHERE coalesce(stock.reserved, 0) <> coalesce(kept.units, 0)
"""

LINES = """
SELECT orders.number || ' (' || orders.status || ') ' || item.sku || ': ordered ' || item.quantity
       || ', reservation ' || coalesce(reservation.quantity || ' ' || reservation.state, 'none')
FROM orders_order AS orders
JOIN orders_orderitem AS item ON item.order_id = orders.id
LEFT JOIN inventory_reservation AS reservation
    ON reservation.reference = orders.number AND reservation.variant_id = item.variant_id
WHERE NOT EXISTS (  -- what left somebody else's stock, or left before ours was counted
    SELECT FROM orders_orderevent AS event WHERE event.order_id = orders.id AND event.kind = 'imported'
) AND (reservation.id IS NULL
   OR reservation.quantity <> item.quantity
   OR NOT CASE orders.status
        WHEN 'pending' THEN reservation.state IN ('held', 'committed')
        WHEN 'confirmed' THEN reservation.state = 'committed'
        WHEN 'processing' THEN reservation.state = 'committed'
        WHEN 'canceled' THEN reservation.state = 'released'
        ELSE reservation.state = 'consumed'
      END)
"""

ORPHANS = """
SELECT reservation.reference || ': ' || reservation.quantity || ' of ' || variant.sku || ' ' || reservation.state
FROM inventory_reservation AS reservation
JOIN catalog_variant AS variant ON variant.id = reservation.variant_id
WHERE NOT EXISTS (
    SELECT FROM orders_order AS orders
    JOIN orders_orderitem AS item ON item.order_id = orders.id
    WHERE orders.number = reservation.reference AND item.variant_id = reservation.variant_id
)
"""

CHECKS = [
    sql_check(1, "stock", "0 <= reserved <= on_hand", BOUNDS),
    sql_check(1, "stock", "on_hand equals the sum of the ledger", LEDGER),
    sql_check(1, "stock", "reserved equals the held and committed reservations", RESERVED),
    sql_check(1, "stock", "every order line has the reservation that its status asks for", LINES),
    sql_check(1, "stock", "every reservation is an order's", ORPHANS),
]
