"""Carts, and what may be put in them, for tests."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from django.utils import timezone

from market.carts.models import Cart, CartItem, StockAlert, Wishlist, WishlistItem
from market.carts.services import request_stock_alert
from market.catalog.models import Product, Variant
from market.catalog.tests.factories import make_product
from market.customers.models import Customer
from market.inventory.services import open_stock


def make_offer(*, available: int = 100, status: str = Product.Status.ACTIVE, **overrides) -> Variant:
    """A variant at 10.00 of a product of its own, with this many units that may be sold.

    `product_title` goes to the product and the other overrides to the variant.
    """
    of_product = {"title": overrides.pop("product_title")} if "product_title" in overrides else {}
    product = make_product(status=status, variants=[{"price": "10.00", **overrides}], **of_product)
    variant = product.variants.get()
    open_stock(units={variant.pk: available})
    return variant


def make_cart(*, units: Mapping[Variant, int] | None = None, **overrides) -> Cart:
    """A cart with so many units of each variant, at the price of now."""
    cart = Cart.objects.create(**{"expires_at": timezone.now() + timedelta(days=1), **overrides})
    for variant, quantity in (units or {}).items():
        CartItem.objects.create(cart=cart, variant=variant, quantity=quantity, unit_price=variant.price)
    return cart


def make_full_cart(*, lines: int, **overrides) -> Cart:
    """A cart with one unit on each of so many lines."""
    return make_cart(units={make_offer(): 1 for _ in range(lines)}, **overrides)


def make_wishlist(*, customer: Customer, variants: Sequence[Variant] = (), title: str = "Birthday") -> Wishlist:
    """A wishlist with these variants on it."""
    wishlist = Wishlist.objects.create(customer=customer, title=title)
    WishlistItem.objects.bulk_create(WishlistItem(wishlist=wishlist, variant=variant) for variant in variants)
    return wishlist


def make_stock_alert(*, customer: Customer, variant: Variant | None = None) -> StockAlert:
    """A customer who waits for a variant, without one for something that is sold out."""
    variant = variant or make_offer(available=0)
    return request_stock_alert(customer_id=customer.pk, variant_id=variant.pk)[0]
