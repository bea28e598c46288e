"""A customer's saved addresses. At most one of them is the default for parcels, one that for invoices."""

from typing import Any

from django.utils import timezone

from core.guards import guard_enabled
from core.transactions import in_one_transaction
from market.customers.errors import AddressNotFound, TooManyAddresses
from market.customers.models import Address, Customer

# Nobody needs more, and every list of them stays one page.
MAX_ADDRESSES = 50
DEFAULTS = ("is_default_shipping", "is_default_billing")


@in_one_transaction
def add_address(*, customer_id: int, **fields: Any) -> Address:
    """Save an address; as a default it takes the place of the present one.

    Locks the customer. Raises TooManyAddresses.
    """
    _lock(customer_id)
    if Address.objects.filter(customer_id=customer_id).count() >= MAX_ADDRESSES:
        raise TooManyAddresses(f"More than {MAX_ADDRESSES} addresses cannot be saved.")
    _make_room(customer_id, fields)
    return Address.objects.create(customer_id=customer_id, **fields)


@in_one_transaction
def update_address(*, customer_id: int, address_id: int, **fields: Any) -> Address:
    """Change what is given of a customer's address. Locks the customer. Raises AddressNotFound."""
    _lock(customer_id)
    address = Address.objects.filter(customer_id=customer_id, pk=address_id).first()
    if address is None:
        raise AddressNotFound()
    _make_room(customer_id, fields)
    for name, value in fields.items():
        setattr(address, name, value)
    address.save()
    return address


def delete_address(*, customer_id: int, address_id: int) -> None:
    """Forget an address; orders keep their copies. Raises AddressNotFound."""
    deleted, _ = Address.objects.filter(customer_id=customer_id, pk=address_id).delete()
    if not deleted:
        raise AddressNotFound()


def _lock(customer_id: int) -> None:
    """Of two writes that both name a default the second waits here and sees the first's."""
    customers = Customer.objects.filter(pk=customer_id)
    if guard_enabled("address_default"):
        customers = customers.select_for_update(no_key=True)
    list(customers.values_list("pk", flat=True))


def _make_room(customer_id: int, fields: dict[str, Any]) -> None:
    for name in DEFAULTS:
        if fields.get(name):
            present = Address.objects.filter(customer_id=customer_id, **{name: True})
            present.update(**{name: False, "updated_at": timezone.now()})
