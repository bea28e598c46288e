"""The shapes of carts on the wire: schemas, and the checks of bodies.

Bodies are checked by hand and documents built by hand (`documents`), as adding to a cart is a hot path (DRF's
Serializer costs 130 of 350 microseconds there). The serializers are the schema, and what a test
holds the document against.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

from rest_framework import serializers

from core.errors import FieldError, Invalid
from market.carts.rules import ConflictCode
from market.carts.services import WantedLine
from market.pricing.models import CODE_LENGTH

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
    unit_price = money(help_text="The lowest that tier and quantity qualify for.")
    line_total = money()
    discount_total = money()
    price_changed = serializers.BooleanField(help_text="Since the buyer last added or set this line.")
    available = serializers.IntegerField(help_text="Units in stock; 0 when it is no longer for sale.")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class GiftVariantSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    sku = serializers.CharField()
    title = serializers.CharField()


class CartGiftSerializer(serializers.Serializer):
    """Units that come with the order for nothing: their price is in `subtotal` and in `discount_total`."""

    promotion = serializers.IntegerField()
    variant = GiftVariantSerializer()
    quantity = serializers.IntegerField()
    unit_price = money()


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
    gifts = CartGiftSerializer(many=True)
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


class GivenGiftSerializer(serializers.Serializer):
    variant = serializers.IntegerField()
    quantity = serializers.IntegerField()
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
    stage = serializers.CharField(required=False, help_text="line, cart or shipping: when it is given")
    amount = money(required=False)
    exact = serializers.CharField(required=False, help_text="The amount before it was rounded")
    shares = GivenShareSerializer(many=True, required=False)
    gift = GivenGiftSerializer(required=False)


class ExplanationSerializer(serializers.Serializer):
    """What was considered, in order."""

    considered = ConsideredSerializer(many=True)
    currency = serializers.CharField(help_text="Of all amounts here.")


class CartShippingMethodSerializer(serializers.Serializer):
    code = serializers.CharField()
    label = serializers.CharField()
    price = nullable_money()
    currency = serializers.CharField()
    delivery_days = serializers.IntegerField(help_text="Until it arrives, at best.")
    delivery_days_most = serializers.IntegerField(help_text="Until it arrives, at worst.")
    problem = ShippingProblemSerializer(allow_null=True)


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
