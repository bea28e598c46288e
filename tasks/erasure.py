"""Accounts that are to be erased: looked for by beat, forgotten package by package, each step safe to repeat.

A worker may die anywhere: the account is closed by then, its lease ends, and the next one goes through
all steps again, of which those that are done find nothing. An hour later all are gone through a last time.
"""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from core.accounts import services as accounts
from core.faults import fault_point
from core.housekeeping import clear_profiles
from core.idempotency import erase_idempotency_keys
from core.notifications.services import erase_mails
from core.operations.services import erase_operator
from core.outbox.services import erase_from_events
from market.carts.services import erase_carts
from market.customers.models import Customer
from market.customers.services import erase_customer
from market.orders.services import erase_orders, has_open_orders, ordered_by
from market.pricing.services.erasing import erase_from_lists
from market.reviews.services import delete_reviews_of_customer

# One of a person with few orders takes some 100 ms.
ERASURES_PER_RUN = 20
# What is paid has to be sent first, and that needs an address.
ORDERS_UNDER_WAY = timedelta(hours=1)


@shared_task(name="accounts.erase_users")
def erase_users() -> None:
    """Erase those whose time has come; a person whose orders are under way waits for them."""
    for _ in range(ERASURES_PER_RUN):
        due = accounts.take_due_erasures(limit=1)
        if not due:
            return
        erase_everywhere(user_id=due[0])


def erase_everywhere(*, user_id: int) -> None:
    """All that is kept of one person, his account last: by its address the rest is found."""
    customer_id = Customer.objects.values_list("pk", flat=True).get(user_id=user_id)
    email = accounts.verified_address(user_id=user_id)
    if has_open_orders(customer_id=customer_id, email=email):
        accounts.postpone_erasure(user_id=user_id, until=timezone.now() + ORDERS_UNDER_WAY)
        return
    if not accounts.begin_erasure(user_id=user_id):
        return
    fault_point("erasure.begun")
    email = accounts.verified_address(user_id=user_id)
    traces = ordered_by(customer_id=customer_id, email=email)
    delete_reviews_of_customer(customer_id=customer_id)
    erase_mails(user_id=user_id, addresses=traces.emails | {email})
    erase_from_events(user_id=user_id, customer_id=customer_id, order_ids=traces.order_ids)
    erase_idempotency_keys(callers=[f"user:{user_id}"])
    erase_operator(user_id=user_id)
    clear_profiles()
    fault_point("erasure.half")
    erase_carts(customer_id=customer_id)
    erase_orders(customer_id=customer_id, email=email)
    erase_from_lists(customer_id=customer_id)
    erase_customer(customer_id=customer_id)
    accounts.erase_exports(user_id=user_id)
    fault_point("erasure.nearly")
    accounts.erase_user(user_id=user_id)
