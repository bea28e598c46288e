"""The shop's side of a user: made with the user, edited by its owner; and the tiers that customers reach."""

from market.customers.services.addresses import add_address, delete_address, update_address
from market.customers.services.erasing import erase_customer
from market.customers.services.imports import import_customers
from market.customers.services.membership import (
    TierChange,
    ensure_standard_tiers,
    hold_customers,
    queue_membership_mail,
    update_memberships,
    update_tier,
)
from market.customers.services.profiles import ensure_customer, update_profile

__all__ = [
    "TierChange",
    "add_address",
    "delete_address",
    "ensure_customer",
    "ensure_standard_tiers",
    "erase_customer",
    "hold_customers",
    "import_customers",
    "queue_membership_mail",
    "update_address",
    "update_memberships",
    "update_profile",
    "update_tier",
]
