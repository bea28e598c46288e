"""Reads of carts: as they are kept, and as they are priced now."""

from market.carts.selectors.dated import CartGap, DatedCart, cart_as_of
from market.carts.selectors.priced import CartLine, LineImage, PricedCart, priced_cart, shipping_options_for_cart
from market.carts.selectors.stored import (
    Offer,
    carts_data,
    current_cart_id,
    offers,
    stock_alerts_data,
    variants_in_stock,
    wishlist_items,
    wishlist_of,
    wishlists_data,
    wishlists_of,
)

__all__ = [
    "CartGap",
    "CartLine",
    "DatedCart",
    "LineImage",
    "Offer",
    "PricedCart",
    "cart_as_of",
    "carts_data",
    "current_cart_id",
    "offers",
    "priced_cart",
    "shipping_options_for_cart",
    "stock_alerts_data",
    "variants_in_stock",
    "wishlist_items",
    "wishlist_of",
    "wishlists_data",
    "wishlists_of",
]
