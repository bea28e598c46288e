"""Invariant 6: orders move along the state graph only, and each event is handled exactly once."""

from core.outbox.registry import all_handlers
from market.orders.rules import PENDING, TRANSITIONS
from tasks.invariants.engine import Check, Evidence, offenders_of, sql_check

STEPS = """
WITH steps AS (
    SELECT order_id, status AS after, lag(status) OVER (PARTITION BY order_id ORDER BY id) AS before
    FROM orders_orderevent
)
SELECT orders.number || ': ' || coalesce(steps.before, 'nothing') || ' -> ' || steps.after
FROM steps JOIN orders_order AS orders ON orders.id = steps.order_id
WHERE steps.after IS DISTINCT FROM steps.before AND NOT EXISTS (
    SELECT FROM unnest(%(before)s::text[], %(after)s::text[]) AS allowed (before, after)
    WHERE allowed.before = coalesce(steps.before, '') AND allowed.after = steps.after
)
"""

PRESENT = """
SELECT orders.number || ': ' || orders.status || ', its history ends with ' || coalesce(last.status, 'nothing')
FROM orders_order AS orders
LEFT JOIN (
    SELECT DISTINCT ON (order_id) order_id, status FROM orders_orderevent ORDER BY order_id, id DESC
) AS last ON last.order_id = orders.id
WHERE last.status IS DISTINCT FROM orders.status
"""

TWICE = """
SELECT event.name || ' ' || event.id || ': ' || count(*) || ' deliveries to ' || delivery.handler
FROM outbox_delivery AS delivery JOIN outbox_event AS event ON event.id = delivery.event_id
GROUP BY event.name, event.id, delivery.handler HAVING count(*) > 1
"""

# Events from before the relay knew a handler are none of its. One that the relay never noted and that
# never got a delivery misses every event of its kind.
MISSING = """
WITH handlers AS (
    SELECT handler.name, handler.event_name,
        coalesce(least(min(known.since), min(event.relayed_at)), '-infinity') AS since
    FROM unnest(%(names)s::text[], %(events)s::text[]) AS handler (name, event_name)
    LEFT JOIN outbox_knownhandler AS known ON known.name = handler.name
    LEFT JOIN outbox_delivery AS delivery ON delivery.handler = handler.name
    LEFT JOIN outbox_event AS event ON event.id = delivery.event_id
    GROUP BY handler.name, handler.event_name
)
SELECT event.name || ' ' || event.id || ': no delivery to ' || handlers.name
FROM outbox_event AS event
JOIN handlers ON handlers.event_name = event.name AND event.relayed_at >= handlers.since
WHERE NOT EXISTS (
    SELECT FROM outbox_delivery AS delivery WHERE delivery.event_id = event.id AND delivery.handler = handlers.name
)
"""


def illegal_steps(evidence: Evidence) -> list[str]:
    """Steps of orders' histories that the state graph does not have."""
    allowed = [("", PENDING), *((before, after) for before, many in TRANSITIONS.items() for after in many)]
    return offenders_of(STEPS, {"before": [step[0] for step in allowed], "after": [step[1] for step in allowed]})


def missing_deliveries(evidence: Evidence) -> list[str]:
    """Relayed events that a handler of theirs never got."""
    handlers = all_handlers()
    parameters = {
        "names": [handler.name for handler in handlers],
        "events": [handler.event_name for handler in handlers],
    }
    return offenders_of(MISSING, parameters)


CHECKS = [
    Check(6, "history", "orders move along the state graph", illegal_steps),
    sql_check(6, "history", "an order has the status its history ends with", PRESENT),
    sql_check(6, "history", "no event is delivered to a handler twice", TWICE),
    Check(6, "history", "every relayed event has its deliveries", missing_deliveries),
]
