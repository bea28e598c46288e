"""Invariant 2: no acknowledged order is lost, and none is made twice."""

from collections.abc import Mapping
from typing import Any

from tasks.invariants.engine import Check, Evidence, NotChecked, offenders_of, sql_check

ACKNOWLEDGED = """
SELECT seen.number || ': acknowledged' || CASE
    WHEN orders.id IS NULL THEN ', but there is no such order'
    WHEN seen.cart IS NOT NULL AND orders.cart_uuid IS DISTINCT FROM seen.cart::uuid
        THEN ' for cart ' || seen.cart || ', but it is the order of cart ' || coalesce(orders.cart_uuid::text, 'none')
    ELSE ' with grand_total ' || seen.grand_total || ', but it is ' || orders.grand_total
    END
FROM unnest(%(numbers)s::text[], %(carts)s::text[], %(totals)s::numeric[]) AS seen (number, cart, grand_total)
LEFT JOIN orders_order AS orders ON orders.number = seen.number
WHERE orders.id IS NULL
   OR (seen.cart IS NOT NULL AND orders.cart_uuid IS DISTINCT FROM seen.cart::uuid)
   OR orders.grand_total <> seen.grand_total
"""

ONE_ORDER_PER_CART = """
SELECT cart_uuid || ': ' || string_agg(number, ', ' ORDER BY number)
FROM orders_order WHERE cart_uuid IS NOT NULL GROUP BY cart_uuid HAVING count(*) > 1
"""

CLAIMED_CARTS = """
SELECT cart.id || ': claimed for ' || cart.order_number || ', which is not its order'
FROM carts_cart AS cart
LEFT JOIN orders_order AS orders ON orders.number = cart.order_number AND orders.cart_uuid = cart.id
WHERE cart.order_number IS NOT NULL AND orders.id IS NULL
"""

ORDERS_OF_OPEN_CARTS = """
SELECT orders.number || ': its cart ' || cart.id || ' is claimed for ' || coalesce(cart.order_number, 'nothing')
FROM orders_order AS orders
JOIN carts_cart AS cart ON cart.id = orders.cart_uuid
WHERE cart.order_number IS DISTINCT FROM orders.number
"""

ONE_ORDER_PER_KEY = """
SELECT scope || ' ' || key || ': ' || string_agg(reference, ', ' ORDER BY reference)
FROM core_idempotencykey GROUP BY scope, key HAVING count(*) > 1
"""

KEYS_OF_NOTHING = """
SELECT key.scope || ' ' || key.key || ': answered with ' || key.reference || ', which does not exist'
FROM core_idempotencykey AS key
WHERE key.scope LIKE 'orders.place:%%' AND key.reference <> ''
  AND NOT EXISTS (SELECT FROM orders_order AS orders WHERE orders.number = key.reference)
"""

EMPTY_ORDERS = """
SELECT orders.number || ': no items' FROM orders_order AS orders
WHERE NOT EXISTS (SELECT FROM orders_orderitem AS item WHERE item.order_id = orders.id)
"""


def lost_orders(evidence: Evidence) -> list[str]:
    """Orders that a client saw acknowledged and that are not there, or not as he saw them."""
    if evidence.acknowledged is None:
        raise NotChecked("no --acknowledged FILE was given")
    return offenders_of(ACKNOWLEDGED, _columns(evidence.acknowledged))


def _columns(orders: list[Mapping[str, Any]]) -> dict[str, list]:
    return {
        "numbers": [order["number"] for order in orders],
        "carts": [order.get("cart") for order in orders],
        "totals": [order.get("grand_total") for order in orders],
    }


CHECKS = [
    Check(2, "orders", "every acknowledged order exists as it was acknowledged", lost_orders),
    sql_check(2, "orders", "a cart became at most one order", ONE_ORDER_PER_CART),
    sql_check(2, "orders", "a claimed cart has its order", CLAIMED_CARTS),
    sql_check(2, "orders", "the cart of an order is claimed for it", ORDERS_OF_OPEN_CARTS),
    sql_check(2, "orders", "an idempotency key stands for one outcome", ONE_ORDER_PER_KEY),
    sql_check(2, "orders", "the order that a key was answered with exists", KEYS_OF_NOTHING, {}),
    sql_check(2, "orders", "every order has items", EMPTY_ORDERS),
]
