"""Reads of customers, their addresses and their membership."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import F, Prefetch, QuerySet, Value
from django.db.models.functions import Coalesce, Lower

from market.customers import rules
from market.customers.models import Address, Customer, Membership, MembershipTier

PARTS = ("name", "line1", "line2", "city", "region", "postal_code", "country", "phone")
ADDRESS_MARKS = ("is_default_shipping", "is_default_billing", "created_at", "updated_at")


def customers() -> QuerySet[Customer]:
    """Every customer with the user loaded, his `tier` and what he `spent_12m`: one query."""
    return Customer.objects.select_related("user").annotate(
        tier=Coalesce(F("membership__tier__code"), Value(MembershipTier.Code.BRONZE)),
        spent_12m=Coalesce(F("membership__spent_12m"), Value(Decimal("0.00"))),
    )


def customers_with_addresses() -> QuerySet[Customer]:
    """The same with addresses loaded: two queries."""
    return customers().prefetch_related(Prefetch("addresses", Address.objects.order_by("pk")))


def addresses_of(*, customer_id: int) -> QuerySet[Address]:
    """The customer's saved addresses: one query."""
    return Address.objects.filter(customer_id=customer_id)


def saved_address(*, customer_id: int | None, address_id: int) -> Mapping[str, str] | None:
    """A copy of one of the customer's addresses as an order keeps it, None if he has no such: one query."""
    return addresses_of(customer_id=customer_id).filter(pk=address_id).values(*PARTS).first() if customer_id else None


def ids_by_email(*, emails: Collection[str]) -> dict[str, int]:
    """The customers of these addresses, those without one left out: one query."""
    return dict(Customer.objects.filter(user__email__in=emails).values_list("user__email", "pk"))


def ids_of_emails(*, emails: Collection[str]) -> dict[str, int]:
    """The customers of these addresses, whatever their case, those without one left out: one query."""
    # The database lowers as the column's collation does: the letters of ASCII alone.
    asked = {email: email.encode().lower().decode() for email in emails}
    customers = Customer.objects.annotate(known=Lower("user__email")).filter(known__in=set(asked.values()))
    found = dict(customers.values_list("known", "pk"))
    return {email: found[known] for email, known in asked.items() if known in found}


@dataclass(frozen=True, slots=True)
class MembershipView:
    """A customer's tier and the way to the next; `next_tier` and `missing` are None at the top."""

    tier: str
    since: datetime
    currency: str
    spent_12m: Decimal
    next_tier: str | None
    missing: Decimal | None


def membership_of(*, customer: Customer) -> MembershipView:
    """The customer's membership: two queries, one when his membership is loaded."""
    tiers = list(MembershipTier.objects.order_by("rank"))
    codes = {tier.rank: tier.code for tier in tiers}
    ranks = {tier.pk: tier.rank for tier in tiers}
    row = membership_row(customer, lowest=tiers[0])
    goal = rules.next_goal(tiers=as_rules(tiers), rank=ranks[row.tier_id], spent=row.spent_12m)
    next_rank, missing = goal or (None, None)
    return MembershipView(
        tier=codes[ranks[row.tier_id]],
        since=row.since,
        currency=settings.SHOP_CURRENCY,
        spent_12m=row.spent_12m,
        next_tier=None if next_rank is None else codes[next_rank],
        missing=missing,
    )


def membership_row(customer: Customer, *, lowest: MembershipTier) -> Membership:
    """The customer's row, or what it would say of who never completed an order: no query when it is loaded."""
    if hasattr(customer, "membership"):
        return customer.membership
    return Membership(customer_id=customer.pk, tier=lowest, since=customer.created_at, spent_12m=Decimal("0.00"))


def as_rules(tiers: Iterable[MembershipTier]) -> list[rules.Tier]:
    """The tiers as the rules take them."""
    return [rules.Tier(rank=tier.rank, threshold=tier.threshold) for tier in tiers]


def profile_data(*, customer_id: int) -> dict[str, Any]:
    """What the shop knows of a person beyond his account, for himself: four queries."""
    customer = Customer.objects.select_related("membership__tier").get(pk=customer_id)
    membership = membership_of(customer=customer)
    changes = customer.membership_changes.order_by("pk")
    return {
        "phone": customer.phone,
        "birth_date": customer.birth_date,
        "created_at": customer.created_at,
        "updated_at": customer.updated_at,
        "addresses": list(addresses_of(customer_id=customer_id).order_by("pk").values(*PARTS, *ADDRESS_MARKS)),
        "membership": {
            "tier": membership.tier,
            "since": membership.since,
            "currency": membership.currency,
            "spent_12m": membership.spent_12m,
        },
        "membership_history": list(
            changes.values("at", "spent_12m", before=F("from_tier__code"), after=F("to_tier__code"))
        ),
    }
