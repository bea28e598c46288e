"""Codes in a cart: put in where they are good for something, and taken out."""

from collections.abc import Iterable
from uuid import UUID

from django.utils import timezone

from core.errors import FieldError, Invalid
from core.transactions import in_one_transaction
from market.carts.errors import CouponNotApplicable
from market.carts.models import Cart
from market.carts.selectors import PricedCart, priced_cart
from market.carts.services.writing import take_cart
from market.pricing.models import CODE_LENGTH
from market.pricing.rules import WAITS_FOR_DELIVERY, normal_code

MAX_CODES = 10
TOLD = ("missing_amount", "missing_quantity", "winner", "winner_label")


@in_one_transaction
def add_coupon(*, cart_id: UUID, code: str, user_id: int | None = None) -> PricedCart:
    """Put a code into a cart, upper and lower case alike; answers the cart with its discount.

    Idempotent. Four statements. Locks the cart. Raises Invalid (`code`), and CouponNotApplicable with the reason
    for a code that takes nothing off: it does not stay in the cart. One that depends on where the order goes does.
    """
    code = normal_code(code)
    if not code or len(code) > CODE_LENGTH:
        message = f"Give a code of at most {CODE_LENGTH} characters."
        raise Invalid(message, errors=[FieldError("code", "invalid", message)])
    take_cart(cart_id=cart_id, user_id=user_id)
    codes = _codes(cart_id)
    if code not in codes:
        if len(codes) >= MAX_CODES:
            message = f"A cart holds at most {MAX_CODES} codes."
            raise Invalid(message, errors=[FieldError("code", "too_many", message)])
        Cart.objects.filter(pk=cart_id).update(coupons=[*codes, code], updated_at=timezone.now())
    cart = priced_cart(cart_id=cart_id, user_id=user_id)
    [told] = [step for step in cart.quote.trace if step["step"] == "coupon" and normal_code(step["coupon"]) == code]
    if told["outcome"] == "refused" and told["code"] not in WAITS_FOR_DELIVERY:
        raise CouponNotApplicable(
            told["reason"],
            errors=[FieldError("code", told["code"], told["reason"])],
            extra={name: told[name] for name in TOLD if name in told},
        )
    return cart


@in_one_transaction
def remove_coupon(*, cart_id: UUID, code: str, user_id: int | None = None) -> PricedCart:
    """Take a code out of a cart; answers the cart without it. Idempotent. Four statements. Locks the cart."""
    take_cart(cart_id=cart_id, user_id=user_id)
    left = [kept for kept in _codes(cart_id) if kept != normal_code(code)]
    Cart.objects.filter(pk=cart_id).update(coupons=left, updated_at=timezone.now())
    return priced_cart(cart_id=cart_id, user_id=user_id)


def merged_codes(carts: Iterable[Cart]) -> list[str]:
    """The codes of carts that become one, each once, as many as a cart holds."""
    return list(dict.fromkeys(code for cart in carts for code in cart.coupons))[:MAX_CODES]


def _codes(cart_id: UUID) -> list[str]:
    return Cart.objects.values_list("coupons", flat=True).get(pk=cart_id)
