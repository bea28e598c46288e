"""How much one customer may keep is counted for all his devices together."""

from core.guards import guard_enabled
from market.customers.models import Customer


def hold_customer(*, customer_id: int) -> None:
    """Lock the customer while what he has is counted: of two that both add the last one allowed the second waits."""
    customers = Customer.objects.filter(pk=customer_id)
    if guard_enabled("customer_limits"):
        customers = customers.select_for_update(no_key=True)
    list(customers.values_list("pk", flat=True))
