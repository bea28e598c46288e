"""Reads of orders."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import connection
from django.db.models import QuerySet

from market.orders import sql
from market.orders.errors import OrderNotFound
from market.orders.models import Order, OrderEvent, OrderItem
from market.pricing.rules import (
    CustomerInput,
    LineInput,
    PromotionInput,
    QuoteInput,
    ShippingInput,
    identity_of,
    input_from_json,
    promotion_from_json,
)
from market.pricing.selectors import buyers_today

# The first version of the engine that was told of shelves, buyers and moments.
KNOWS_THE_BUYER = 2
UNTAXED = Decimal("0.0000")
COLUMNS_OF_PROMOTION = frozenset({"id", "version", "label"})
OF_CUSTOMER = "customer:"

VIEW_ALL = "orders.view_order"


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """An order with its items and its history, as placed or as read."""

    order: Order
    items: list[OrderItem]
    events: list[OrderEvent]


def order_record(order: Order) -> OrderRecord:
    """The record of an order that `with_record` loaded: no query."""
    return OrderRecord(order, list(order.items.all()), list(order.events.all()))


def with_record(orders: QuerySet[Order]) -> QuerySet[Order]:
    """The orders with items and history loaded: two more queries however many orders."""
    return orders.prefetch_related("items", "events")


def visible_orders(*, user: AbstractBaseUser) -> QuerySet[Order]:
    """Newest first: one's own; for staff who may view orders, all.

    The user comes with `customer` loaded. Staff without superuser rights cost the queries of their
    permissions.
    """
    if user.is_staff and user.has_perm(VIEW_ALL):
        return Order.objects.newest_first()
    customer = getattr(user, "customer", None)
    return Order.objects.of_customer(customer and customer.pk).newest_first()


def order_to_open(*, number: str, user: AbstractBaseUser, token: str = "", staff_permission: str = VIEW_ALL) -> Order:
    """The order of that number, if the caller may open it: one query.

    Opened by its customer, by staff with the permission, and by a guest with the order's token.
    Raises OrderNotFound, which does not tell a foreign order from one that does not exist.
    """
    order = Order.objects.filter(number=number).first()
    if order is None or not _may_open(order, user=user, token=token, staff_permission=staff_permission):
        raise OrderNotFound()
    return order


def first_standing_order(*, customer_id: int | None, email: str) -> Order | None:
    """The first order of the customer, or of the guests with this address, that is not canceled: one query."""
    own = Order.objects.of_guest(email) if customer_id is None else Order.objects.of_customer(customer_id)
    return own.exclude(status=Order.Status.CANCELED).order_by("placed_at", "pk").first()


def order_of_cart(*, cart_id: UUID) -> Order | None:
    """The order that the cart became, with its quote's record: one query."""
    return Order.objects.select_related("quote").filter(cart_uuid=cart_id).first()


@dataclass(frozen=True, slots=True)
class PastQuote:
    """What an order was priced from, as far as it is known: `quote_input` is None where that cannot be read.

    `identity` is by whom its uses of promotions are counted. Without `has_shelves` its lines tell nothing of
    categories, collections and attributes, and its buyer is the one of today.
    """

    order_id: int
    number: str
    placed_at: datetime
    identity: str
    total: Decimal
    quote_input: QuoteInput | None
    has_shelves: bool


def past_quotes(*, order_ids: Collection[int]) -> list[PastQuote]:
    """What these orders were priced from, in the order in which they were placed.

    One that was priced elsewhere, or by the first version of the engine, is put together from its lines and from
    what is known of its buyer today; his first order is the one before which he has none. Two statements however
    many, and four more for those.
    """
    orders = (
        Order.objects.filter(pk__in=order_ids)
        .select_related("quote")
        .defer("quote__trace")
        .prefetch_related("items")
        .order_by("placed_at", "pk")
    )
    found = list(orders)
    incomplete = {order.customer_id for order in found if order.customer_id and not _knows_the_buyer(order)}
    buyers = _PastBuyers(incomplete)
    promotions: dict[tuple[int, int], PromotionInput] = {}
    return [_past_quote(order, buyers, promotions) for order in found]


