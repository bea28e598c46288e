"""Refusals about promotions and coupons."""

from core.errors import Conflict, NotFound


class PromotionNotFound(NotFound):
    """There is no such promotion."""

    code = "promotion_not_found"
    title = "There is no such promotion."


class PromotionUsed(Conflict):
    """Orders have used the promotion: it is archived, never deleted."""

    code = "promotion_used"
    title = "Orders have used this promotion. Archive it instead."


class PromotionEdited(Conflict):
    """Somebody else has edited the promotion since it was read."""

    code = "promotion_edited"
    title = "Somebody has changed this promotion since you opened it. Open it anew and make your changes there."


class CustomerListInUse(Conflict):
    """Promotions that are active are for the list; `extra` names them."""

    code = "customer_list_in_use"
    title = "Active promotions are for this list."


class PriceListNotFound(NotFound):
    """There is no such price list."""

    code = "price_list_not_found"
    title = "There is no such price list."


class CodeNotNeeded(Conflict):
    """The promotion is for everybody: a code would open nothing."""

    code = "code_not_needed"
    title = "This promotion needs no code. Say that it needs one first."


class CouponNotFound(NotFound):
    """The promotion has no such code."""

    code = "coupon_not_found"
    title = "There is no such code."


class CouponUsed(Conflict):
    """Orders have used the code: it is switched off, never deleted."""

    code = "coupon_used"
    title = "Orders have used this code. Switch it off instead."


class PromotionGone(Conflict):
    """A promotion of the quote cannot be had any more; `extra` tells which and the code why."""

    code = "promotion_not_applicable"
    title = "A promotion cannot be given any more. Please look at the cart again."


class PromotionChanged(Exception):
    """A promotion of the quote was edited since: the cart has to be priced anew."""
