"""The statements that write placed orders, one by one and those of the past many at once; and what they have used."""

from collections.abc import Sequence

from django.db import connection
from psycopg.types.json import Jsonb

from market.orders.models import Order, OrderEvent, OrderItem, OrderQuote

# How often these buyers were given these promotions in a simulation, before and after: a row per buyer and promotion.
# From their orders on row by row: of rows that a run has just written no statistics tell how many they are.
SIMULATED_USES = """
SELECT bought.customer_id, CASE WHEN bought.customer_id IS NULL THEN bought.email END AS email,
       used.promotion, count(used.before), count(used.after)
FROM orders_order bought
CROSS JOIN LATERAL (
    SELECT id FROM pricing_simulatedorder WHERE run_id = %(run)s AND number = bought.number OFFSET 0
) simulated
CROSS JOIN LATERAL (
    SELECT promotion, before, after FROM pricing_simulateduse
    WHERE order_id = simulated.id AND promotion = ANY(%(promotions)s::bigint[]) OFFSET 0
) used
WHERE bought.customer_id = ANY(%(customers)s::bigint[])
   OR bought.customer_id IS NULL AND upper(bought.email::text) = ANY(%(emails)s::text[])
GROUP BY 1, 2, 3
"""
INSERT_ORDER = """
WITH placed AS (
    INSERT INTO orders_order (
        number, customer_id, cart_uuid, email, language, status, payment_status, currency, prices_include_tax,
        subtotal, discounts, discount_total, shipping_total, shipping_tax_total, tax_total, grand_total,
        shipping_address, billing_address, shipping_method, shipping_label, note, placed_at, reserved_until, updated_at
    ) VALUES (
        %(number)s, %(customer_id)s, %(cart_uuid)s, %(email)s, %(language)s, %(status)s, %(payment_status)s,
        %(currency)s, %(prices_include_tax)s, %(subtotal)s, %(discounts)s, %(discount_total)s, %(shipping_total)s,
        %(shipping_tax_total)s, %(tax_total)s, %(grand_total)s, %(shipping_address)s, %(billing_address)s,
        %(shipping_method)s, %(shipping_label)s, %(note)s, %(placed_at)s, %(reserved_until)s, %(placed_at)s
    ) RETURNING id
), quote AS (
    INSERT INTO orders_orderquote (order_id, engine_version, inputs, trace, request_fingerprint)
    SELECT id, %(engine_version)s, %(inputs)s, %(trace)s, %(request_fingerprint)s FROM placed
), history AS (
    INSERT INTO orders_orderevent (order_id, at, kind, status, detail, actor)
    SELECT id, %(event_at)s, %(event_kind)s, %(event_status)s, %(event_detail)s, %(event_actor)s FROM placed
), lines AS (
    INSERT INTO orders_orderitem (
        order_id, variant_id, sku, title, quantity, unit_price, discount_total, tax_rate, tax_total, line_total
    )
    SELECT placed.id, line.variant_id, line.sku, line.title, line.quantity, line.unit_price, line.discount_total,
           line.tax_rate, line.tax_total, line.line_total
    FROM placed, unnest(
        %(variant_ids)s::bigint[], %(skus)s::text[], %(titles)s::text[], %(quantities)s::int[],
        %(unit_prices)s::numeric[], %(discount_totals)s::numeric[], %(tax_rates)s::numeric[],
        %(tax_totals)s::numeric[], %(line_totals)s::numeric[]
    ) WITH ORDINALITY AS line (
        variant_id, sku, title, quantity, unit_price, discount_total, tax_rate, tax_total, line_total, position
    )
    ORDER BY line.position
)
SELECT id FROM placed
"""


def insert_order(*, order: Order, quote: OrderQuote, items: Sequence[OrderItem], event: OrderEvent) -> int:
    """Insert an order with its quote, its first line of history and its items; returns its id.

    One statement however many items. Takes unsaved instances and leaves them unsaved.
    """
    parameters = {
        "number": order.number,
        "customer_id": order.customer_id,
        "cart_uuid": order.cart_uuid,
        "email": order.email,
        "language": order.language,
        "status": order.status,
        "payment_status": order.payment_status,
        "currency": order.currency,
        "prices_include_tax": order.prices_include_tax,
        "subtotal": order.subtotal,
        "discounts": Jsonb(order.discounts),
        "discount_total": order.discount_total,
        "shipping_total": order.shipping_total,
        "shipping_tax_total": order.shipping_tax_total,
        "tax_total": order.tax_total,
        "grand_total": order.grand_total,
        "shipping_address": Jsonb(order.shipping_address),
        "billing_address": Jsonb(order.billing_address),
        "shipping_method": order.shipping_method,
        "shipping_label": order.shipping_label,
        "note": order.note,
        "placed_at": order.placed_at,
        "reserved_until": order.reserved_until,
        "engine_version": quote.engine_version,
        "inputs": Jsonb(quote.inputs),
        "trace": Jsonb(quote.trace),
        "request_fingerprint": quote.request_fingerprint,
        "event_at": event.at,
        "event_kind": event.kind,
        "event_status": event.status,
        "event_detail": event.detail,
        "event_actor": event.actor,
        "variant_ids": [item.variant_id for item in items],
        "skus": [item.sku for item in items],
        "titles": [item.title for item in items],
        "quantities": [item.quantity for item in items],
        "unit_prices": [item.unit_price for item in items],
        "discount_totals": [item.discount_total for item in items],
        "tax_rates": [item.tax_rate for item in items],
        "tax_totals": [item.tax_total for item in items],
        "line_totals": [item.line_total for item in items],
    }
    with connection.cursor() as cursor:
        cursor.execute(INSERT_ORDER, parameters)
        return cursor.fetchone()[0]


# The steps that lead to a delivered order; of a past one nobody knows when each was.
INSERT_PAST_HISTORY = """
INSERT INTO orders_orderevent (order_id, at, kind, status, detail, actor)
SELECT orders.id, orders.placed_at, step.kind, step.status, '', 'system'
FROM orders_order AS orders CROSS JOIN (
    VALUES (1, 'imported', 'pending'), (2, 'paid', 'confirmed'), (3, 'status_changed', 'processing'),
           (4, 'status_changed', 'shipped'), (5, 'status_changed', 'delivered')
) AS step (place, kind, status)
WHERE orders.id = ANY(%(order_ids)s)
ORDER BY orders.id, step.place
"""


def insert_past_history(*, order_ids: Sequence[int]) -> None:
    """Write the history of orders that were placed, paid and delivered elsewhere: one statement."""
    with connection.cursor() as cursor:
        cursor.execute(INSERT_PAST_HISTORY, {"order_ids": list(order_ids)})
