"""The quote engine: what a cart costs, and why. Plain Python: no Django, no clock, no queries."""

from market.pricing.rules.documents import input_from_json, input_to_json
from market.pricing.rules.engine import ENGINE_VERSION, READABLE_VERSIONS, exact_tax, quote, refuse_impossible
from market.pricing.rules.inputs import (
    CodeInput,
    CustomerInput,
    GiftInput,
    LineInput,
    ListPrice,
    QuoteInput,
    ShippingInput,
    UsesInput,
)
from market.pricing.rules.promotions import Goods, Kind, PromotionInput, Stage, Threshold
from market.pricing.rules.results import Discount, GiftLine, PromotionApplied, Quote, QuotedLine

__all__ = [
    "ENGINE_VERSION",
    "READABLE_VERSIONS",
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
    "input_from_json",
    "input_to_json",
    "quote",
    "refuse_impossible",
]
