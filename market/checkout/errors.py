"""Refusals at the till."""

from core.errors import Conflict, InProgress, Invalid


class CartEmpty(Invalid):
    """There is nothing to order."""

    code = "cart_empty"
    title = "The cart is empty."


class TotalTooLarge(Invalid):
    """The total has more digits than an order can hold."""

    code = "total_too_large"
    title = "The total is larger than one order can be. Please order in parts."


class NotForSale(Conflict):
    """Lines of the cart cannot be bought any more; `errors` names each."""

    code = "not_for_sale"
    title = "Something in the cart is no longer for sale."


class PriceChanged(Conflict):
    """The total is not the one that the buyer expects; `extra["quote"]` is the present one."""

    code = "price_changed"
    title = "The total has changed."


class ShippingUnavailable(Conflict):
    """The method does not go to the address, or not with these goods; `errors` says why."""

    code = "shipping_unavailable"
    title = "This cannot be sent there so."


class CartChanging(InProgress):
    """The cart was written to each time between being priced and being claimed."""

    code = "cart_changing"
    title = "The cart is being changed by somebody else. Please try again."
