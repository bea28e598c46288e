"""What comes after the promotions: the benefit of the buyer's tier, shipping and tax."""

from dataclasses import dataclass
from fractions import Fraction

from core.money import round_cents, share_cents
from market.pricing.rules.benefits import Remaining
from market.pricing.rules.inputs import QuoteInput
from market.pricing.rules.promotions import HUNDRED_PERCENT


@dataclass(frozen=True)
class Settlement:
    """What is to pay in the end, line by line, in whole cents; taxes are None while they are unknown."""

    lines: list[int]
    tier_exact: Fraction | int
    tier_shares: list[int]
    shipping: int | None
    taxes: list[int] | None
    shipping_tax: int | None
    payable: int


def settle(remaining: Remaining, facts: QuoteInput, rates: list[Fraction | None]) -> Settlement:
    """Take the tier's percentage off what is left, and work out the taxes. `rates` are those of the lines."""
    lines, tier_exact, tier_shares = remaining.lines, 0, []
    if facts.customer.tier_percent:
        tier_exact = sum(lines) * Fraction(facts.customer.tier_percent) / HUNDRED_PERCENT
        tier_shares = share_cents(total=round_cents(tier_exact), weights=lines)
        lines = [left - share for left, share in zip(lines, tier_shares, strict=True)]
    payable = sum(lines) + (remaining.shipping or 0)
    if facts.shipping is None:
        return Settlement(lines, tier_exact, tier_shares, None, None, None, payable)
    inclusive = facts.prices_include_tax
    taxes = [tax(left, rate, included=inclusive) for left, rate in zip(lines, rates, strict=True)]
    shipping_tax = tax(remaining.shipping, Fraction(facts.shipping.tax_rate), included=inclusive)
    if not inclusive:
        payable += sum(taxes) + shipping_tax
    return Settlement(lines, tier_exact, tier_shares, remaining.shipping, taxes, shipping_tax, payable)


def tax(cents: int, rate: Fraction, *, included: bool) -> int:
    """The tax on or in the amount, rounded to the cent."""
    part, whole = rate.numerator, rate.denominator
    return round_cents(cents * part, whole + part if included else whole)
