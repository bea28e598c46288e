"""Where a parcel can go, by which methods and at what price: pure, no queries.

A zone is a set of areas: countries, regions of a country, or postal codes in it. Of all areas that a
destination lies in the most exact one tells its zone: a postal pattern before a region, a region before a
country, a country before everywhere else.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from core.money import ZERO

GRAMS_PER_KILOGRAM = 1000
MAX_AREAS = 500
MAX_STEPS = 100
_PATTERN = re.compile(r"^[A-Z0-9]+(\*|\.\.[A-Z0-9]+)?$")


class PriceKind(StrEnum):
    """What the price of a method depends on."""

    FLAT = "flat"
    BY_WEIGHT = "by_weight"
    BY_SUBTOTAL = "by_subtotal"


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a parcel goes. `country` is an ISO 3166 code; the others are as buyers write them."""

    country: str
    region: str = ""
    postal_code: str = ""


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is sent: the undiscounted price of the goods, and their weight."""

    subtotal: Decimal
    weight_grams: int


@dataclass(frozen=True, slots=True)
class Area:
    """A part of a zone; an empty country is everywhere, without a region or patterns it is the whole country."""

    country: str = ""
    region: str = ""
    postal_patterns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Zone:
    """Areas that are priced alike."""

    id: int
    position: int
    areas: tuple[Area, ...]


@dataclass(frozen=True, slots=True)
class Method:
    """A way to send. `zone_ids` empty is everywhere; `steps` are (from grams or from money, price), rising."""

    code: str
    label: str
    kind: PriceKind
    price: Decimal
    delivery_days: int
    delivery_days_most: int
    zone_ids: frozenset[int] = frozenset()
    steps: tuple[tuple[Decimal, Decimal], ...] = ()
    free_over: Decimal | None = None
    max_weight_grams: int | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a method cannot be had: a stable code, and a sentence for the buyer."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Option:
    """A method for one parcel and destination: its price, or why it cannot be had."""

    method: Method
    price: Decimal | None
    refusal: Refusal | None


def options(
    *, methods: Iterable[Method], zones: Sequence[Zone], destination: Destination, parcel: Parcel
) -> list[Option]:
    """What each method would cost, in the order of the methods; those that cannot be had say why."""
    zone = zone_of(zones=zones, destination=destination)
    return [_option(method, zone=zone, destination=destination, parcel=parcel) for method in methods]


def zone_of(*, zones: Sequence[Zone], destination: Destination) -> Zone | None:
    """The zone of the destination: that of the most exact area, then the lowest position, then the lowest id."""
    found = [
        (-exactness, zone.position, zone.id, zone)
        for zone in zones
        if (exactness := max((_exactness(area, destination) for area in zone.areas), default=0))
    ]
    return min(found)[-1] if found else None


def price_of(method: Method, parcel: Parcel) -> Decimal:
    """The price of a parcel that the method takes. At `free_over` or more it is free."""
    if method.free_over is not None and parcel.subtotal >= method.free_over:
        return ZERO
    if method.kind == PriceKind.FLAT:
        return method.price
    measure = parcel.weight_grams if method.kind == PriceKind.BY_WEIGHT else parcel.subtotal
    return max((step for step in method.steps if step[0] <= measure), default=(ZERO, method.price))[1]


def patterns_of(text: str) -> tuple[str, ...]:
    """The patterns that staff wrote with commas between."""
    return tuple(filter(None, (part.strip() for part in text.split(","))))


def same_area(*, country: str, region: str, postal_patterns: str) -> tuple[str, ...]:
    """What two areas share that are one: case makes no difference, nor do spaces in postal codes."""
    return country, region.casefold(), *sorted(_normal(pattern) for pattern in patterns_of(postal_patterns))


def is_postal_pattern(text: str) -> bool:
    """Whether it is a code (`BT1 1AA`), a beginning (`BT*`) or a range of beginnings (`20000..20999`)."""
    pattern = _normal(text)
    if not _PATTERN.match(pattern):
        return False
    first, _, last = pattern.partition("..")
    return not last or (len(first) == len(last) and first <= last)


def postal_code_matches(*, pattern: str, postal_code: str) -> bool:
    """Whether the code is of the pattern; case, spaces and hyphens make no difference."""
    code, pattern = _normal(postal_code), _normal(pattern)
    if pattern.endswith("*"):
        return code.startswith(pattern[:-1])
    first, _, last = pattern.partition("..")
    if last:
        return len(code) >= len(first) and first <= code[: len(first)] <= last
    return code == pattern


def _exactness(area: Area, destination: Destination) -> int:
    """0 for an area that the destination is not in, and more the more exactly it is told."""
    if not area.country:
        return 1
    if area.country != destination.country:
        return 0
    if area.region and area.region.casefold() != destination.region.strip().casefold():
        return 0
    if area.postal_patterns:
        if not any(
            postal_code_matches(pattern=pattern, postal_code=destination.postal_code)
            for pattern in area.postal_patterns
        ):
            return 0
        return 5 if area.region else 4
    return 3 if area.region else 2


def _option(method: Method, *, zone: Zone | None, destination: Destination, parcel: Parcel) -> Option:
    if method.zone_ids and (zone is None or zone.id not in method.zone_ids):
        place = " ".join(filter(None, (destination.country, destination.postal_code)))
        return Option(method, None, Refusal("not_sent_there", f"{method.label} is not sent to {place}."))
    if method.max_weight_grams is not None and parcel.weight_grams > method.max_weight_grams:
        message = (
            f"{method.label} takes {_kilograms(method.max_weight_grams)} kg at most;"
            f" this weighs {_kilograms(parcel.weight_grams)} kg."
        )
        return Option(method, None, Refusal("too_heavy", message))
    return Option(method, price_of(method, parcel), None)


def _normal(text: str) -> str:
    return re.sub(r"[\s-]", "", text).upper()


def _kilograms(grams: int) -> str:
    return f"{Decimal(grams) / GRAMS_PER_KILOGRAM:f}"
