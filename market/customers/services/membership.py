"""Tiers that customers reach by what they spent, and the way up and down."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings

from core.errors import FieldError, Invalid
from core.guards import guard_enabled
from core.notifications.services import queue_mail
from core.transactions import in_one_transaction
from market.customers import events, rules, selectors
from market.customers.models import Customer, Membership, MembershipChange, MembershipTier

Code = MembershipTier.Code
STANDARD_TIERS: tuple[dict[str, Any], ...] = (
    {"code": Code.BRONZE, "rank": 1, "title": "Bronze", "threshold": Decimal("0.00")},
    {
        "code": Code.SILVER,
        "rank": 2,
        "title": "Silver",
        "threshold": Decimal("250.00"),
        "discount_percent": Decimal("5.00"),
    },
    {
        "code": Code.GOLD,
        "rank": 3,
        "title": "Gold",
        "threshold": Decimal("1000.00"),
        "discount_percent": Decimal("10.00"),
        "has_free_shipping": True,
    },
)


@dataclass(frozen=True, slots=True)
class TierChange:
    """A customer who came to another tier."""

    customer_id: int
    before: str
    after: str
    is_up: bool


def ensure_standard_tiers() -> None:
    """Make sure that the three tiers exist: one statement.

    Idempotent; a tier that is there already, also one that staff changed, is left alone.
    """
    MembershipTier.objects.bulk_create([MembershipTier(**tier) for tier in STANDARD_TIERS], ignore_conflicts=True)


@in_one_transaction
def update_tier(*, tier_id: int, changes: Mapping[str, Any]) -> MembershipTier:
    """Change a tier's title, threshold or benefits; customers follow the next time they are looked at.

    Locks all tiers. Raises Invalid, naming `threshold`, when thresholds would not rise from tier to tier.
    """
    tiers = list(MembershipTier.objects.order_by("rank").select_for_update(no_key=True))
    [tier] = [tier for tier in tiers if tier.pk == tier_id]
    for name, value in changes.items():
        setattr(tier, name, value)
    if not rules.thresholds_ascend(selectors.as_rules(tiers)):
        message = "Thresholds rise from tier to tier, and the lowest is 0."
        raise Invalid(message, errors=[FieldError("threshold", "not_ascending", message)])
    tier.save(update_fields=[*changes, "updated_at"])
    return tier


def hold_customers(*, customer_ids: Collection[int]) -> list[int]:
    """Lock customers by id while what they spent is counted and their tier chosen; answers who exists.

    The second of two who do that for one customer waits here, and then counts what the first could not see.
    """
    customers = Customer.objects.filter(pk__in=customer_ids).order_by("pk")
    if guard_enabled("membership_lock"):
        customers = customers.select_for_update(no_key=True)
    return list(customers.values_list("pk", flat=True))


def update_memberships(*, spent: Mapping[int, Decimal], at: datetime) -> list[TierChange]:
    """Give customers the tier that follows from what they `spent` in the twelve months before `at`.

    Each change is a line of the customer's history and a fact. Five statements at most, however many
    customers; what stays as it was is not written. The caller holds the customers (`hold_customers`)
    since before he counted.
    """
    tiers = list(MembershipTier.objects.order_by("rank"))
    levels = selectors.as_rules(tiers)
    by_rank = {tier.rank: tier for tier in tiers}
    customers = Customer.objects.filter(pk__in=spent).select_related("membership__tier").order_by("pk")
    written, changes = [], []
    for customer in customers:
        before = selectors.membership_row(customer, lowest=tiers[0])
        standing = rules.next_standing(
            tiers=levels,
            standing=rules.Standing(before.tier.rank, before.since, before.below_since),
            spent=spent[customer.pk],
            at=at,
            grace=settings.MEMBERSHIP_GRACE,
        )
        after = Membership(
            customer_id=customer.pk,
            tier=by_rank[standing.rank],
            since=standing.since,
            below_since=standing.below_since,
            spent_12m=spent[customer.pk],
        )
        if _facts(after) != _facts(before):
            written.append(after)
        if after.tier_id != before.tier_id:
            changes.append((before.tier, after))
    Membership.objects.bulk_create(
        written,
        update_conflicts=True,
        unique_fields=["customer"],
        update_fields=["tier", "since", "below_since", "spent_12m", "updated_at"],
    )
    history = MembershipChange.objects.bulk_create(
        MembershipChange(
            customer_id=after.customer_id, from_tier=before, to_tier=after.tier, spent_12m=after.spent_12m, at=at
        )
        for before, after in changes
    )
    if history:
        events.membership_changed.publish_each({"change_id": change.pk} for change in history)
    return [
        TierChange(after.customer_id, before.code, after.tier.code, is_up=after.tier.rank > before.rank)
        for before, after in changes
    ]


def queue_membership_mail(*, change_id: int, key: str) -> None:
    """Tell a customer of his new tier: four statements; nothing when it is his no more, or he may not sign in."""
    changes = MembershipChange.objects.select_related("customer__user", "customer__membership", "from_tier", "to_tier")
    change = changes.filter(pk=change_id, customer__user__is_active=True).first()
    if change is None or change.customer.membership.tier_id != change.to_tier_id:
        return
    user = change.customer.user
    context = {
        "first_name": user.first_name,
        "tier": change.to_tier.title,
        "is_up": change.to_tier.rank > change.from_tier.rank,
        "currency": settings.SHOP_CURRENCY,
        "standing": selectors.membership_of(customer=change.customer),
    }
    queue_mail(kind="membership_changed", recipient=user.email, context=context, key=key)


def _facts(membership: Membership) -> tuple:
    return (membership.tier_id, membership.since, membership.below_since, membership.spent_12m)
