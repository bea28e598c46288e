"""How money that goes back is shared among payments."""

from collections.abc import Sequence
from decimal import Decimal


def refund_shares(*, amount: Decimal, left: Sequence[Decimal]) -> list[Decimal]:
    """What of `amount` is paid back from each payment, first things first, at most what is `left` of it."""
    shares = []
    for available in left:
        share = min(amount, available)
        shares.append(share)
        amount -= share
    return shares
