"""Customers who come with their past from somewhere else."""

from collections.abc import Mapping
from datetime import datetime

from django.contrib.auth.hashers import make_password

from core.accounts.models import User
from core.transactions import in_one_transaction
from market.customers import selectors
from market.customers.models import Customer


@in_one_transaction
def import_customers(*, since: Mapping[str, datetime]) -> dict[str, int]:
    """Add who is missing of these lower-case addresses, customers `since` then; their ids by address.

    Nobody signs in as one of them before he has reset his password, and nobody gets a mail. Idempotent.
    Four statements however many; two when all are there.
    """
    found = selectors.ids_by_email(emails=since.keys())
    missing = sorted(since.keys() - found.keys())
    if not missing:
        return found
    users = User.objects.bulk_create(User(email=email, password=make_password(None)) for email in missing)
    Customer.objects.bulk_create(Customer(user=user, created_at=since[user.email]) for user in users)
    return found | selectors.ids_by_email(emails=missing)
