"""Refusals about carts."""

from core.errors import Conflict, FieldError, Invalid, NotFound


class CartNotFound(NotFound):
    """No such cart, or it has expired, or it is somebody else's: never told which."""

    code = "cart_not_found"
    title = "There is no such cart."


class CartItemNotFound(NotFound):
    """The cart has no such line."""

    code = "cart_item_not_found"
    title = "The cart has no such line."


class CartOrdered(Conflict):
    """The cart became an order and is closed. `extra["order"]` is the order's number."""

    code = "cart_ordered"
    title = "This cart has become an order."


class CartBusy(Conflict):
    """The cart or its stock changed each time while this write was tried; trying again helps."""

    code = "cart_busy"
    title = "The cart is being changed by somebody else. Please try again."


class CouponNotApplicable(Conflict):
    """The code takes nothing off this cart; `errors` says why, `extra` what is missing or which promotion wins."""

    code = "coupon_not_applicable"
    title = "This code cannot be used for this cart."


class NotForSale(Conflict):
    """The variant is on the line but cannot be bought any more."""

    code = "not_for_sale"
    title = "This is no longer for sale."


class WishlistNotFound(NotFound):
    """No such wishlist, or another customer's."""

    code = "wishlist_not_found"
    title = "There is no such wishlist."


class WishlistItemNotFound(NotFound):
    """The wishlist has no such item."""

    code = "wishlist_item_not_found"
    title = "The wishlist has no such item."


class WishlistExists(Conflict):
    """The customer has another wishlist of this title; `extra` names it."""

    code = "wishlist_exists"
    title = "You have another wishlist of this title."


class TooManyWishlists(Conflict):
    """One customer's wishlists are bounded."""

    code = "too_many_wishlists"
    title = "You have as many wishlists as one can have."


class TooManyWishlistItems(Conflict):
    """The items of one wishlist are bounded."""

    code = "too_many_wishlist_items"
    title = "The wishlist is full."


class VariantInStock(Conflict):
    """There is nothing to wait for."""

    code = "variant_in_stock"
    title = "This is in stock."


class TooManyStockAlerts(Conflict):
    """One customer's alerts are bounded."""

    code = "too_many_stock_alerts"
    title = "You wait for as many things as one can wait for."


class UnknownCountry(Invalid):
    """The field `country` is no ISO 3166 code."""

    def __init__(self) -> None:
        message = "This is no ISO 3166 country code, such as GB."
        super().__init__(message, errors=[FieldError("country", "unknown", message)])


class UnknownShippingMethod(Invalid):
    """The field `shipping_method` is no method that is offered."""

    def __init__(self) -> None:
        message = "There is no such shipping method."
        super().__init__(message, errors=[FieldError("shipping_method", "unknown", message)])
