"""Buyers, staff and placed orders for tests; orders are placed through the shop's own services."""

from itertools import count
from typing import Any

from django.contrib.auth.models import Permission

from core.accounts.models import User
from core.idempotency import fingerprint_of
from market.carts.models import Cart
from market.carts.tests.factories import make_cart, make_offer
from market.checkout.services import Checkout, place_order
from market.orders.models import Order

sequence = count(1)
ADDRESS = {
    "name": "Ada Buyer",
    "line1": "1 Sample Street",
    "line2": "",
    "city": "London",
    "region": "",
    "postal_code": "N1 9GU",
    "country": "GB",
    "phone": "",
}


def make_buyer(**overrides: Any) -> User:
    """A user who is a customer."""
    return User.objects.create_user(**{"email": f"buyer-{next(sequence)}@shop.example", "password": "x"} | overrides)


def make_staff(*permissions: str) -> User:
    """A member of staff with these permissions (`orders.view_order`), or a superuser with none named."""
    staff = make_buyer(is_staff=True, is_superuser=not permissions, email=f"staff-{next(sequence)}@shop.example")
    for permission in permissions:
        app_label, codename = permission.split(".")
        staff.user_permissions.add(Permission.objects.get(content_type__app_label=app_label, codename=codename))
    return staff


def checkout_body(of_cart: Cart, /, **overrides: Any) -> dict[str, Any]:
    """A complete body of `POST /orders/` by a guest; None as a value leaves a member out."""
    body = {
        "cart": str(of_cart.pk),
        "email": "guest@shop.example",
        "shipping_address": {name: value for name, value in ADDRESS.items() if value},
        "shipping_method": "standard",
        "payment_provider": "manual",
    } | overrides
    return {name: value for name, value in body.items() if value is not None}


def make_order(*, buyer: User | None = None, cart: Cart | None = None, **overrides: Any) -> Order:
    """A placed order of `buyer`, or of a guest: of `cart`, or of two units of something."""
    cart = cart or make_cart(units={make_offer(): 2})
    wish = {
        "cart_id": cart.pk,
        "user_id": buyer and buyer.pk,
        "customer_id": buyer and buyer.customer.pk,
        "email": buyer.email if buyer else "guest@shop.example",
        "shipping_address": ADDRESS,
        "billing_address": ADDRESS,
        "shipping_method": "standard",
        "payment_provider": "manual",
        "expected_total": None,
        "note": "",
        "fingerprint": fingerprint_of(str(cart.pk)),
    } | overrides
    outcome = place_order(checkout=Checkout(**wish), key=None)
    if outcome.refusal is not None:
        raise outcome.refusal
    return Order.objects.get(number=outcome.reference)
