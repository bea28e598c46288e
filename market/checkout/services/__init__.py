"""The use cases that span carts, stock, orders and payments."""

from market.checkout.services.canceling import cancel_order, expire_unpaid_orders
from market.checkout.services.fulfilling import change_status, confirm_free_order
from market.checkout.services.imports import ImportedOrders, PastItem, PastOrder, import_past_orders
from market.checkout.services.paying import pay_again
from market.checkout.services.placing import Checkout, place_order
from market.checkout.services.rewarding import recompute_memberships, reward_order

__all__ = [
    "Checkout",
    "ImportedOrders",
    "PastItem",
    "PastOrder",
    "cancel_order",
    "change_status",
    "confirm_free_order",
    "expire_unpaid_orders",
    "import_past_orders",
    "pay_again",
    "place_order",
    "recompute_memberships",
    "reward_order",
]
