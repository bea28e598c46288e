"""Invariant 7: nothing waits longer than it may, and what died can be seen."""

from django.conf import settings

from tasks.invariants.engine import sql_check

# After any fault the shop settles by itself within this time; due moments move on while it waits
# for something outside.
SETTLES_SECONDS = 60
# The sweeper of unpaid orders runs every 10 s in batches of 300.
RESERVATION_SECONDS = 300
# Looked for every 5 s, 4,000 of them each time.
PRICE_SECONDS = 300

EVENTS = """
SELECT name || ' ' || id || ': waits for the relay since ' || created_at FROM outbox_event
WHERE relayed_at IS NULL AND created_at < now() - make_interval(secs => %(seconds)s)
"""

DELIVERIES = """
SELECT handler || ' ' || id || ': due since ' || due_at FROM outbox_delivery
WHERE state = 'pending' AND due_at < now() - make_interval(secs => %(seconds)s)
"""

LEASES = """
SELECT handler || ' ' || id || ': leased until ' || lease_until FROM outbox_delivery
WHERE lease_until < now() - make_interval(secs => %(seconds)s)
UNION ALL
SELECT 'mail ' || id || ': leased until ' || lease_until FROM notifications_mail
WHERE lease_until < now() - make_interval(secs => %(seconds)s)
UNION ALL
SELECT 'run ' || id || ' (' || operation || '): leased until ' || lease_until FROM operations_run
WHERE lease_until < now() - make_interval(secs => %(seconds)s)
"""

# Runs take turns, so that one may wait as long as another is worked on.
RUNS = """
SELECT 'run ' || id || ' (' || operation || '): due since ' || due_at FROM operations_run AS run
WHERE state IN ('queued', 'running') AND due_at < now() - make_interval(secs => %(seconds)s)
  AND NOT EXISTS (SELECT FROM operations_run AS other WHERE other.lease_until > now())
"""

MAILS = """
SELECT 'mail ' || id || ' (' || kind || '): due since ' || due_at FROM notifications_mail
WHERE state IN ('queued', 'sending', 'unknown') AND due_at < now() - make_interval(secs => %(seconds)s)
"""

RESERVATIONS = """
SELECT reservation.reference || ': held until ' || reservation.expires_at
FROM inventory_reservation AS reservation
WHERE reservation.state = 'held' AND reservation.expires_at < now() - make_interval(secs => %(seconds)s)
  AND NOT EXISTS (
    SELECT FROM orders_order AS orders JOIN payments_payment AS payment ON payment.order_id = orders.id
    WHERE orders.number = reservation.reference AND payment.status IN ('authorized', 'unknown')
  )
"""

PLANNED_PRICES = """
SELECT 'price ' || id || ' of ' || sku || ': due since ' || due_at FROM catalog_plannedprice
WHERE due_at < now() - make_interval(secs => %(seconds)s)
"""

DEAD_LETTERS = """
SELECT handler || ' ' || id || ': ' || state || ' after ' || attempts || ' attempts, without a word why'
FROM outbox_delivery
WHERE (state = 'dead' AND last_error = '')
   OR (state = 'dismissed' AND dismissed_reason = '')
   OR (state = 'pending' AND attempts > %(attempts)s)
"""

SETTLES = {"seconds": SETTLES_SECONDS}
CHECKS = [
    sql_check(7, "work", "every event is relayed in time", EVENTS, SETTLES),
    sql_check(7, "work", "no delivery is overdue", DELIVERIES, SETTLES),
    sql_check(7, "work", "no lease is overdue", LEASES, SETTLES),
    sql_check(7, "work", "no run is overdue", RUNS, SETTLES),
    sql_check(7, "work", "no mail is overdue", MAILS, SETTLES),
    sql_check(7, "work", "no reservation is overdue", RESERVATIONS, {"seconds": RESERVATION_SECONDS}),
    sql_check(7, "work", "no planned price is overdue", PLANNED_PRICES, {"seconds": PRICE_SECONDS}),
    sql_check(
        7, "work", "every dead letter is visible and tells why", DEAD_LETTERS, {"attempts": settings.DELIVERY_ATTEMPTS}
    ),
]
