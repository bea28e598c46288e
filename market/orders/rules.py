"""The state graph of an order, its number, and what each state allows."""

import re
from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise

PENDING = "pending"
CONFIRMED = "confirmed"
PROCESSING = "processing"
SHIPPED = "shipped"
DELIVERED = "delivered"
CANCELED = "canceled"
RETURNED = "returned"

# What still has to be paid, packed or sent.
OPEN = (PENDING, CONFIRMED, PROCESSING)
TRANSITIONS: dict[str, tuple[str, ...]] = {
    PENDING: (CONFIRMED, CANCELED),
    CONFIRMED: (PROCESSING, CANCELED),
    PROCESSING: (SHIPPED, CANCELED),
    SHIPPED: (DELIVERED, RETURNED),
    DELIVERED: (RETURNED,),
    CANCELED: (),
    RETURNED: (),
}

# No 0 and O, 1, I and L, no U: read over the phone, a number has one spelling.
NUMBER_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
NUMBER_GROUPS = (4, 4, 2)
NUMBER_PATTERN = re.compile("-".join(f"[{NUMBER_ALPHABET}]{{{length}}}" for length in NUMBER_GROUPS))


# What the twelve digits of an order's amounts can hold.
LARGEST_AMOUNT = Decimal("9999999999.99")


def is_holdable(amount: Decimal) -> bool:
    """Whether an order can have this amount."""
    return amount <= LARGEST_AMOUNT


def allowed_statuses(status: str) -> tuple[str, ...]:
    """The statuses that an order may take next, in the order of a normal life."""
    return TRANSITIONS[status]


def is_cancelable(status: str) -> bool:
    """Whether an order may still be canceled: until it is shipped."""
    return CANCELED in TRANSITIONS[status]


def is_path(statuses: list[str]) -> bool:
    """Whether an order may have had these statuses one after the other; repeats are no step."""
    if not statuses or statuses[0] != PENDING:
        return False
    return all(after == before or after in TRANSITIONS[before] for before, after in pairwise(statuses))


def order_number(*, choose: Callable[[str], str]) -> str:
    """A number like `S7K4-92QF-M3`; `choose` draws one character of the alphabet at a time.

    30^10 numbers: the chance that a new one is taken is below 1 in 500,000 at a billion orders.
    """
    return "-".join("".join(choose(NUMBER_ALPHABET) for _ in range(length)) for length in NUMBER_GROUPS)
