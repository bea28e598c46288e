"""Guests who turn out to have an account."""

from core.accounts.models import User
from core.transactions import in_one_transaction
from market.customers.models import Customer
from market.orders import events
from market.orders.models import Order, OrderEvent
from market.pricing.rules import identity_of
from market.pricing.services import move_uses

# Five statements each; nearly everybody has fewer.
BATCH = 500


@in_one_transaction
def join_guest_orders(*, user_id: int) -> int:
    """Give a user the orders that were placed without an account under his verified address; how many.

    From then on he opens them by signing in, and the token of a guest opens them no more. Orders that
    guests place later with this address stay theirs: typing an address proves nothing. What the orders used of
    promotions is counted for the customer from then on. Locks the user,
    then the orders by primary key. Idempotent.
    """
    verified = User.objects.select_for_update(no_key=True).filter(pk=user_id, is_active=True, is_verified=True)
    user = verified.only("email").first()
    if user is None:
        return 0
    customer_id = Customer.objects.values_list("pk", flat=True).get(user_id=user.pk)
    joined = 0
    while batch := list(Order.objects.of_guest(user.email).for_update().order_by("pk")[:BATCH]):
        Order.objects.filter(pk__in=[order.pk for order in batch]).update(customer_id=customer_id)
        OrderEvent.objects.bulk_create(
            OrderEvent(order=order, kind="joined_account", status=order.status, actor="system") for order in batch
        )
        identity = identity_of(customer_id=customer_id, email=user.email)
        move_uses(order_numbers=[order.number for order in batch], identity=identity)
        joined += len(batch)
    if joined:
        events.guest_orders_joined.publish(customer_id=customer_id, count=joined)
    return joined
