"""Amounts, cents and how cents are shared."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.money import from_cents, round_cents, round_money, share_cents, to_cents

weights = st.lists(st.integers(0, 500) | st.fractions(0, 20, max_denominator=7), min_size=1, max_size=8)


@given(st.integers(0, 10**9), st.integers(1, 10**4))
def test_cents_are_rounded_as_amounts_are(numerator, denominator):
    exact = Fraction(numerator, denominator)

    assert round_cents(numerator, denominator) == round_cents(exact) == int(exact + Fraction(1, 2))


@given(st.integers(0, 10**12))
def test_cents_are_amounts(cents):
    assert to_cents(from_cents(cents)) == cents
    assert from_cents(cents) == round_money(from_cents(cents))
    assert from_cents(cents).as_tuple().exponent == -2


@given(st.integers(0, 10_000), weights.filter(any))
def test_shares_are_the_total_and_none_is_a_cent_from_its_part(total, weights):
    shares = share_cents(total=total, weights=weights)

    exact = [Fraction(total) * weight / Fraction(sum(weights)) for weight in weights]
    assert sum(shares) == total
    assert all(abs(share - part) < 1 for share, part in zip(shares, exact, strict=True))
    # Who got a cent more has no smaller remainder than who did not, and of equals the earlier got it.
    got = [(part % 1, -place) for place, part in enumerate(exact) if shares[place] > part // 1]
    missed = [(part % 1, -place) for place, part in enumerate(exact) if shares[place] == part // 1]
    assert not got or not missed or min(got) > max(missed)


@pytest.mark.parametrize(
    ("total", "weights", "shares"),
    [
        (100, [1, 1, 1], [34, 33, 33]),
        (100, [300, 400], [43, 57]),
        (2, [1, 1, 1], [1, 1, 0]),
        (0, [0, 0], [0, 0]),
        (0, [], []),
    ],
)
def test_shares_by_hand(total, weights, shares):
    assert share_cents(total=total, weights=weights) == shares


def test_what_nobody_can_carry_is_refused():
    with pytest.raises(ValueError, match="no weights"):
        share_cents(total=1, weights=[0, 0])
    assert round_money(Decimal("0.005")) == Decimal("0.01")
