"""Carts, and what may be put in them, for tests."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from itertools import count

from django.utils import timezone

from market.carts.models import Cart, CartItem
from market.catalog.models import Product, Variant
from market.inventory.models import StockItem, StockMovement

sequence = count(1)


def make_offer(*, available: int = 100, status: str = Product.Status.ACTIVE, **overrides) -> Variant:
    """A variant of a product of its own, with this many units that may be sold.

    `overrides` go to the variant, `product` or `product_title` to choose its product.
    """
    number = next(sequence)
    product_title = overrides.pop("product_title", f"Thing {number}")
    product = overrides.pop("product", None) or Product.objects.create(
        title=product_title, slug=f"offer-{number}", status=status
    )
    defaults = {"sku": f"OFFER-{number}", "price": Decimal("10.00"), "in_stock": available > 0}
    variant = Variant.objects.create(product=product, **{**defaults, **overrides})
    StockItem.objects.create(variant=variant, on_hand=available)
    if available:
        StockMovement.objects.create(variant=variant, kind=StockMovement.Kind.OPENING, quantity=available)
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
