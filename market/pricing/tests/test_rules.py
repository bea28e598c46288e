"""The quote engine against an oracle in fractions, and by its promises."""

import json
import random
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.money import ZERO
from market.pricing.rules import LineInput, QuoteInput, ShippingInput, input_from_json, input_to_json, quote

cents = st.integers(0, 10_000_000).map(lambda amount: Decimal(amount).scaleb(-2))
rates = st.integers(0, 9_999).map(lambda share: Decimal(share).scaleb(-4))
shippings = st.builds(ShippingInput, code=st.just("standard"), label=st.text(), price=cents, tax_rate=rates)
maybe_shippings = st.none() | shippings
lines = st.builds(
    LineInput,
    variant_id=st.integers(1, 2**63 - 1),
    sku=st.text(),
    title=st.text(),
    quantity=st.integers(1, 10_000),
    unit_price=cents,
    tax_rate=rates,
)


@st.composite
def quote_inputs(draw, shipping=maybe_shippings):
    return QuoteInput(
        lines=tuple(draw(st.lists(lines, max_size=8, unique_by=lambda line: line.variant_id))),
        shipping=draw(shipping),
        prices_include_tax=draw(st.booleans()),
        currency="GBP",
    )


def line(variant_id=1, quantity=1, unit_price="10.00", tax_rate="0.2000") -> LineInput:
    rate = None if tax_rate is None else Decimal(tax_rate)
    return LineInput(variant_id, f"SKU-{variant_id}", "Thing", quantity, Decimal(unit_price), rate)


def shipping(price="4.95", tax_rate="0.2000") -> ShippingInput:
    return ShippingInput("standard", "Standard delivery", Decimal(price), Decimal(tax_rate))


def cents_of(amount: Fraction) -> Decimal:
    """Commercial rounding of an exact amount that is not negative."""
    return Decimal(int(amount * 100 + Fraction(1, 2))).scaleb(-2)


def oracle_tax(amount: Decimal, rate: Decimal, inclusive: bool) -> Decimal:
    exact = Fraction(amount) * Fraction(rate)
    return cents_of(exact / (1 + Fraction(rate)) if inclusive else exact)


@given(quote_inputs(shipping=shippings))
def test_totals_are_the_exact_ones(given_input):
    result = quote(given_input)

    inclusive, sent = given_input.prices_include_tax, given_input.shipping
    subtotal = sum((part.unit_price * part.quantity for part in given_input.lines), ZERO)
    shipping_tax = oracle_tax(sent.price, sent.tax_rate, inclusive)
    tax = shipping_tax + sum(
        (oracle_tax(part.unit_price * part.quantity, part.tax_rate, inclusive) for part in given_input.lines), ZERO
    )
    assert (result.subtotal, result.discount_total, result.shipping_total) == (subtotal, 0, sent.price)
    assert (result.shipping_tax_total, result.tax_total) == (shipping_tax, tax)
    assert result.grand_total == subtotal + sent.price + (0 if inclusive else tax)
    assert not result.is_estimate


@given(quote_inputs())
def test_amounts_are_whole_cents_and_the_totals_of_the_lines(given_input):
    result = quote(given_input)

    assert result.subtotal - result.discount_total == sum((part.line_total for part in result.lines), ZERO)
    amounts = [result.subtotal, result.discount_total, result.grand_total]
    amounts += [part.line_total for part in result.lines]
    if not result.is_estimate:
        assert result.tax_total == result.shipping_tax_total + sum((part.tax_total for part in result.lines), ZERO)
        amounts += [result.shipping_total, result.tax_total]
    assert all(amount >= 0 and amount.as_tuple().exponent == -2 for amount in amounts)


@given(quote_inputs(shipping=st.none()))
def test_without_destination_shipping_and_tax_are_unknown(given_input):
    result = quote(given_input)

    assert result.is_estimate
    assert (result.shipping_total, result.shipping_tax_total, result.tax_total) == (None, None, None)
    assert result.grand_total == result.subtotal
    assert all(part.tax_total is None for part in result.lines)


@given(quote_inputs(), st.randoms())
def test_order_of_lines_makes_no_difference(given_input, chance: random.Random):
    shuffled = list(given_input.lines)
    chance.shuffle(shuffled)

    assert quote(replace(given_input, lines=tuple(shuffled))) == quote(given_input)


