"""Guests who turn out to have an account."""

from core.accounts.models import User
from core.transactions import in_one_transaction
from market.customers.models import Customer
from market.orders import events
from market.orders.models import Order, OrderEvent

# Three statements each; nearly everybody has fewer.
BATCH = 500


@in_one_transaction
def join_guest_orders(*, user_id: int) -> int:
    """Give a user the orders that were placed without an account under his verified address; how many.

    From then on he opens them by signing in, and the token of a guest opens them no more. Orders that
    guests place later with this address stay theirs: typing an address proves nothing. Locks the user,
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
        joined += len(batch)
    if joined:
        events.guest_orders_joined.publish(customer_id=customer_id, count=joined)
    return joined
