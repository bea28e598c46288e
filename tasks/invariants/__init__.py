"""The invariants of the shop, as `manage.py check_invariants` checks them."""

from tasks.invariants import (
    history,
    listings,
    memberships,
    money,
    orders,
    payments,
    promotions,
    reviews,
    searching,
    stock,
    work,
)
from tasks.invariants.engine import Evidence, Result, run_checks

CHECKS = [
    check
    for module in (stock, orders, money, payments, promotions, history, work, listings, reviews, memberships, searching)
    for check in module.CHECKS
]


def check_invariants(*, evidence: Evidence | None = None) -> list[Result]:
    """Every check's result, in the order of the invariants, from one snapshot."""
    return run_checks(checks=CHECKS, evidence=evidence or Evidence())
