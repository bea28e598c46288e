"""The shapes of carts on the wire: schemas, the checks of bodies, and the document of a cart.

Bodies are checked by hand and documents built by hand, as adding to a cart is a hot path (DRF's
Serializer costs 130 of 350 microseconds there). The serializers are the schema, and what a test
holds the document against.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from django.core.files.storage import default_storage
from rest_framework import serializers

from core.errors import FieldError, Invalid
from market.carts.rules import Conflict, ConflictCode
from market.carts.selectors import CartLine, LineImage, PricedCart
from market.carts.services import WantedLine
from market.catalog.rules import thumbnail_name
from market.pricing.models import CODE_LENGTH
from market.pricing.rules import QuotedLine
from market.shipping.rules import Option, Refusal

Value = TypeVar("Value")

MAX_ERRORS = 20
MAX_ID = 2**63 - 1
DELIVERY_LENGTHS = {"country": 2, "region": 100, "postal_code": 20, "shipping_method": 32}


def money(**options: Any) -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=16, decimal_places=2, **options)


def nullable_money() -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=16, decimal_places=2, allow_null=True)


class WantedLineSerializer(serializers.Serializer):
    """So many units of a variant."""

    variant = serializers.IntegerField(min_value=1)
    quantity = serializers.IntegerField(min_value=1)


class WantedLinesSerializer(serializers.Serializer):
    """All the lines that a cart shall have."""

    items = WantedLineSerializer(many=True)


class NewCartSerializer(serializers.Serializer):
    """A cart is made empty, or with these lines."""

    items = WantedLineSerializer(many=True, required=False)


class QuantitySerializer(serializers.Serializer):
    """The units that a line shall have."""

    quantity = serializers.IntegerField(min_value=1)


class DeliverySerializer(serializers.Serializer):
    """Where a cart goes and how; without a method the shop's first one is priced."""

    country = serializers.CharField(min_length=2, max_length=2, help_text="ISO 3166")
    region = serializers.CharField(max_length=100, required=False, allow_blank=True)
    postal_code = serializers.CharField(max_length=20)
    shipping_method = serializers.CharField(max_length=32, required=False, allow_blank=True)


class ImageSerializer(serializers.Serializer):
    url = serializers.CharField()
    thumbnail = serializers.CharField()
    alt = serializers.CharField(allow_blank=True)


class CartProductSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    slug = serializers.CharField()
    title = serializers.CharField()
    image = ImageSerializer(allow_null=True)


class CartVariantSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    sku = serializers.CharField()
    title = serializers.CharField(allow_blank=True)
    product = CartProductSerializer()


class CartItemSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    variant = CartVariantSerializer()
    quantity = serializers.IntegerField()
    unit_price = money()
    line_total = money()
    discount_total = money()
    price_changed = serializers.BooleanField(help_text="Since the buyer last added or set this line.")
    available = serializers.IntegerField(help_text="Units in stock; 0 when it is no longer for sale.")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class CartDiscountSerializer(serializers.Serializer):
    promotion = serializers.IntegerField(allow_null=True, help_text="null: what members of a tier get")
    label = serializers.CharField()
    amount = money()
    target = serializers.CharField()


class ShippingProblemSerializer(serializers.Serializer):
    """Why a method cannot be had."""

    code = serializers.CharField(help_text="not_sent_there or too_heavy")
    message = serializers.CharField()


class CartDeliverySerializer(serializers.Serializer):
    country = serializers.CharField()
    region = serializers.CharField(allow_blank=True)
    postal_code = serializers.CharField()
    shipping_method = serializers.CharField(allow_blank=True)
    problem = ShippingProblemSerializer(allow_null=True, help_text="Why nothing can be sent there so.")


