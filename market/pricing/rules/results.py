"""What a quote answers."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any

Step = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Discount:
    """An amount off. `target` is `merchandise` or `shipping`; the benefit of a tier has no promotion."""

    promotion: int | None
    label: str
    amount: Decimal
    target: str


@dataclass(frozen=True, slots=True)
class QuotedLine:
    """A priced line. `line_total` is after discounts, with tax if prices have it.

    `quantity` is the bought units and those given away, whose price is in `discount_total`.
    """

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
class GiftLine:
    """Units that a promotion gives away; they are among those of the line of their variant."""

    promotion: int
    variant_id: int
    quantity: int


@dataclass(frozen=True, slots=True)
class PromotionApplied:
    """A use of a promotion for checkout to take: by which code, and what it gave."""

    promotion: int
    version: int
    code: str
    amount: Decimal


@dataclass(frozen=True)
class Quote:
    """A priced cart: a value, never stored. Lines are in the order of their variant ids.

    While `is_estimate`, shipping and tax are unknown (None) and not in `grand_total`.
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
    gifts: tuple[GiftLine, ...]
    tell_uses: Callable[[], Iterable[PromotionApplied]] = field(repr=False, compare=False)
    tell: Callable[["Quote"], list[Step]] = field(repr=False, compare=False)

    @cached_property
    def applied(self) -> tuple[PromotionApplied, ...]:
        """The uses that checkout takes; a cart that is looked at takes none."""
        return tuple(self.tell_uses())

    @cached_property
    def trace(self) -> tuple[Step, ...]:
        """One JSON object per step, in the order of the computation, amounts as strings.

        Written down when it is asked for: most carts are read by people who do not ask.
        """
        return tuple(self.tell(self))
