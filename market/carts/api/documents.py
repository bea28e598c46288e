"""Carts as clients see them, in the shapes of `serializers`."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.files.storage import default_storage

from market.carts.rules import Conflict
from market.carts.selectors import CartLine, LineImage, PricedCart
from market.catalog.rules import thumbnail_name
from market.pricing.rules import GiftLine, QuotedLine, explanation, unit_price_of
from market.shipping.rules import Option, Refusal


def cart_document(cart: PricedCart) -> dict[str, Any]:
    """The cart as clients see it, in the shape of `CartSerializer`."""
    quote = cart.quote
    quoted = {line.variant_id: line for line in quote.lines}
    tier = cart.quote_input.customer.tier
    delivery = None
    if cart.country:
        delivery = {
            "country": cart.country,
            "region": cart.region,
            "postal_code": cart.postal_code,
            "shipping_method": cart.shipping_method,
            "problem": _problem(cart.shipping_refusal),
        }
    return {
        "id": str(cart.id),
        "currency": cart.currency,
        "items": [_item_document(line, quoted[line.variant_id], tier) for line in cart.lines],
        "item_count": sum(line.quantity for line in cart.lines),
        "gifts": [_gift_document(gift, quoted[gift.variant_id]) for gift in quote.gifts],
        "subtotal": quote.subtotal,
        "discounts": [
            {"promotion": d.promotion, "label": d.label, "amount": d.amount, "target": d.target}
            for d in quote.discounts
        ],
        "coupons": list(cart.coupons),
        "discount_total": quote.discount_total,
        "delivery": delivery,
        "shipping_total": quote.shipping_total,
        "tax_total": quote.tax_total,
        "grand_total": quote.grand_total,
        "is_estimate": quote.is_estimate,
        "order": cart.order_number,
        "expires_at": cart.expires_at,
    }


def option_document(option: Option) -> dict[str, Any]:
    """A way to send a cart, in the shape of `CartShippingMethodSerializer`."""
    return {
        "code": option.method.code,
        "label": option.method.label,
        "price": option.price,
        "currency": settings.SHOP_CURRENCY,
        "delivery_days": option.method.delivery_days,
        "delivery_days_most": option.method.delivery_days_most,
        "problem": _problem(option.refusal),
    }


def explanation_document(cart: PricedCart, *, for_staff: bool = False) -> dict[str, Any]:
    """Why the cart costs what it costs, in the shape of `ExplanationSerializer`; staff are told of every promotion."""
    return {"considered": explanation(cart.quote, for_staff=for_staff), "currency": cart.currency}


def _problem(refusal: Refusal | None) -> dict[str, str] | None:
    return None if refusal is None else {"code": refusal.code, "message": refusal.message}


def claimed_document(cart: PricedCart, conflicts: Sequence[Conflict]) -> dict[str, Any]:
    """The cart after it was claimed, in the shape of `ClaimedCartSerializer`."""
    told = [
        {"variant": line.variant_id, "quantity": line.quantity, "wanted": line.wanted, "code": line.code}
        for line in conflicts
    ]
    return cart_document(cart) | {"conflicts": told}


def _item_document(line: CartLine, quoted: QuotedLine, tier: str) -> dict[str, Any]:
    return {
        "id": line.item_id,
        "variant": {
            "id": line.variant_id,
            "sku": line.sku,
            "title": line.variant_title,
            "product": {
                "id": line.product_id,
                "slug": line.product_slug,
                "title": line.product_title,
                "image": image_document(line.image),
            },
        },
        "quantity": line.quantity,
        "unit_price": quoted.unit_price,
        "line_total": quoted.line_total,
        # Units of the same variant that are given away are no part of the line.
        "discount_total": quoted.discount_total - (quoted.quantity - line.quantity) * quoted.unit_price,
        "price_changed": line.price_changed and quoted.unit_price != _seen_price(line, tier),
        "available": max(line.available, 0) if line.is_sellable else 0,
        "created_at": line.created_at,
        "updated_at": line.updated_at,
    }


def _seen_price(line: CartLine, tier: str) -> Decimal:
    """What the price that the buyer was last shown would cost him: a list may be below both that and today's."""
    return unit_price_of(
        unit_price=line.seen_unit_price, list_prices=line.list_prices, quantity=line.quantity, tier=tier
    )


def _gift_document(gift: GiftLine, quoted: QuotedLine) -> dict[str, Any]:
    return {
        "promotion": gift.promotion,
        "variant": {"id": gift.variant_id, "sku": quoted.sku, "title": quoted.title},
        "quantity": gift.quantity,
        "unit_price": quoted.unit_price,
    }


def image_document(image: LineImage | None) -> dict[str, str] | None:
    if image is None:
        return None
    return {
        "url": default_storage.url(image.name),
        "thumbnail": default_storage.url(thumbnail_name(image.name)),
        "alt": image.alt,
    }
