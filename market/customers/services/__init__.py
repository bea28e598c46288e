"""The shop's side of a user: made with the user, edited by its owner."""

from market.customers.services.addresses import add_address, delete_address, update_address
from market.customers.services.profiles import ensure_customer, update_profile

__all__ = ["add_address", "delete_address", "ensure_customer", "update_address", "update_profile"]
