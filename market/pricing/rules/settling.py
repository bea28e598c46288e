"""What comes after the promotions: the benefit of the buyer's tier, shipping and tax."""

from dataclasses import dataclass

from core.money import round_cents, share_cents
from market.pricing.rules.benefits import Remaining
from market.pricing.rules.conditions import Situation
from market.pricing.rules.promotions import HUNDRED_PERCENT


@dataclass(slots=True)
class Settlement:
    """What is to pay in the end, line by line, in whole cents; taxes are None while they are unknown."""

    lines: list[int]
    tier_exact: tuple[int, int]
    tier_shares: list[int]
    shipping: int | None
    taxes: list[int] | None = None
    shipping_tax: int | None = None


def settle(remaining: Remaining, situation: Situation) -> Settlement:
    """Take the tier's percentage off what is left, and work out the taxes."""
    facts, lines = situation.facts, remaining.lines
    tier_exact, tier_shares = tier_benefit(sum(lines), situation), []
    if tier_exact[0]:
        tier_shares = share_cents(total=round_cents(*tier_exact), weights=lines)
        lines = [left - share for left, share in zip(lines, tier_shares, strict=True)]
    settlement = Settlement(lines, tier_exact, tier_shares, remaining.shipping)
    if facts.shipping is not None:
        inclusive = facts.prices_include_tax
        settlement.taxes = [
            tax(left, *rate, included=inclusive) for left, rate in zip(lines, situation.rates, strict=True)
        ]
        settlement.shipping_tax = tax(
            remaining.shipping, *facts.shipping.tax_rate.as_integer_ratio(), included=inclusive
        )
    return settlement


def payable(remaining: Remaining, situation: Situation) -> int:
    """What the buyer pays in the end."""
    if not taxes_come_on_top(situation):
        return payable_of_sums(sum(remaining.lines), remaining.shipping, situation)
    settlement = settle(remaining, situation)
    return sum(settlement.lines) + settlement.shipping + sum(settlement.taxes) + settlement.shipping_tax


def payable_of_sums(goods: int, shipping: int | None, situation: Situation) -> int:
    """What the buyer pays in the end for so much of goods, where no taxes come on top of it."""
    return goods - round_cents(*tier_benefit(goods, situation)) + (shipping or 0)


def taxes_come_on_top(situation: Situation) -> bool:
    """Whether what is to pay depends on the taxes of each line, as far as it is known."""
    return situation.facts.shipping is not None and not situation.facts.prices_include_tax


def tier_benefit(goods: int, situation: Situation) -> tuple[int, int]:
    """The exact cents that the buyer's tier takes off so many, as numerator and denominator."""
    numerator, denominator = situation.facts.customer.tier_percent.as_integer_ratio()
    return goods * numerator, denominator * HUNDRED_PERCENT


def tax(cents: int, part: int, whole: int, *, included: bool) -> int:
    """The tax of the rate `part` / `whole` on or in the amount, rounded to the cent."""
    return round_cents(cents * part, whole + part if included else whole)
