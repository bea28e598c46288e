"""Reads of orders."""

from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import QuerySet

from market.orders.errors import OrderNotFound
from market.orders.models import Order, OrderEvent, OrderItem

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


def order_of_cart(*, cart_id: UUID) -> Order | None:
    """The order that the cart became, with its quote's record: one query."""
    return Order.objects.select_related("quote").filter(cart_uuid=cart_id).first()


def _may_open(order: Order, *, user: AbstractBaseUser, token: str, staff_permission: str) -> bool:
    if order.is_opened_by(token):
        return True
    if not user.is_authenticated:
        return False
    customer = getattr(user, "customer", None)
    if customer is not None and order.customer_id == customer.pk:
        return True
    return user.is_staff and user.has_perm(staff_permission)
