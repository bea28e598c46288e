"""Money: decimal amounts in the shop's one currency, rounded in one place."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

CENT = Decimal("0.01")
ZERO = Decimal("0.00")


def round_money(amount: Decimal) -> Decimal:
    """The amount to the cent, halves away from zero (commercial rounding)."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def to_cents(amount: Decimal) -> int:
    """The amount, which is a whole number of cents, as that number."""
    return int(amount.scaleb(2))


def from_cents(cents: int) -> Decimal:
    """So many cents as an amount with two places."""
    return Decimal(cents).scaleb(-2)


def round_cents(numerator: Fraction | int, denominator: int = 1) -> int:
    """The exact number of cents, none below zero, to the cent as `round_money` does it."""
    return int((2 * numerator + denominator) // (2 * denominator))


def share_cents(*, total: int, weights: Sequence[Fraction | int]) -> list[int]:
    """Split so many cents, none below zero, proportionally to `weights`, so that the shares sum to them exactly.

    Each share is first cut to the cent; the cents left over go to the largest remainders, ties to
    the earlier position (Hamilton's method). With no positive weight every share is zero. Raises
    ValueError for a total that nobody can carry.
    """
    weight_sum = sum(weights)
    if weight_sum <= 0:
        if total:
            raise ValueError("a total cannot be shared among no weights")
        return [0] * len(weights)
    shares = [total * weight // weight_sum for weight in weights]
    missing = total - sum(shares)
    if missing:
        remainders = [total * weight % weight_sum for weight in weights]
        # The order of equals stays as it is, also in reverse: the earlier comes first.
        by_remainder = sorted(range(len(shares)), key=remainders.__getitem__, reverse=True)
        for position in by_remainder[:missing]:
            shares[position] += 1
    return shares
