"""Reads of customers and their addresses."""

from collections.abc import Mapping

from django.db.models import Prefetch, QuerySet

from market.customers.models import Address, Customer

PARTS = ("name", "line1", "line2", "city", "region", "postal_code", "country", "phone")


def customers() -> QuerySet[Customer]:
    """Every customer with the user loaded: one query."""
    return Customer.objects.select_related("user")


def customers_with_addresses() -> QuerySet[Customer]:
    """Every customer with user and addresses loaded: two queries."""
    return customers().prefetch_related(Prefetch("addresses", Address.objects.order_by("pk")))


def addresses_of(*, customer_id: int) -> QuerySet[Address]:
    """The customer's saved addresses: one query."""
    return Address.objects.filter(customer_id=customer_id)


def saved_address(*, customer_id: int | None, address_id: int) -> Mapping[str, str] | None:
    """A copy of one of the customer's addresses as an order keeps it, None if he has no such: one query."""
    return addresses_of(customer_id=customer_id).filter(pk=address_id).values(*PARTS).first() if customer_id else None
