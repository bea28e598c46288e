"""Input that no cart can have."""

from collections.abc import Hashable, Iterable, Iterator
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from market.pricing.rules.inputs import LineInput, QuoteInput, normal_code
from market.pricing.rules.promotions import HUNDRED_PERCENT, is_price

BAD_PRICE = "a price is negative or no whole number of cents"


def refuse_impossible(quote_input: QuoteInput) -> None:
    """Raise ValueError for input that no cart can have, naming it."""
    for problem in _problems(quote_input):
        raise ValueError(problem)


def _problems(quote_input: QuoteInput) -> Iterator[str]:
    yield from _twice("a variant appears on two lines: ", [line.variant_id for line in quote_input.lines])
    is_known = quote_input.shipping is not None
    for line in quote_input.lines:
        yield from _line_problems(line, is_known=is_known)
    if is_known:
        if not is_price(quote_input.shipping.price):
            yield f"shipping: {BAD_PRICE}"
        yield from _rate_problems("shipping", quote_input.shipping.tax_rate)
    for gift in quote_input.gifts:
        if not is_price(gift.unit_price):
            yield f"gift of variant {gift.variant_id}: {BAD_PRICE}"
        if is_known and gift.tax_rate is None:
            yield f"gift of variant {gift.variant_id}: a destination is known but not the tax rate"
        yield from _rate_problems(f"gift of variant {gift.variant_id}", gift.tax_rate)
    yield from _promotion_problems(quote_input)
    yield from _fact_problems(quote_input)


def _line_problems(line: LineInput, *, is_known: bool) -> Iterator[str]:
    if type(line.quantity) is not int or line.quantity < 1:
        yield f"line of variant {line.variant_id}: a quantity is below one or no whole number"
    if not is_price(line.unit_price) or any(not is_price(listed.price) for listed in line.list_prices):
        yield f"line of variant {line.variant_id}: {BAD_PRICE}"
    if line.tax_rate is None:
        if is_known:
            yield f"line of variant {line.variant_id}: a destination is known but not the tax rate of every line"
    else:
        yield from _rate_problems(f"line of variant {line.variant_id}", line.tax_rate)


def _rate_problems(where: str, rate: Decimal | None) -> Iterator[str]:
    if rate is not None and not (rate.is_finite() and 0 <= rate < 1):
        yield f"{where}: a tax rate is not a share"


def _promotion_problems(quote_input: QuoteInput) -> Iterator[str]:
    yield from _twice("a promotion appears twice: ", [promotion.id for promotion in quote_input.promotions])
    for promotion in quote_input.promotions:
        if promotion.problem:
            yield f"promotion {promotion.id}: {promotion.problem}"
        if quote_input.moment is None and promotion.asks_for_moment:
            yield f"moment: unknown, and promotion {promotion.id} asks for it"


def _fact_problems(quote_input: QuoteInput) -> Iterator[str]:
    if quote_input.moment is not None and quote_input.moment.tzinfo is None:
        yield "moment: without a time zone"
    if not _is_zone(quote_input.time_zone):
        yield f"time_zone: {quote_input.time_zone!r} is none"
    percent = quote_input.customer.tier_percent
    if not (percent.is_finite() and 0 <= percent <= HUNDRED_PERCENT):
        yield "customer: tier_percent: a percentage is 0 to 100"
    yield from _twice("uses of a promotion appear twice: ", [uses.promotion for uses in quote_input.uses])
    for uses in quote_input.uses:
        if uses.total < 0 or uses.by_customer < 0 or not is_price(uses.amount):
            yield f"uses of promotion {uses.promotion}: below zero"
    yield from _twice("a gift appears twice: ", [gift.variant_id for gift in quote_input.gifts])
    yield from _twice("a code appears twice: ", [normal_code(code.code) for code in quote_input.codes])


def _twice(what: str, values: list[Hashable]) -> Iterable[str]:
    if len(set(values)) == len(values):
        return []
    return [f"{what}{next(value for value in values if values.count(value) > 1)}"]


@cache
def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return False
    return True