class CartSerializer(serializers.Serializer):
    """A cart with prices, stock, shipping and tax as of now."""

    id = serializers.UUIDField()
    currency = serializers.CharField()
    items = CartItemSerializer(many=True)
    item_count = serializers.IntegerField(help_text="Units on all lines.")
    subtotal = money()
    discounts = CartDiscountSerializer(many=True)
    coupons = serializers.ListField(child=serializers.CharField())
    discount_total = money()
    delivery = CartDeliverySerializer(allow_null=True)
    shipping_total = nullable_money()
    tax_total = nullable_money()
    grand_total = money()
    is_estimate = serializers.BooleanField(help_text="Shipping and tax are not known yet.")
    order = serializers.CharField(allow_null=True, help_text="The number of the order that the cart became.")
    expires_at = serializers.DateTimeField()


class MergeConflictSerializer(serializers.Serializer):
    variant = serializers.IntegerField()
    quantity = serializers.IntegerField(help_text="Units in the cart now; 0 when the line was left out.")
    wanted = serializers.IntegerField(help_text="Units that were not taken over, or not all of them.")
    code = serializers.ChoiceField(choices=[code.value for code in ConflictCode])


class ClaimedCartSerializer(CartSerializer):
    """The cart, and which lines of the merged one did not come over as they were."""

    conflicts = MergeConflictSerializer(many=True)


class CouponSerializer(serializers.Serializer):
    code = serializers.CharField(max_length=CODE_LENGTH)


class GivenShareSerializer(serializers.Serializer):
    variant = serializers.IntegerField()
    amount = money()


class ConsideredSerializer(serializers.Serializer):
    """A promotion, or a code that was entered: applied or refused, and why."""

    step = serializers.ChoiceField(["promotion", "coupon"])
    promotion = serializers.IntegerField(allow_null=True)
    version = serializers.IntegerField(required=False)
    kind = serializers.CharField(required=False)
    label = serializers.CharField(required=False, allow_blank=True)
    coupon = serializers.CharField(required=False)
    outcome = serializers.ChoiceField(["applied", "refused"])
    code = serializers.CharField(required=False, help_text="Why it was refused; stable")
    reason = serializers.CharField(required=False)
    missing_amount = money(required=False)
    missing_quantity = serializers.IntegerField(required=False)
    winner = serializers.IntegerField(required=False, help_text="The promotion that is better for the buyer")
    winner_label = serializers.CharField(required=False, allow_blank=True)
    amount = money(required=False)
    shares = GivenShareSerializer(many=True, required=False)


class ExplanationSerializer(serializers.Serializer):
    """What was considered, in order."""

    considered = ConsideredSerializer(many=True)


class CartShippingMethodSerializer(serializers.Serializer):
    code = serializers.CharField()
    label = serializers.CharField()
    price = nullable_money()
    delivery_days = serializers.IntegerField(help_text="Until it arrives, at best.")
    delivery_days_most = serializers.IntegerField(help_text="Until it arrives, at worst.")
    problem = ShippingProblemSerializer(allow_null=True)


def cart_document(cart: PricedCart) -> dict[str, Any]:
    """The cart as clients see it, in the shape of `CartSerializer`."""
    quote = cart.quote
    quoted = {line.variant_id: line for line in quote.lines}
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
        "items": [_item_document(line, quoted[line.variant_id]) for line in cart.lines],
        "item_count": sum(line.quantity for line in cart.lines),
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
        "delivery_days": option.method.delivery_days,
        "delivery_days_most": option.method.delivery_days_most,
        "problem": _problem(option.refusal),
    }


def _problem(refusal: Refusal | None) -> dict[str, str] | None:
    return None if refusal is None else {"code": refusal.code, "message": refusal.message}


def claimed_document(cart: PricedCart, conflicts: Sequence[Conflict]) -> dict[str, Any]:
    """The cart after it was claimed, in the shape of `ClaimedCartSerializer`."""
    told = [
        {"variant": line.variant_id, "quantity": line.quantity, "wanted": line.wanted, "code": line.code}
        for line in conflicts
    ]
    return cart_document(cart) | {"conflicts": told}


def wanted_line(body: Any) -> WantedLine:
    """`{variant, quantity}`. Raises Invalid naming the fields."""
    errors: list[FieldError] = []
    line = _wanted_line(_members(body), "", errors)
    return _checked(line, errors)


