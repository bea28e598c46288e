"""The mails that buyers get about an order."""

from collections.abc import Mapping

from django.conf import settings

from core.notifications.services import queue_mail
from market.orders.models import Order


def queue_order_mail(*, kind: str, order_id: int, key: str) -> None:
    """Queue the mail `kind` about an order, in the order's language: three statements.

    It tells the order as it is now. An order that is gone gets no mail.
    """
    order = Order.objects.select_related("customer").prefetch_related("items").filter(pk=order_id).first()
    if order is None:
        return
    context = {
        "order": order,
        "items": order.items.all(),
        "address_lines": address_lines(order.shipping_address),
        "is_payment_due": order.payment_status == Order.PaymentStatus.PENDING,
        "order_url": guest_order_url(order),
        "payment_instructions": settings.BANK_TRANSFER_INSTRUCTIONS,
    }
    queue_mail(
        kind=kind,
        recipient=order.email,
        context=context,
        key=key,
        language=order.language,
        user_id=order.customer and order.customer.user_id,
    )


def guest_order_url(order: Order) -> str:
    """Where a guest looks at the order, with its token; empty for customers, who sign in."""
    token = order.access_token
    return f"{settings.SHOP_URL}/api/v1/orders/{order.number}/?token={token}" if token else ""


def address_lines(address: Mapping[str, str]) -> list[str]:
    """A frozen address as it is written on a parcel, without empty lines."""
    place = f"{address.get('postal_code', '')} {address.get('city', '')}".strip()
    lines = [address.get("name"), address.get("line1"), address.get("line2"), place]
    return [line for line in (*lines, address.get("region"), address.get("country")) if line]
