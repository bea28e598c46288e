"""The quote engine: what a cart costs, and why. The one place that computes a price.

Money: `grand_total = subtotal - discount_total + shipping_total + (0 if prices_include_tax else
tax_total)`. With prices that include tax the gross price is the same everywhere, and the tax of
the destination is taken out of it: `gross * rate / (1 + rate)`. Tax is rounded once per line.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from core.money import ZERO, round_money
from market.pricing.rules.inputs import LineInput, QuoteInput, ShippingInput
from market.pricing.rules.results import Quote, QuotedLine

# 1 knew no promotions. What it priced, this one prices alike.
ENGINE_VERSION = 2
READABLE_VERSIONS = (1, 2)


def quote(quote_input: QuoteInput) -> Quote:
    """Price the cart. The order of the lines makes no difference.

    Raises ValueError for input that no cart can have: a variant twice, a quantity below one, a
    negative price, a rate that is no share, a destination with lines of unknown rate.
    """
    refuse_impossible(quote_input)
    trace: list[Mapping[str, Any]] = []
    is_estimate = quote_input.shipping is None
    inclusive = quote_input.prices_include_tax
    lines = tuple(
        _quoted_line(line, inclusive=inclusive, is_estimate=is_estimate, trace=trace)
        for line in sorted(quote_input.lines, key=lambda line: line.variant_id)
    )
    subtotal = sum((line.unit_price * line.quantity for line in lines), ZERO)
    discount_total = sum((line.discount_total for line in lines), ZERO)
    trace.append({"step": "subtotal", "amount": str(subtotal)})
    shipping_total, shipping_tax_total = _quoted_shipping(quote_input.shipping, inclusive=inclusive, trace=trace)
    tax_total = None
    if not is_estimate:
        tax_total = sum((line.tax_total for line in lines), shipping_tax_total)
        trace.append({"step": "tax", "amount": str(tax_total)})
    grand_total = subtotal - discount_total + (shipping_total or ZERO)
    if not inclusive:
        grand_total += tax_total or ZERO
    trace.append({"step": "grand_total", "amount": str(grand_total), "prices_include_tax": inclusive})
    return Quote(
        lines=lines,
        subtotal=subtotal,
        discounts=(),
        discount_total=discount_total,
        shipping_total=shipping_total,
        shipping_tax_total=shipping_tax_total,
        tax_total=tax_total,
        grand_total=grand_total,
        is_estimate=is_estimate,
        trace=tuple(trace),
    )


def refuse_impossible(quote_input: QuoteInput) -> None:
    """Raise ValueError for input that no cart can have, see `quote`."""
    variant_ids = [line.variant_id for line in quote_input.lines]
    if len(set(variant_ids)) != len(variant_ids):
        raise ValueError("a variant appears on two lines")
    rates = [line.tax_rate for line in quote_input.lines]
    prices = [line.unit_price for line in quote_input.lines]
    if quote_input.shipping is not None:
        rates.append(quote_input.shipping.tax_rate)
        prices.append(quote_input.shipping.price)
        if None in rates:
            raise ValueError("a destination is known but not the tax rate of every line")
    if any(line.quantity < 1 for line in quote_input.lines):
        raise ValueError("a quantity is below one")
    if any(price < 0 or price != round_money(price) for price in prices):
        raise ValueError("a price is negative or no whole number of cents")
    if any(rate is not None and not 0 <= rate < 1 for rate in rates):
        raise ValueError("a tax rate is not a share")


def exact_tax(*, amount: Decimal, rate: Decimal, included: bool) -> Decimal:
    """The tax on or in the amount, before rounding."""
    return amount * rate / (1 + rate) if included else amount * rate


def _quoted_line(line: LineInput, *, inclusive: bool, is_estimate: bool, trace: list) -> QuotedLine:
    line_total = round_money(line.unit_price * line.quantity)
    step = {
        "step": "line",
        "variant": line.variant_id,
        "quantity": line.quantity,
        "unit_price": str(line.unit_price),
        "amount": str(line_total),
    }
    tax_total = None
    if not is_estimate:
        exact = exact_tax(amount=line_total, rate=line.tax_rate, included=inclusive)
        tax_total = round_money(exact)
        step |= {"tax_rate": str(line.tax_rate), "tax_exact": str(exact), "tax": str(tax_total)}
    trace.append(step)
    return QuotedLine(
        variant_id=line.variant_id,
        sku=line.sku,
        title=line.title,
        quantity=line.quantity,
        unit_price=line.unit_price,
        tax_rate=line.tax_rate,
        discount_total=ZERO,
        tax_total=tax_total,
        line_total=line_total,
    )


def _quoted_shipping(
    shipping: ShippingInput | None, *, inclusive: bool, trace: list
) -> tuple[Decimal, Decimal] | tuple[None, None]:
    if shipping is None:
        return None, None
    exact = exact_tax(amount=shipping.price, rate=shipping.tax_rate, included=inclusive)
    tax = round_money(exact)
    trace.append(
        {
            "step": "shipping",
            "method": shipping.code,
            "amount": str(shipping.price),
            "tax_rate": str(shipping.tax_rate),
            "tax_exact": str(exact),
            "tax": str(tax),
        }
    )
    return shipping.price, tax
