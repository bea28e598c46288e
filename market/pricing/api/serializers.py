"""Promotions on the wire: the shape of what is read, and what staff may write.

Documents are built by `documents`; a test holds each against its serializer here.
"""

from decimal import Decimal
from typing import Any

from rest_framework import serializers

from core.api.moments import MomentField
from core.money import CENT
from market.pricing.models import CODE_LENGTH, LABEL_LENGTH, Coupon, Promotion
from market.pricing.rules import Kind
from market.pricing.rules.limits import HOURS, MAX_COUNT, MAX_PRIORITY, MAX_STEPS, MONEY, PERCENT, RATIO_OR_MONEY
from market.pricing.services.coupons import MOST_AT_ONCE, PREFIX_LENGTH

MAX_ID = 2**63 - 1
MAX_NAMED = 1000
ATTRIBUTE_LENGTH = 160
KINDS = [(kind.value, kind.value) for kind in Kind]
STAFF = "For staff only."


def money(**options: Any) -> serializers.DecimalField:
    return serializers.DecimalField(**MONEY, **options)


def optional_money(**options: Any) -> serializers.DecimalField:
    return money(required=False, allow_null=True, **options)


def optional_count(**options: Any) -> serializers.IntegerField:
    return serializers.IntegerField(min_value=1, max_value=MAX_COUNT, required=False, allow_null=True, **options)


def ids(**options: Any) -> serializers.ListField:
    child = serializers.IntegerField(min_value=1, max_value=MAX_ID)
    return serializers.ListField(child=child, max_length=MAX_NAMED, required=False, **options)


def texts(length: int, **options: Any) -> serializers.ListField:
    child = serializers.CharField(max_length=length)
    return serializers.ListField(child=child, max_length=MAX_NAMED, required=False, **options)


