"""Money: decimal amounts in the shop's one currency, rounded in one place."""

from collections.abc import Sequence
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
ZERO = Decimal("0.00")


def round_money(amount: Decimal) -> Decimal:
    """The amount to the cent, halves away from zero (commercial rounding)."""
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def share_by_largest_remainder(*, total: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """Split `total` in cents proportionally to `weights`, so that the shares sum to it exactly.

    Each share is first cut to the cent; the cents left over go to the largest remainders, ties to
    the earlier position (Hamilton's method). With no positive weight every share is zero, so the
    total must be zero then. Raises ValueError for a total that is no whole number of cents, and
    for a total that nobody can carry.
    """
    if total != round_money(total):
        raise ValueError(f"{total} is not a whole number of cents")
    weight_sum = sum(weights, Decimal(0))
    if weight_sum <= 0:
        if total:
            raise ValueError("a total cannot be shared among no weights")
        return [ZERO for _ in weights]
    sign = -1 if total < 0 else 1
    exact = [abs(total) * weight / weight_sum for weight in weights]
    shares = [amount.quantize(CENT, rounding=ROUND_DOWN) for amount in exact]
    missing_cents = int((abs(total) - sum(shares, ZERO)) / CENT)
    by_remainder = sorted(range(len(shares)), key=lambda i: (shares[i] - exact[i], i))
    for position in by_remainder[:missing_cents]:
        shares[position] += CENT
    return [sign * share for share in shares]
