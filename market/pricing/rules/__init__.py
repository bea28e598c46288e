"""The quote engine: what a cart costs, and why. Plain Python: no Django, no clock, no queries."""

from market.pricing.rules.basket import unit_price_of
from market.pricing.rules.checks import refuse_impossible
from market.pricing.rules.conditions import WAITS_FOR_DELIVERY
from market.pricing.rules.documents import input_from_json, input_to_json, promotion_from_json, promotion_to_json
from market.pricing.rules.engine import ENGINE_VERSION, READABLE_VERSIONS, quote
from market.pricing.rules.flat import FLAT_FIELDS, flat_from_promotion, flat_names, rules_from_flat
from market.pricing.rules.inputs import (
    CodeInput,
    CustomerInput,
    GiftInput,
    LineInput,
    ListPrice,
    QuoteInput,
    ShippingInput,
    UsesInput,
    identity_of,
    normal_code,
)
from market.pricing.rules.promotions import Goods, Kind, PromotionInput, Stage, Threshold
from market.pricing.rules.results import Discount, GiftLine, PromotionApplied, Quote, QuotedLine
from market.pricing.rules.trace import exact_tax, explanation, promotion_steps, told_to_staff

__all__ = [
    "ENGINE_VERSION",
    "FLAT_FIELDS",
    "READABLE_VERSIONS",
    "WAITS_FOR_DELIVERY",
    "CodeInput",
    "CustomerInput",
    "Discount",
    "GiftInput",
    "GiftLine",
    "Goods",
    "Kind",
    "LineInput",
    "ListPrice",
    "PromotionApplied",
    "PromotionInput",
    "Quote",
    "QuoteInput",
    "QuotedLine",
    "ShippingInput",
    "Stage",
    "Threshold",
    "UsesInput",
    "exact_tax",
    "explanation",
    "flat_from_promotion",
    "flat_names",
    "identity_of",
    "input_from_json",
    "input_to_json",
    "normal_code",
    "promotion_from_json",
    "promotion_steps",
    "promotion_to_json",
    "quote",
    "refuse_impossible",
    "rules_from_flat",
    "told_to_staff",
    "unit_price_of",
]
