"""A user's customer, and what he tells of himself."""

from datetime import date
from types import EllipsisType
from typing import Any

from core.accounts.models import User
from core.transactions import in_one_transaction
from market.customers import rules
from market.customers.models import Customer


def ensure_customer(*, user_id: int) -> None:
    """Make the user's customer if there is none. One statement."""
    Customer.objects.bulk_create([Customer(user_id=user_id)], ignore_conflicts=True)


@in_one_transaction
def update_profile(
    *,
    user_id: int,
    first_name: str | None = None,
    last_name: str | None = None,
    full_name: str | None = None,
    language: str | None = None,
    phone: str | None = None,
    birth_date: date | EllipsisType | None = ...,
) -> User:
    """Change what is given of a user's own profile; None (for the birth date: `...`) is left alone.

    Locks the user's row. Answers the user with the customer loaded.
    """
    user = User.objects.select_for_update(of=("self",), no_key=True).select_related("customer").get(pk=user_id)
    user.first_name, user.last_name = rules.new_names(
        present=(user.first_name, user.last_name), first_name=first_name, last_name=last_name, full_name=full_name
    )
    user.language = language or user.language
    user.save(update_fields=["first_name", "last_name", "language", "updated_at"])
    facts: dict[str, Any] = {}
    if phone is not None:
        facts["phone"] = phone
    if birth_date is not ...:
        facts["birth_date"] = birth_date
    for name, value in facts.items():
        setattr(user.customer, name, value)
    if facts:
        user.customer.save(update_fields=[*facts, "updated_at"])
    return user
