"""Tiers that customers reach by what they spent, and the way up and down."""

from collections.abc import Collection, Iterator, Mapping
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
    written, changes = [], []
    for customer_id, before, spent_before in _standings(customer_ids=spent.keys(), lowest=tiers[0].rank):
        after = rules.next_standing(
            tiers=levels, standing=before, spent=spent[customer_id], at=at, grace=settings.MEMBERSHIP_GRACE
        )
        if (after, spent[customer_id]) != (before, spent_before):
            written.append(
                Membership(
                    customer_id=customer_id,
                    tier=by_rank[after.rank],
                    since=after.since,
                    below_since=after.below_since,
                    spent_12m=spent[customer_id],
                )
            )
        if after.rank != before.rank:
            changes.append((customer_id, by_rank[before.rank], by_rank[after.rank]))
    Membership.objects.bulk_create(
        written,
        update_conflicts=True,
        unique_fields=["customer"],
        update_fields=["tier", "since", "below_since", "spent_12m", "updated_at"],
    )
    history = MembershipChange.objects.bulk_create(
        MembershipChange(customer_id=customer_id, from_tier=before, to_tier=after, spent_12m=spent[customer_id], at=at)
        for customer_id, before, after in changes
    )
    if history:
        events.membership_changed.publish_each({"change_id": change.pk} for change in history)
    return [
        TierChange(customer_id, before.code, after.code, is_up=after.rank > before.rank)
        for customer_id, before, after in changes
    ]


def queue_membership_mail(*, change_id: int, key: str) -> None:
    """Tell a customer of his new tier: five statements; nothing when it is his no more, or he may not sign in."""
    changes = MembershipChange.objects.select_related("customer__user", "customer__membership", "from_tier", "to_tier")
    change = changes.filter(pk=change_id, customer__user__is_active=True).first()
    if change is None or change.customer.membership.tier_id != change.to_tier_id:
        return
    user = change.customer.user
    standing = selectors.membership_of(customer=change.customer)
    context = {
        "first_name": user.first_name,
        "tier": change.to_tier.title,
        "percent": f"{change.to_tier.discount_percent.normalize():f}" if change.to_tier.discount_percent else "",
        "has_free_shipping": change.to_tier.has_free_shipping,
        "is_up": change.to_tier.rank > change.from_tier.rank,
        "currency": settings.SHOP_CURRENCY,
        "standing": standing,
        "next_title": MembershipTier.objects.filter(code=standing.next_tier).values_list("title", flat=True).first(),
    }
    queue_mail(kind="membership_changed", recipient=user.email, context=context, key=key, user_id=user.pk)


def _standings(*, customer_ids: Collection[int], lowest: int) -> Iterator[tuple[int, rules.Standing, Decimal]]:
    """Each customer's standing and what he had spent when it was computed; by id."""
    rows = Customer.objects.filter(pk__in=customer_ids).order_by("pk")
    columns = ("membership__tier__rank", "membership__since", "membership__below_since", "membership__spent_12m")
    for pk, made_at, rank, since, below_since, spent in rows.values_list("pk", "created_at", *columns):
        if rank is None:
            yield pk, rules.Standing(lowest, made_at), Decimal("0.00")
        else:
            yield pk, rules.Standing(rank, since, below_since), spent
