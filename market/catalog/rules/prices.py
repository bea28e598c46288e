"""Prices: what contradicts itself, when one is told anew, and the bands that they are counted in."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from core.errors import FieldError
from core.money import round_money

HIGHEST_PRICE = Decimal("99999999.99")
# What a price was is told so far back.
TOLD_BACK = timedelta(days=730)
# The bands begin at these prices.
PRICE_BANDS = tuple(map(Decimal, ("0.00", "5.00", "10.00", "20.00", "50.00", "100.00", "200.00", "500.00")))


def price_problems(*, price: Decimal, compare_at_price: Decimal | None, cost: Decimal | None) -> list[FieldError]:
    """What is wrong with the prices of a variant, field by field."""
    problems = [
        FieldError(field, "min_value", "Give an amount of zero or more.")
        for field, amount in (("price", price), ("cost", cost))
        if amount is not None and amount < 0
    ]
    if compare_at_price is not None and compare_at_price < price:
        problems.append(FieldError("compare_at_price", "below_price", "Give no less than the price."))
    return problems


@dataclass(frozen=True, slots=True)
class ToldPrice:
    """A price, and the higher one that is struck through beside it, if any."""

    price: Decimal
    compare_at_price: Decimal | None

    def is_told_anew(self, before: "ToldPrice") -> bool:
        """Whether the price differs, or more is struck through beside it than before: another reduction."""
        if self.price != before.price:
            return True
        return (self.compare_at_price or self.price) > (before.compare_at_price or before.price)


def repriced(price: Decimal, *, percent: Decimal) -> Decimal:
    """The price changed by so many percent (10 raises by a tenth, -10 lowers by one), to the cent."""
    return round_money(price * (100 + percent) / 100)


def price_band(price: Decimal) -> int:
    """The place of the band of `PRICE_BANDS` that a price lies in."""
    return bisect_right(PRICE_BANDS, price) - 1


def band_bounds(band: int) -> tuple[Decimal, Decimal | None]:
    """The lowest and the highest price of a band, both included; the last one has no highest."""
    is_last = band + 1 == len(PRICE_BANDS)
    return PRICE_BANDS[band], None if is_last else PRICE_BANDS[band + 1] - Decimal("0.01")
