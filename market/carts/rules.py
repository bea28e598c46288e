"""What becomes of two carts of one person: plain Python, no clock, no queries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class MergeStrategy(StrEnum):
    """Which units a line has whose variant stands in both carts."""

    SUM = "sum"  # those of both
    NEWEST = "newest"  # those of the line that was changed last
    LARGER = "larger"  # the more of the two
    KEEP_BOTH = "keep_both"  # those of the claimed cart; the saved line is told beside it (docs/adr/0028)


class ConflictCode(StrEnum):
    """Why a line is not what stood in the saved cart, or what the strategy wanted."""

    BOTH_CARTS = "both_carts"
    INSUFFICIENT_STOCK = "insufficient_stock"
    TOO_MANY_UNITS = "too_many_units"
    TOO_MANY_LINES = "too_many_lines"


@dataclass(frozen=True, slots=True)
class MergeLine:
    """So many units of a variant in one of the carts, and when its buyer last changed that."""

    variant_id: int
    quantity: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Conflict:
    """What the buyer is told about a line: `quantity` is in the cart now (0 without such a line), `wanted` is
    what was not taken over: the units of the saved line, or those that stock or a limit did not allow."""

    variant_id: int
    quantity: int
    wanted: int
    code: ConflictCode


def merge_lines(
    *,
    strategy: MergeStrategy,
    claimed: Sequence[MergeLine],
    saved: Sequence[MergeLine],
    available: Mapping[int, int],
    max_quantity: int,
    max_lines: int,
) -> tuple[dict[int, int], list[Conflict]]:
    """The units by variant that a cart has once the saved cart is merged into it, and what the buyer is told.

    Lines of the claimed cart come first, then those of the saved one in their order, until there are
    `max_lines`. A line that the saved cart has a part in gets at most `max_quantity` and what is
    `available` of its variant, which is nothing for a variant that is not for sale; of what is sold out the
    line stays, never with more units than one of the carts had, for the buyer to see.
    """
    here = {line.variant_id: line for line in claimed}
    quantities = {line.variant_id: line.quantity for line in claimed}
    conflicts = []
    for line in saved:
        own = here.get(line.variant_id)
        if own is None and len(quantities) >= max_lines:
            conflicts.append(Conflict(line.variant_id, 0, line.quantity, ConflictCode.TOO_MANY_LINES))
            continue
        if own is not None and strategy is MergeStrategy.KEEP_BOTH:
            if own.quantity != line.quantity:
                conflicts.append(Conflict(line.variant_id, own.quantity, line.quantity, ConflictCode.BOTH_CARTS))
            continue
        wanted = line.quantity if own is None else _wanted(strategy, own, line)
        units = available.get(line.variant_id, 0)
        if units <= 0:
            units = max(line.quantity, own.quantity if own else 0)
        quantity = min(wanted, units, max_quantity)
        quantities[line.variant_id] = quantity
        if quantity < wanted:
            code = ConflictCode.TOO_MANY_UNITS if quantity < units else ConflictCode.INSUFFICIENT_STOCK
            conflicts.append(Conflict(line.variant_id, quantity, wanted, code))
    return quantities, conflicts


def _wanted(strategy: MergeStrategy, own: MergeLine, saved: MergeLine) -> int:
    """The units that the strategy wants of a variant in both carts, before stock and limits have their say."""
    if strategy is MergeStrategy.SUM:
        return own.quantity + saved.quantity
    if strategy is MergeStrategy.LARGER:
        return max(own.quantity, saved.quantity)
    return saved.quantity if saved.updated_at > own.updated_at else own.quantity