class RatioOrMoneyField(serializers.DecimalField):
    """A number with two places, or up to four where it needs them."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**RATIO_OR_MONEY | options)

    def quantize(self, value: Decimal) -> Decimal:
        exact = super().quantize(value)
        short = exact.quantize(CENT)
        return short if short == exact else exact


class ThresholdSerializer(serializers.Serializer):
    """A step: from a subtotal or a quantity on, a percentage or an amount off."""

    min_subtotal = optional_money()
    min_quantity = optional_count()
    percent = RatioOrMoneyField(**PERCENT, required=False, allow_null=True)
    amount = optional_money()


class PublicRulesSerializer(serializers.Serializer):
    """What a promotion gives, on which goods, to whom, when and how often. docs/pricing.md tells each kind."""

    label = serializers.CharField(max_length=LABEL_LENGTH, required=False, help_text="What buyers see; else the name.")
    kind = serializers.ChoiceField(choices=KINDS)
    value = RatioOrMoneyField(
        required=False,
        allow_null=True,
        help_text="A percentage (0-100), an amount or a price, by the kind; some need none.",
    )
    max_discount = optional_money()
    buy_quantity = serializers.IntegerField(min_value=0, max_value=MAX_COUNT, required=False)
    get_quantity = serializers.IntegerField(min_value=0, max_value=MAX_COUNT, required=False)
    is_per_unit = serializers.BooleanField(required=False, help_text="Of `fixed_amount`: off each unit.")
    thresholds = ThresholdSerializer(many=True, required=False, max_length=MAX_STEPS)
    gift_variant = serializers.IntegerField(min_value=1, max_value=MAX_ID, required=False, allow_null=True)
    products = ids()
    collections = ids()
    categories = ids(help_text="With all categories below them.")
    attributes = texts(ATTRIBUTE_LENGTH, help_text="`color=red`; values of one attribute are alternatives.")
    get_products = ids(help_text="Of `buy_x_get_y`: what is cheaper, if not the same goods.")
    get_collections = ids()
    get_categories = ids()
    get_attributes = texts(ATTRIBUTE_LENGTH)
    min_subtotal = optional_money()
    min_quantity = optional_count()
    tiers = texts(16, help_text="Codes of membership tiers.")
    first_order_only = serializers.BooleanField(required=False)
    countries = texts(2, help_text="ISO 3166 codes of where the order goes.")
    weekdays = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=7),
        max_length=7,
        required=False,
        help_text="1 (Monday) to 7, in the shop's time zone.",
    )
    from_hour = serializers.IntegerField(
        min_value=0, max_value=HOURS - 1, required=False, help_text="In the shop's zone."
    )
    until_hour = serializers.IntegerField(
        min_value=1, max_value=HOURS, required=False, help_text="Not included; before `from_hour`: of the next morning."
    )
    starts_at = MomentField(required=False, allow_null=True)
    ends_at = MomentField(required=False, allow_null=True, help_text="Not included.")
    usage_limit_per_customer = optional_count()
    usage_limit_per_order = optional_count(help_text="Units, sets or gifts.")
    requires_coupon = serializers.BooleanField(required=False)
    stackable = serializers.BooleanField(required=False, help_text="Goes with others.")
    is_active = serializers.BooleanField(required=False, help_text="Whether it is given, within its period.")


class StaffRulesSerializer(PublicRulesSerializer):
    """What staff alone see and write."""

    usage_limit = optional_count(help_text=STAFF)
    budget = optional_money(help_text=STAFF)
    priority = serializers.IntegerField(
        min_value=-MAX_PRIORITY, max_value=MAX_PRIORITY, required=False, help_text=STAFF
    )
    exclusive_group = serializers.CharField(
        max_length=LABEL_LENGTH, required=False, allow_blank=True, help_text=f"{STAFF} Of one group one is given."
    )
    customer_lists = ids(help_text=STAFF)
    is_public = serializers.BooleanField(required=False, help_text=f"{STAFF} Shown to who does not get it.")
    coupon_code = serializers.CharField(
        max_length=CODE_LENGTH,
        required=False,
        allow_null=True,
        allow_blank=True,
        help_text="For staff who may see codes. Its single code, whatever its case; a promotion with one needs it.",
    )


class PromotionWriteSerializer(StaffRulesSerializer):
    """The rules of a promotion as staff write them, and its name, which is their own."""

    name = serializers.CharField(max_length=LABEL_LENGTH)


class PromotionEditSerializer(PromotionWriteSerializer):
    """A promotion as staff write it. `name` is their own; a PUT without a rule sets it to its default."""

    status = serializers.ChoiceField(
        Promotion.Status.choices, required=False, help_text="Instead of `is_active`, or as it says."
    )


class PromotionSerializer(StaffRulesSerializer):
    """A promotion. Buyers see the active ones that are for everybody, and of them nothing that is for staff."""

    id = serializers.IntegerField()
    name = serializers.CharField(help_text="As staff call it; for others the label.")
    currency = serializers.CharField()
    status = serializers.ChoiceField(Promotion.Status.choices, required=False, help_text=STAFF)
    version = serializers.IntegerField(required=False, help_text=STAFF)
    uses = serializers.IntegerField(required=False, help_text=f"{STAFF} Not in lists.")
    given_total = money(required=False, help_text=f"{STAFF} Not in lists.")
    created_at = serializers.DateTimeField(required=False, help_text=STAFF)
    updated_at = serializers.DateTimeField(required=False, help_text=STAFF)


class CouponSerializer(serializers.ModelSerializer):
    """A code that opens a promotion."""

    class Meta:
        model = Coupon
        fields = ["id", "code", "batch", "usage_limit", "uses", "is_active", "created_at"]
        read_only_fields = fields


class CouponBatchSerializer(serializers.Serializer):
    """How many codes to make, and how often each can be used: null is any number of orders."""

    count = serializers.IntegerField(min_value=1, max_value=MOST_AT_ONCE)
    usage_limit = optional_count(default=1)
    prefix = serializers.CharField(max_length=PREFIX_LENGTH, required=False, allow_blank=True)
    batch = serializers.CharField(
        max_length=LABEL_LENGTH, required=False, allow_blank=True, help_text="A name of its own; else that of the run."
    )


class CouponChangeSerializer(serializers.Serializer):
    """Whether a code can be used."""

    is_active = serializers.BooleanField()
