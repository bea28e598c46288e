"""Writes of carts, wishlists and stock alerts."""

from market.carts.services.binding import bind_cart
from market.carts.services.coupons import add_coupon, remove_coupon
from market.carts.services.erasing import erase_carts
from market.carts.services.stock_alerts import cancel_stock_alert, request_stock_alert, tell_waiting_customers
from market.carts.services.wishlists import (
    add_wishlist_item,
    create_wishlist,
    delete_wishlist,
    move_item_to_cart,
    remove_wishlist_item,
    rename_wishlist,
)
from market.carts.services.writing import (
    WantedLine,
    add_item,
    claim_cart,
    create_cart,
    delete_cart,
    delete_expired_carts,
    remove_item,
    replace_items,
    set_delivery,
    set_quantity,
)

__all__ = [
    "WantedLine",
    "add_coupon",
    "add_item",
    "add_wishlist_item",
    "bind_cart",
    "cancel_stock_alert",
    "claim_cart",
    "create_cart",
    "create_wishlist",
    "delete_cart",
    "delete_expired_carts",
    "delete_wishlist",
    "erase_carts",
    "move_item_to_cart",
    "remove_coupon",
    "remove_item",
    "remove_wishlist_item",
    "rename_wishlist",
    "replace_items",
    "request_stock_alert",
    "set_delivery",
    "set_quantity",
    "tell_waiting_customers",
]
