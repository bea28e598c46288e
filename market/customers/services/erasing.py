"""What the shop knows of a person beyond his account."""

from core.admin_log import erase_log_entries
from core.transactions import in_one_transaction
from market.customers.models import Address, Customer, Membership, MembershipChange


@in_one_transaction
def erase_customer(*, customer_id: int) -> None:
    """Forget phone, birthday, addresses and membership; the customer stays as a number. Idempotent. Locks him."""
    customer = Customer.objects.select_for_update(no_key=True).get(pk=customer_id)
    customer.phone, customer.birth_date = "", None
    customer.save(update_fields=["phone", "birth_date", "updated_at"])
    addresses = Address.objects.filter(customer=customer)
    erase_log_entries(model=Address, ids=list(addresses.values_list("pk", flat=True)))
    erase_log_entries(model=Customer, ids=[customer_id])
    addresses.delete()
    MembershipChange.objects.filter(customer=customer).delete()
    Membership.objects.filter(customer=customer).delete()
