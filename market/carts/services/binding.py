"""A cart gets its customer, and takes up the cart that the customer had."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Q, QuerySet
from django.utils import timezone

from core.guards import guard_enabled
from core.transactions import in_one_transaction
from market.carts import sql
from market.carts.errors import CartNotFound, CartOrdered
from market.carts.models import Cart, CartItem
from market.carts.rules import Conflict, MergeLine, MergeStrategy, merge_lines
from market.carts.selectors import offers
from market.carts.services.coupons import merged_codes
from market.customers.models import Customer

DELIVERY = ("country", "region", "postal_code", "shipping_method")


@in_one_transaction
def bind_cart(*, cart_id: UUID, user_id: int) -> list[Conflict]:
    """Make the cart that of the user's customer, and merge the cart that he had into it, as the setting
    `CART_MERGE_STRATEGY` says. Answers what of it he should be told.

    Happens once: of a cart that is his already nothing changes. The merged cart is gone afterwards, so
    that a customer has one open cart; its delivery is taken over where the claimed cart has none.
    Nine statements however many lines. Locks the customer, then the carts by id. Raises CartNotFound
    for a cart that is absent, expired or another customer's, and CartOrdered.
    """
    customer_id = _locked(Customer.objects.filter(user_id=user_id)).values_list("pk", flat=True).get()
    mine = Q(customer_id=customer_id, order_number__isnull=True)
    carts = {cart.pk: cart for cart in _locked(Cart.objects.filter(Q(pk=cart_id) | mine).order_by("pk"))}
    cart = carts.pop(cart_id, None)
    now = timezone.now()
    if cart is None or cart.customer_id not in {None, customer_id}:
        raise CartNotFound
    if cart.order_number is not None:
        raise CartOrdered(extra={"order": cart.order_number})
    if cart.expires_at <= now:
        raise CartNotFound
    if cart.customer_id is not None:
        return []
    saved = [other for other in carts.values() if other.expires_at > now]
    conflicts = _merge(cart, saved)
    Cart.objects.filter(pk__in=list(carts)).delete()
    changes: dict[str, Any] = {"customer_id": customer_id, "version": cart.version + 1, "updated_at": now}
    changes["expires_at"] = now + settings.CART_LIFETIME
    changes["coupons"] = merged_codes([cart, *saved])
    for other in saved:
        if not cart.country:
            changes |= {name: getattr(other, name) for name in DELIVERY}
    Cart.objects.filter(pk=cart_id).update(**changes)
    return conflicts


def _locked(rows: QuerySet) -> QuerySet:
    """Of two claims the second waits for the first, at the customer or at the cart, and sees what it wrote."""
    return rows.select_for_update(no_key=True) if guard_enabled("cart_binding") else rows


def _merge(cart: Cart, saved: list[Cart]) -> list[Conflict]:
    """Move the lines of the saved carts, which are at most one, into the cart."""
    items = list(CartItem.objects.filter(cart_id__in=[cart.pk, *(other.pk for other in saved)]).order_by("pk"))
    own = {item.variant_id: item for item in items if item.cart_id == cart.pk}
    coming = {item.variant_id: item for item in items if item.cart_id != cart.pk}
    if not coming:
        return []
    available = {variant_id: offer.available for variant_id, offer in offers(variant_ids=coming).items()}
    quantities, conflicts = merge_lines(
        strategy=MergeStrategy(settings.CART_MERGE_STRATEGY),
        claimed=[_line(item) for item in own.values()],
        saved=[_line(item) for item in coming.values()],
        available=available,
        max_quantity=settings.MAX_CART_QUANTITY,
        max_lines=settings.MAX_CART_LINES,
    )
    written = {
        (own.get(variant_id) or coming[variant_id]).pk: quantity
        for variant_id, quantity in quantities.items()
        if variant_id in coming
    }
    parameters = {"cart_id": cart.pk, "item_ids": list(written), "quantities": list(written.values())}
    with connection.cursor() as cursor:
        cursor.execute(sql.TAKE_UP_LINES, parameters)
    return conflicts


def _line(item: CartItem) -> MergeLine:
    return MergeLine(variant_id=item.variant_id, quantity=item.quantity, updated_at=item.updated_at)
