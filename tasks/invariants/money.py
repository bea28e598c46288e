"""Invariant 3: every amount is what it is computed from, to the cent."""

from collections.abc import Iterator

from market.orders.models import Order
from market.pricing.rules import READABLE_VERSIONS, input_from_json, quote
from tasks.invariants.engine import NAMED, Check, Evidence, sql_check

# Newest and any others, alike: a fault of today is found at once, an old one in time.
SAMPLE = 250

FORMULA = """
SELECT number || ': grand_total ' || grand_total || ', computed ' || computed
FROM (
    SELECT number, grand_total, subtotal - discount_total + shipping_total
           + CASE WHEN prices_include_tax THEN 0 ELSE tax_total END AS computed
    FROM orders_order
) AS orders
WHERE grand_total <> computed
"""

LINE_FORMULA = """
SELECT orders.number || ' ' || item.sku || ': line_total ' || item.line_total
FROM orders_orderitem AS item JOIN orders_order AS orders ON orders.id = item.order_id
WHERE item.line_total <> item.unit_price * item.quantity - item.discount_total
"""

SUMS = """
SELECT orders.number || ': subtotal ' || orders.subtotal || ' of lines ' || lines.subtotal
       || ', discounts ' || orders.discount_total || ' of lines ' || lines.discount_total
       || ', tax ' || orders.tax_total || ' of lines and shipping ' || lines.tax_total + orders.shipping_tax_total
FROM orders_order AS orders
JOIN (
    SELECT order_id, sum(unit_price * quantity) AS subtotal, sum(discount_total) AS discount_total,
           sum(tax_total) AS tax_total
    FROM orders_orderitem GROUP BY order_id
) AS lines ON lines.order_id = orders.id
WHERE orders.subtotal <> lines.subtotal
   OR orders.discount_total <> lines.discount_total
   OR orders.tax_total <> lines.tax_total + orders.shipping_tax_total
"""

NEGATIVE = """
SELECT number || ': an amount below zero' FROM orders_order
WHERE least(subtotal, discount_total, shipping_total, shipping_tax_total, tax_total, grand_total) < 0
UNION ALL
SELECT orders.number || ' ' || item.sku || ': an amount below zero'
FROM orders_orderitem AS item JOIN orders_order AS orders ON orders.id = item.order_id
WHERE least(item.unit_price, item.discount_total, item.tax_total, item.line_total) < 0
UNION ALL
SELECT orders.number || ': payment ' || payment.id || ' below zero'
FROM payments_payment AS payment JOIN orders_order AS orders ON orders.id = payment.order_id
WHERE payment.amount < 0
"""

REFUNDS = """
SELECT number || ': ' || payment_status || ', but nothing was captured' FROM orders_order AS orders
WHERE payment_status IN ('partially_refunded', 'refunded') AND NOT EXISTS (
    SELECT FROM payments_payment AS payment WHERE payment.order_id = orders.id AND payment.captured_at IS NOT NULL
)
"""

COLUMNS = ("subtotal", "discount_total", "shipping_total", "shipping_tax_total", "tax_total", "grand_total")
LINE_COLUMNS = ("quantity", "unit_price", "discount_total", "tax_rate", "tax_total", "line_total")


def mispriced_orders(evidence: Evidence) -> list[str]:
    """Orders of the sample that their own recorded inputs do not give: four statements."""
    found: list[str] = []
    for orders in (Order.objects.order_by("-pk"), Order.objects.order_by("?")):
        priced = orders.select_related("quote").prefetch_related("items")[:SAMPLE]
        found += [f"{order.number}: {reasons}" for order in priced if (reasons := "; ".join(differences(order)))]
    return sorted(set(found))[: NAMED + 1]


def differences(order: Order) -> Iterator[str]:
    """What pricing the order again gives otherwise. Who priced elsewhere left nothing to price from."""
    if not hasattr(order, "quote"):
        yield "no record of how it was priced"
        return
    if order.quote.engine_version not in READABLE_VERSIONS:
        return
    again = quote(input_from_json(order.quote.inputs))
    for column in COLUMNS:
        if getattr(order, column) != getattr(again, column):
            yield f"{column} {getattr(order, column)}, priced again {getattr(again, column)}"
    lines = {line.variant_id: line for line in again.lines}
    items = {item.variant_id: item for item in order.items.all()}
    if lines.keys() != items.keys():
        yield f"items of variants {sorted(items)}, priced were {sorted(lines)}"
        return
    for variant_id, line in lines.items():
        for column in LINE_COLUMNS:
            if getattr(items[variant_id], column) != getattr(line, column):
                yield f"{line.sku} {column} {getattr(items[variant_id], column)}, again {getattr(line, column)}"


CHECKS = [
    sql_check(3, "money", "grand_total is what the formula gives", FORMULA),
    sql_check(3, "money", "line_total is what the formula gives", LINE_FORMULA),
    sql_check(3, "money", "totals are the sums of the lines", SUMS),
    sql_check(3, "money", "no amount is below zero", NEGATIVE),
    sql_check(3, "money", "nothing is refunded that was not captured", REFUNDS),
    Check(3, "money", "a sample of orders, priced again, gives itself", mispriced_orders),
]
