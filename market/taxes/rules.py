"""Which rate is due on which class of goods where: pure, no queries."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from core.money import ZERO

STANDARD_CLASS = "standard"
TAX_CLASS_LENGTH = 32


@dataclass(frozen=True, slots=True)
class Rate:
    """The share (0-1) of tax on a class of goods; an empty region is the whole country, an empty country everywhere
    that has no rate of its own."""

    tax_class: str
    country: str
    region: str
    share: Decimal


def rate_for(*, rates: Iterable[Rate], tax_class: str, country: str, region: str = "") -> Decimal:
    """The share due: of the region, else of the country, else of everywhere else.

    A class that has none of them is taxed as standard goods, and nothing at all without a rate for those.
    """
    found: dict[str, tuple[int, Decimal]] = {}
    for rate in rates:
        if rate.tax_class in {tax_class, STANDARD_CLASS} and (exactness := _exactness(rate, country, region)):
            found[rate.tax_class] = max(found.get(rate.tax_class, (0, ZERO)), (exactness, rate.share))
    return found.get(tax_class, found.get(STANDARD_CLASS, (0, ZERO)))[1]


def _exactness(rate: Rate, country: str, region: str) -> int:
    """0 for a rate of another place, and more the more exactly it names this one."""
    if not rate.country:
        return 1
    if rate.country != country:
        return 0
    if not rate.region:
        return 2
    return 3 if rate.region.casefold() == region.strip().casefold() else 0