@given(quote_inputs())
def test_input_survives_json_and_gives_the_same_quote(given_input):
    again = input_from_json(json.loads(json.dumps(input_to_json(given_input))))

    assert again == given_input
    assert quote(again) == quote(given_input)
    assert json.dumps(quote(given_input).trace)


@pytest.mark.parametrize(
    ("inclusive", "unit_price", "rate", "line_tax", "shipping_tax", "grand_total"),
    [
        # gross * rate / (1 + rate): 20.00 holds 3.33, and 4.95 holds 0.825, rounded away from zero
        (True, "10.00", "0.2000", "3.33", "0.83", "24.95"),
        (False, "10.00", "0.2000", "4.00", "0.99", "29.94"),
        (True, "10.00", "0.0000", "0.00", "0.00", "24.95"),
        (False, "0.01", "0.2500", "0.01", "1.24", "6.22"),
        (True, "0.00", "0.2000", "0.00", "0.83", "4.95"),
    ],
)
def test_two_units_and_shipping(inclusive, unit_price, rate, line_tax, shipping_tax, grand_total):
    result = quote(
        QuoteInput(
            lines=(line(quantity=2, unit_price=unit_price, tax_rate=rate),),
            shipping=shipping(tax_rate=rate),
            prices_include_tax=inclusive,
            currency="GBP",
        )
    )

    assert [str(part.tax_total) for part in result.lines] == [line_tax]
    assert (str(result.shipping_tax_total), str(result.grand_total)) == (shipping_tax, grand_total)


def test_trace_tells_each_step_in_order():
    result = quote(QuoteInput((line(7, 3, "3.33"), line(2)), shipping(), True, "GBP"))

    names = ["line", "line", "subtotal", "shipping", "line_tax", "line_tax", "tax", "grand_total"]
    assert [step["step"] for step in result.trace] == names
    assert [step["variant"] for step in result.trace[:2]] == [2, 7]
    assert result.trace[1] == {
        "step": "line",
        "variant": 7,
        "quantity": 3,
        "unit_price": "3.33",
        "amount": "9.99",
    }
    assert result.trace[5] == {
        "step": "line_tax",
        "variant": 7,
        "amount": "9.99",
        "tax_rate": "0.2000",
        "tax_exact": "1.665",
        "tax": "1.67",
    }


def test_what_the_first_version_stored_is_priced_as_it_was():
    stored = {
        "lines": [
            {
                "variant_id": 7,
                "sku": "MUG",
                "title": "Mug",
                "quantity": 3,
                "unit_price": "3.33",
                "tax_rate": "0.2000",
            },
            {
                "variant_id": 2,
                "sku": "LAMP",
                "title": "Lamp",
                "quantity": 1,
                "unit_price": "30.05",
                "tax_rate": "0.0700",
            },
        ],
        "shipping": {"code": "standard", "label": "Standard", "price": "4.95", "tax_rate": "0.2000"},
        "prices_include_tax": False,
        "currency": "GBP",
    }

    again = quote(input_from_json(stored))

    assert input_to_json(input_from_json(stored)) == stored
    assert [(part.variant_id, str(part.tax_total), str(part.line_total)) for part in again.lines] == [
        (2, "2.10", "30.05"),
        (7, "2.00", "9.99"),
    ]
    assert (str(again.tax_total), str(again.grand_total), again.discounts) == ("5.09", "50.08", ())


@pytest.mark.parametrize(
    ("parts", "sent", "message"),
    [
        ((line(1), line(1)), None, "two lines"),
        ((line(quantity=0),), None, "below one"),
        ((line(unit_price="-0.01"),), None, "negative"),
        ((line(unit_price="1.005"),), None, "cents"),
        ((line(tax_rate="1.0000"),), None, "not a share"),
        ((line(tax_rate="-0.1000"),), None, "not a share"),
        ((line(tax_rate=None),), shipping(), "not the tax rate"),
        ((line(),), shipping(price="-1.00"), "negative"),
        ((line(),), shipping(tax_rate="1.5"), "not a share"),
    ],
)
def test_impossible_input_is_refused(parts, sent, message):
    with pytest.raises(ValueError, match=message):
        quote(QuoteInput(parts, sent, True, "GBP"))
