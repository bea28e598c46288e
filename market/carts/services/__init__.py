"""Writes of carts."""

from market.carts.services.binding import bind_cart
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
    "add_item",
    "bind_cart",
    "claim_cart",
    "create_cart",
    "delete_cart",
    "delete_expired_carts",
    "remove_item",
    "replace_items",
    "set_delivery",
    "set_quantity",
]
