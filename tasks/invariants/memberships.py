"""Invariant 9: a customer's tier follows from what he spent, and his history tells how he came to it."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from market.customers.rules import a_year_before
from tasks.invariants.engine import Check, Evidence, offenders_of, sql_check

# Everybody is looked at each night, and when an order of his is completed: what is newer may not be counted yet.
SLACK = timedelta(days=2)

# What certainly counts, and what may have counted when he was last looked at.
SPENT = """
WITH captured AS (
    SELECT payment.id, payment.amount, orders.customer_id, orders.placed_at > %(year_before_now)s
           AND orders.status = 'delivered' AND payment.captured_at <= %(before)s AND last.at <= %(before)s AS is_certain
    FROM payments_payment AS payment
    JOIN orders_order AS orders ON orders.id = payment.order_id
    JOIN LATERAL (SELECT max(at) AS at FROM orders_orderevent WHERE order_id = orders.id) AS last ON true
    WHERE payment.captured_at IS NOT NULL AND orders.customer_id IS NOT NULL
      AND orders.placed_at > %(year_before_look)s
      AND (orders.status = 'delivered' OR orders.status = 'returned' AND last.at > %(before)s)
), counted AS (
    SELECT captured.customer_id,
           coalesce(sum(captured.amount - coalesce(refunded.ever, 0)) FILTER (WHERE captured.is_certain), 0) AS least,
           sum(captured.amount - coalesce(refunded.before, 0)) AS most
    FROM captured
    LEFT JOIN LATERAL (
        SELECT sum(amount) AS ever, sum(amount) FILTER (WHERE refunded_at <= %(before)s) AS before
        FROM payments_refund WHERE payment_id = captured.id
    ) AS refunded ON true
    GROUP BY captured.customer_id
)
SELECT 'customer ' || coalesce(counted.customer_id, membership.customer_id) || ': spent '
       || coalesce(membership.spent_12m, 0) || ', his orders say ' || coalesce(counted.least, 0)
       || CASE WHEN counted.most > counted.least THEN ' to ' || counted.most ELSE '' END
FROM counted FULL JOIN customers_membership AS membership ON membership.customer_id = counted.customer_id
WHERE coalesce(membership.spent_12m, 0)
      NOT BETWEEN coalesce(counted.least, 0) AND greatest(counted.most, counted.least, 0)
"""

# Up at once; down after the grace. Who has a tier whose threshold was changed has to be looked at first.
TIERS = """
SELECT 'customer ' || membership.customer_id || ': ' || tier.code || ' with ' || membership.spent_12m || ' spent'
       || coalesce(', too little since ' || membership.below_since, '')
FROM customers_membership AS membership
JOIN customers_membershiptier AS tier ON tier.id = membership.tier_id
CROSS JOIN LATERAL (
    SELECT max(earned.rank) AS rank FROM customers_membershiptier AS earned
    WHERE earned.threshold <= membership.spent_12m
) AS earned
WHERE NOT EXISTS (
    SELECT FROM customers_membershiptier WHERE updated_at > greatest(%(before)s, created_at + interval '1 minute')
)
  AND CASE WHEN earned.rank > tier.rank THEN true
           WHEN earned.rank = tier.rank THEN membership.below_since IS NOT NULL
           ELSE membership.below_since IS NULL OR membership.below_since < %(grace_before)s END
"""

HISTORY = """
SELECT 'customer ' || membership.customer_id || ': ' || tier.code || ', his history ends with ' || coalesce(came.code
       || CASE WHEN came.id = tier.id THEN ' at another moment' ELSE '' END, 'nothing')
FROM customers_membership AS membership
JOIN customers_membershiptier AS tier ON tier.id = membership.tier_id
LEFT JOIN (
    SELECT DISTINCT ON (customer_id) customer_id, to_tier_id, at FROM customers_membershipchange
    ORDER BY customer_id, id DESC
) AS last ON last.customer_id = membership.customer_id
LEFT JOIN customers_membershiptier AS came ON came.id = last.to_tier_id
WHERE CASE WHEN last.customer_id IS NULL THEN tier.rank > (SELECT min(rank) FROM customers_membershiptier)
           ELSE (last.to_tier_id, last.at) IS DISTINCT FROM (membership.tier_id, membership.since) END
"""


def wrongly_counted(evidence: Evidence) -> list[str]:
    """Customers of whom another amount is kept than their orders of twelve months come to."""
    now = timezone.now()
    return offenders_of(
        SPENT,
        {
            "before": now - SLACK,
            "year_before_now": a_year_before(now),
            "year_before_look": a_year_before(now - SLACK),
        },
    )


def wrong_tiers(evidence: Evidence) -> list[str]:
    """Customers whose tier is not the one that they have earned, or may keep for a while."""
    before = timezone.now() - SLACK
    return offenders_of(TIERS, {"before": before, "grace_before": before - settings.MEMBERSHIP_GRACE})


CHECKS = [
    Check(9, "memberships", "what a customer spent is what his orders come to", wrongly_counted),
    Check(9, "memberships", "a customer has the tier that he has earned, or the grace of a higher one", wrong_tiers),
    sql_check(9, "memberships", "a customer has the tier that his history ends with", HISTORY),
]
