"""The quote engine: what a cart costs, and why. The one place that computes a price.

Money: `grand_total = subtotal - discount_total + shipping_total + (0 if prices_include_tax else
tax_total)`. With prices that include tax the gross price is the same everywhere, and the tax of
the destination is taken out of it: `gross * rate / (1 + rate)`. Tax is rounded once per line.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from decimal import Decimal
from typing import Any

from core.money import ZERO, round_money

ENGINE_VERSION = 1


@dataclass(frozen=True, slots=True)
class LineInput:
    """So many units of one variant. `tax_rate` (0-1) is None while the destination is unknown."""

    variant_id: int
    sku: str
    title: str
    quantity: int
    unit_price: Decimal
    tax_rate: Decimal | None


@dataclass(frozen=True, slots=True)
class ShippingInput:
    """The chosen shipping method, and the tax rate (0-1) on it at the destination."""

    code: str
    label: str
    price: Decimal
    tax_rate: Decimal


@dataclass(frozen=True, slots=True)
class QuoteInput:
    """All that a quote depends on. `shipping` is None before a destination is known."""

    lines: tuple[LineInput, ...]
    shipping: ShippingInput | None
    prices_include_tax: bool
    currency: str


@dataclass(frozen=True, slots=True)
class Discount:
    """An amount off. `target` is `merchandise` or `shipping`."""

    promotion: int
    label: str
    amount: Decimal
    target: str


@dataclass(frozen=True, slots=True)
class QuotedLine:
    """A priced line. `line_total` is after discounts, with tax if prices have it."""

    variant_id: int
    sku: str
    title: str
    quantity: int
    unit_price: Decimal
    tax_rate: Decimal | None
    discount_total: Decimal
    tax_total: Decimal | None
    line_total: Decimal


@dataclass(frozen=True, slots=True)
class Quote:
    """A priced cart: a value, never stored. Lines are in the order of their variant ids.

    While `is_estimate`, shipping and tax are unknown (None) and not in `grand_total`. `trace` has
    one JSON object per step, in the order of the computation, amounts as strings.
    """

    lines: tuple[QuotedLine, ...]
    subtotal: Decimal
    discounts: tuple[Discount, ...]
    discount_total: Decimal
    shipping_total: Decimal | None
    shipping_tax_total: Decimal | None
    tax_total: Decimal | None
    grand_total: Decimal
    is_estimate: bool
    trace: tuple[Mapping[str, Any], ...]


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


def input_to_json(quote_input: QuoteInput) -> dict[str, Any]:
    """The input as JSON, amounts as strings; `input_from_json` gives the equal input back."""
    return _plain(asdict(quote_input))


def input_from_json(document: Mapping[str, Any]) -> QuoteInput:
    """The input that `input_to_json` wrote, also after a trip through the database."""
    shipping = document["shipping"]
    return QuoteInput(
        lines=tuple(_from_plain(LineInput, line) for line in document["lines"]),
        shipping=None if shipping is None else _from_plain(ShippingInput, shipping),
        prices_include_tax=document["prices_include_tax"],
        currency=document["currency"],
    )


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


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return value


def _from_plain(kind: type, document: Mapping[str, Any]) -> Any:
    """The dataclass from its JSON object; its fields with Decimal in their type were strings."""
    decimals = {field.name for field in fields(kind) if field.type in (Decimal, Decimal | None)}
    return kind(
        **{
            name: Decimal(value) if name in decimals and value is not None else value
            for name, value in document.items()
        }
    )
