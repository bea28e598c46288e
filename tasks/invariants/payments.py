"""Invariant 4: nothing is charged twice, and the provider agrees with us."""

from tasks.invariants.engine import Check, Evidence, NotChecked, offenders_of, sql_check

ONE_CAPTURE = """
SELECT orders.number || ': captured ' || count(*) || ' times'
FROM payments_payment AS payment JOIN orders_order AS orders ON orders.id = payment.order_id
WHERE payment.captured_at IS NOT NULL GROUP BY orders.number HAVING count(*) > 1
"""

PAID_ORDERS = """
SELECT orders.number || ': payment_status ' || orders.payment_status || ', captured '
       || coalesce(captured.amount::text, 'nothing') || ' of ' || orders.grand_total
FROM orders_order AS orders
LEFT JOIN (
    SELECT order_id, sum(amount) AS amount FROM payments_payment
    WHERE captured_at IS NOT NULL GROUP BY order_id
) AS captured ON captured.order_id = orders.id
WHERE CASE WHEN orders.payment_status IN ('complete', 'partially_refunded', 'refunded')
           THEN captured.amount IS DISTINCT FROM orders.grand_total
           ELSE captured.amount IS NOT NULL END
"""

# Bank transfers are entered by staff: for them the shop's own table is the ledger.
PROVIDERS_WITH_LEDGER = "SELECT FROM payments_payment WHERE captured_at IS NOT NULL AND provider <> 'manual'"

LEDGER = """
WITH ours AS (
    SELECT provider_reference AS reference, amount, currency FROM payments_payment
    WHERE captured_at IS NOT NULL AND provider <> 'manual'
), theirs AS (
    SELECT * FROM unnest(%(references)s::text[], %(amounts)s::numeric[], %(currencies)s::text[])
        AS charge (reference, amount, currency)
), ours_only AS (SELECT * FROM ours EXCEPT ALL SELECT * FROM theirs),
theirs_only AS (SELECT * FROM theirs EXCEPT ALL SELECT * FROM ours)
SELECT reference || ': ' || amount || ' ' || currency || ' captured here, unknown to the provider' FROM ours_only
UNION ALL
SELECT reference || ': ' || amount || ' ' || currency || ' charged by the provider, unknown here' FROM theirs_only
"""


def unmatched_charges(evidence: Evidence) -> list[str]:
    """Captures that only one side knows, or knows otherwise."""
    charges = evidence.provider_ledger
    if charges is None:
        if offenders_of(f"SELECT 'yes' WHERE EXISTS ({PROVIDERS_WITH_LEDGER})"):
            raise NotChecked("no --provider-ledger FILE was given")
        return []
    columns = {
        "references": [charge["reference"] for charge in charges],
        "amounts": [charge["amount"] for charge in charges],
        "currencies": [charge["currency"] for charge in charges],
    }
    return offenders_of(LEDGER, columns)


CHECKS = [
    sql_check(4, "payments", "an order is captured at most once", ONE_CAPTURE),
    sql_check(4, "payments", "a paid order has its capture, no other has one", PAID_ORDERS),
    Check(4, "payments", "the provider's ledger and our captures match one to one", unmatched_charges),
]
