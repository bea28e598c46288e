"""Lists of customers: they stay while promotions are for them."""

from collections.abc import Collection

from core.transactions import in_one_transaction
from market.pricing.errors import CustomerListInUse
from market.pricing.models import CustomerList, Promotion

MOST_NAMED = 5


@in_one_transaction
def change_customer_list(*, customer_list_id: int, add: Collection[int] = (), remove: Collection[int] = ()) -> None:
    """Put customers on a list and take others off, by their ids; who is on it already stays. Idempotent."""
    customers = CustomerList(pk=customer_list_id).customers
    customers.add(*add)
    customers.remove(*remove)


@in_one_transaction
def delete_customer_list(*, customer_list_id: int) -> None:
    """Delete a list of customers. Idempotent. Raises CustomerListInUse naming active promotions that are for it."""
    active = Promotion.objects.filter(status=Promotion.Status.ACTIVE, rules__customer_lists__contains=customer_list_id)
    if using := list(active.order_by("pk")[:MOST_NAMED]):
        names = ", ".join(promotion.title for promotion in using)
        raise CustomerListInUse(
            f"Active promotions are for this list: {names}.", extra={"promotions": [row.pk for row in using]}
        )
    CustomerList.objects.filter(pk=customer_list_id).delete()