def simulated_uses(
    *, run_id: UUID, identities: Collection[str], promotions: Collection[int]
) -> list[tuple[str, int, int, int]]:
    """How often those by whom uses are counted were given these promotions in a simulation: identity, promotion, so
    often before and after. One statement; a row per buyer, address as it was written, and promotion."""
    params = {
        "run": run_id,
        "promotions": list(promotions),
        "customers": [int(who.removeprefix(OF_CUSTOMER)) for who in identities if who.startswith(OF_CUSTOMER)],
        "emails": [who.upper() for who in identities if "@" in who],
    }
    with connection.cursor() as cursor:
        cursor.execute(sql.SIMULATED_USES, params)
        return [
            (identity_of(customer_id=customer_id, email=email or ""), promotion, before, after)
            for customer_id, email, promotion, before, after in cursor.fetchall()
        ]


def _identity(order: Order) -> str:
    """As checkout counts him; of those who were erased nobody knows who is who."""
    if order.customer_id is None and order.email.endswith(f"@{settings.ERASED_DOMAIN}"):
        return f"erased:{order.number}"
    return identity_of(customer_id=order.customer_id, email=order.email)


def _knows_the_buyer(order: Order) -> bool:
    return hasattr(order, "quote") and order.quote.engine_version >= KNOWS_THE_BUYER


class _PastBuyers:
    """What is known of some customers, by what they are today and by their orders."""

    def __init__(self, customer_ids: Collection[int]) -> None:
        self._today = buyers_today(customer_ids=customer_ids) if customer_ids else {}
        orders = Order.objects.filter(customer__in=customer_ids).exclude(status=Order.Status.CANCELED)
        first = orders.order_by("customer", "placed_at", "pk").distinct("customer")
        self._first = {id_: place for id_, *place in first.values_list("customer", "placed_at", "pk")}

    def of(self, order: Order) -> CustomerInput:
        """Who placed the order. Of nobody it is known that it was his first."""
        first = self._first.get(order.customer_id)
        is_first_order = order.customer_id is not None and (first is None or [order.placed_at, order.pk] <= first)
        return replace(self._today.get(order.customer_id, CustomerInput()), is_first_order=is_first_order)


def _past_quote(order: Order, buyers: _PastBuyers, promotions: dict[tuple[int, int], PromotionInput]) -> PastQuote:
    is_known = _knows_the_buyer(order)
    try:
        quote_input = _stored_input(order.quote.inputs, promotions) if _is_stored(order) else _rebuilt_input(order)
    except ValueError:
        quote_input = None
    if quote_input is not None and not is_known:
        quote_input = replace(
            quote_input,
            customer=buyers.of(order),
            country=order.shipping_address.get("country", ""),
            moment=order.placed_at,
            time_zone=settings.SHOP_TIME_ZONE,
        )
    return PastQuote(
        order_id=order.pk,
        number=order.number,
        placed_at=order.placed_at,
        identity=_identity(order),
        total=order.grand_total,
        quote_input=quote_input,
        has_shelves=is_known,
    )


def _is_stored(order: Order) -> bool:
    return hasattr(order, "quote") and bool(order.quote.inputs)


def _stored_input(inputs: Mapping[str, Any], promotions: dict[tuple[int, int], PromotionInput]) -> QuoteInput:
    """The input as it was kept; a version of a promotion is one object for all orders."""
    for document in inputs.get("promotions", ()):
        key = (document["id"], document.get("version", 1))
        if key not in promotions:
            rules = {name: value for name, value in document.items() if name not in COLUMNS_OF_PROMOTION}
            label = document.get("label", "")
            promotions[key] = promotion_from_json(rules, id=key[0], version=key[1], label=label)
    read = input_from_json({name: value for name, value in inputs.items() if name != "promotions"})
    known = tuple(promotions[document["id"], document.get("version", 1)] for document in inputs.get("promotions", ()))
    return replace(read, promotions=known)


def _rebuilt_input(order: Order) -> QuoteInput:
    """What the lines of an order tell that was priced elsewhere."""
    return QuoteInput(
        lines=tuple(
            LineInput(
                variant_id=item.variant_id,
                sku=item.sku,
                title=item.title,
                quantity=item.quantity,
                unit_price=item.unit_price,
                tax_rate=item.tax_rate,
            )
            for item in order.items.all()
        ),
        shipping=ShippingInput(
            code=order.shipping_method, label=order.shipping_label, price=order.shipping_total, tax_rate=UNTAXED
        ),
        prices_include_tax=order.prices_include_tax,
        currency=order.currency,
    )


def _may_open(order: Order, *, user: AbstractBaseUser, token: str, staff_permission: str) -> bool:
    if order.is_opened_by(token):
        return True
    if not user.is_authenticated:
        return False
    customer = getattr(user, "customer", None)
    if customer is not None and order.customer_id == customer.pk:
        return True
    return user.is_staff and user.has_perm(staff_permission)