def wanted_lines(body: Any, *, required: bool = True) -> list[WantedLine]:
    """`{items: [{variant, quantity}]}`. Raises Invalid naming the fields by their position."""
    items = _members(body).get("items")
    if items is None and not required:
        return []
    if not isinstance(items, list):
        raise _invalid([FieldError("items", "required" if items is None else "invalid", "A list of lines is needed.")])
    errors: list[FieldError] = []
    lines = []
    for index, item in enumerate(items):
        if isinstance(item, Mapping):
            lines.append(_wanted_line(item, f"items.{index}.", errors))
        else:
            errors.append(FieldError(f"items.{index}", "invalid", "An object is needed."))
        if len(errors) >= MAX_ERRORS:
            break
    return _checked(lines, errors)


def quantity(body: Any) -> int:
    """`{quantity}`. Raises Invalid naming the field."""
    errors: list[FieldError] = []
    return _checked(_whole_number(_members(body), "quantity", "", errors), errors)


def delivery(body: Any) -> dict[str, str]:
    """`{country, region?, postal_code, shipping_method?}`, trimmed, the country in upper case.

    Raises Invalid naming the fields.
    """
    members = _members(body)
    errors: list[FieldError] = []
    values = {}
    for name, length in DELIVERY_LENGTHS.items():
        value = members.get(name)
        is_required = name in {"country", "postal_code"}
        if value is None and not is_required:
            value = ""
        if value is None:
            errors.append(FieldError(name, "required", "This field is required."))
        elif not isinstance(value, str):
            errors.append(FieldError(name, "invalid", "A text is needed."))
        elif is_required and not value.strip():
            errors.append(FieldError(name, "blank", "This field may not be blank."))
        elif len(value.strip()) > length:
            errors.append(FieldError(name, "max_length", f"At most {length} characters are allowed."))
        else:
            values[name] = value.strip()
    return _checked(values | {"country": values.get("country", "").upper()}, errors)


def item_id(value: int) -> int:
    """A line's id from the path, made one that no line has when it is too large for any."""
    return value if value <= MAX_ID else 0


def _item_document(line: CartLine, quoted: QuotedLine) -> dict[str, Any]:
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
        "unit_price": line.unit_price,
        "line_total": quoted.line_total,
        "discount_total": quoted.discount_total,
        "price_changed": line.price_changed,
        "available": max(line.available, 0) if line.is_sellable else 0,
        "created_at": line.created_at,
        "updated_at": line.updated_at,
    }


def image_document(image: LineImage | None) -> dict[str, str] | None:
    if image is None:
        return None
    return {
        "url": default_storage.url(image.name),
        "thumbnail": default_storage.url(thumbnail_name(image.name)),
        "alt": image.alt,
    }


def _members(body: Any) -> Mapping[str, Any]:
    if not isinstance(body, Mapping):
        raise Invalid("The body must be a JSON object.")
    return body


def _wanted_line(members: Mapping[str, Any], path: str, errors: list[FieldError]) -> WantedLine:
    return WantedLine(
        variant_id=_whole_number(members, "variant", path, errors),
        quantity=_whole_number(members, "quantity", path, errors),
    )


def _whole_number(members: Mapping[str, Any], name: str, path: str, errors: list[FieldError]) -> int:
    """The number, or 0 beside an error. JSON's true and "1" and 1.0 are no whole numbers here."""
    value = members.get(name)
    if value is None:
        errors.append(FieldError(path + name, "required", "This field is required."))
    elif type(value) is not int:
        errors.append(FieldError(path + name, "invalid", "A whole number is needed."))
    elif not 1 <= value <= MAX_ID:
        errors.append(FieldError(path + name, "out_of_range", "This number is out of range."))
    else:
        return value
    return 0


def _checked(value: Value, errors: list[FieldError]) -> Value:
    if errors:
        raise _invalid(errors)
    return value


def _invalid(errors: list[FieldError]) -> Invalid:
    return Invalid("Some fields are not valid.", errors=errors)
