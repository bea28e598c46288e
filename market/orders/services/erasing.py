"""Orders stay for the books; who placed them is forgotten."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db.models import Q, QuerySet

from core.admin_log import erase_log_entries
from core.idempotency import erase_idempotency_keys
from core.transactions import in_one_transaction
from market.carts.services import erase_carts
from market.orders.models import Order, OrderEvent, OrderQuote
from market.orders.rules import OPEN
from market.pricing.services.erasing import erase_uses

# Each batch is a transaction: what is done stays done when its worker dies.
BATCH = 500
# Written by whoever paid or delivered for us, not by people.
PLAIN_DETAILS = ("paid", "payment_started", "payment_failed", "expired")


@dataclass(frozen=True, slots=True)
class OrderedBy:
    """Where else the person can be found: addresses, orders, carts."""

    emails: frozenset[str]
    order_ids: frozenset[int]
    cart_ids: frozenset[UUID]


def has_open_orders(*, customer_id: int, email: str) -> bool:
    """Whether something of the person's still has to be paid or sent. One query."""
    return orders_of_person(customer_id=customer_id, email=email).filter(status__in=OPEN).exists()


def ordered_by(*, customer_id: int, email: str) -> OrderedBy:
    """What the person's orders lead to. One query."""
    rows = list(orders_of_person(customer_id=customer_id, email=email).values_list("email", "pk", "cart_uuid"))
    return OrderedBy(
        emails=frozenset(row[0] for row in rows),
        order_ids=frozenset(row[1] for row in rows),
        cart_ids=frozenset(row[2] for row in rows if row[2] is not None),
    )


def erase_orders(*, customer_id: int, email: str) -> None:
    """Part the orders from the person: names, addresses, notes and carts go; goods, money and countries stay.

    Idempotent; a batch of orders per transaction. One that came in meanwhile and has still to be sent keeps its
    address until it is looked for again.
    """
    while _erase_batch(customer_id=customer_id, email=email):
        pass


def orders_of_person(*, customer_id: int, email: str) -> QuerySet[Order]:
    """His orders, and those placed under his verified address (`email`, may be empty) without signing in."""
    mine = Q(customer_id=customer_id)
    return Order.objects.filter(mine | Q(customer=None, email__iexact=email) if email else mine)


@in_one_transaction
def _erase_batch(*, customer_id: int, email: str) -> int:
    settled = orders_of_person(customer_id=customer_id, email=email).exclude(status__in=OPEN)
    orders = list(settled.for_update().order_by("pk")[:BATCH])
    ids = [order.pk for order in orders]
    for order in orders:
        order.customer_id, order.email, order.note = None, f"erased@{settings.ERASED_DOMAIN}", ""
        order.shipping_address = erased_address(order.shipping_address)
        order.billing_address = erased_address(order.billing_address)
    Order.objects.bulk_update(orders, ["customer", "email", "note", "shipping_address", "billing_address"])
    OrderEvent.objects.filter(order__in=ids).exclude(kind__in=PLAIN_DETAILS).update(detail="")
    OrderQuote.objects.filter(order__in=ids).update(request_fingerprint="")
    erase_log_entries(model=Order, ids=ids)
    erase_idempotency_keys(callers=[f"order:{order.number}" for order in orders])
    erase_uses(order_numbers=[order.number for order in orders])
    erase_carts(customer_id=customer_id, cart_ids=[order.cart_uuid for order in orders if order.cart_uuid])
    return len(orders)


def erased_address(address: Mapping[str, str]) -> dict[str, str]:
    """Nothing but the country, which the tax was computed for."""
    return dict.fromkeys(address, "") | {"name": "erased", "country": address.get("country", "")}
