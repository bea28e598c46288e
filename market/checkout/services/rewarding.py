"""Membership by what customers have spent: orders and payments tell it, customers keep it."""

from collections.abc import Collection
from datetime import datetime

from django.utils import timezone

from core.transactions import in_one_transaction
from market.customers import services as customers
from market.customers.rules import a_year_before
from market.orders.models import Order
from market.payments.selectors import spent_by_customers


@in_one_transaction
def recompute_memberships(*, customer_ids: Collection[int], at: datetime | None = None) -> list[customers.TierChange]:
    """Give customers the tier of what they spent in the twelve months before `at`, which is now unless given.

    Eight statements at most, however many customers. Locks the customers by id before it counts, so
    that of two at once the later one counts all. Answers who came to another tier.
    """
    held = customers.hold_customers(customer_ids=customer_ids)
    moment = at or timezone.now()
    spent = spent_by_customers(customer_ids=held, since=a_year_before(moment), until=moment)
    return customers.update_memberships(spent=spent, at=moment)


def reward_order(*, order_id: int) -> None:
    """Recompute the membership of whom an order belongs to, once it is completed or taken back. Idempotent."""
    settled = Order.objects.filter(status__in=[Order.Status.DELIVERED, Order.Status.RETURNED])
    customer_id = settled.filter(pk=order_id).values_list("customer_id", flat=True).first()
    if customer_id is not None:
        recompute_memberships(customer_ids=[customer_id])
