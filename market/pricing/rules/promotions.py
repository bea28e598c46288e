"""A promotion as the engine knows it: what it gives, on which goods, to whom, when and how often."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import IntEnum, StrEnum
from functools import cached_property
from typing import Any

from core.money import ZERO

HUNDRED_PERCENT = 100
# Above everything that the database holds as an amount.
NO_PRICE = Decimal(10) ** 12
# What an integer of the database holds.
MOST = 2**31 - 1
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# What a line is among: ("product", 7), ("category", 3), ("collection", 2), ("attribute", "color=red").
Name = tuple[str, int | str]


class Kind(StrEnum):
    """What a promotion gives. `value` and the counts mean something else for each."""

    PERCENTAGE = "percentage"  # `value` percent off its goods
    FIXED_AMOUNT = "fixed_amount"  # `value` off its goods together, or off each unit with `is_per_unit`
    FIXED_PRICE = "fixed_price"  # each unit costs `value`; with `buy_quantity`, so many units together
    BUY_X_GET_Y = "buy_x_get_y"  # with `buy_quantity` units, `get_quantity` more for `value` percent less
    SPEND_THRESHOLD = "spend_threshold"  # the highest of `thresholds` that is reached
    FREE_SHIPPING = "free_shipping"  # `value` means nothing
    GIFT = "gift"  # `get_quantity` units of `gift_variant` for nothing; with `buy_quantity`, for each so many units


class Stage(IntEnum):
    """When a promotion applies: those on some of the goods, those on the cart, those on shipping."""

    LINE = 1
    CART = 2
    SHIPPING = 3


class Ask(StrEnum):
    """What a promotion may ask for."""

    CODE = "code"
    INVITATION = "invitation"
    PERIOD = "period"
    CLOCK = "clock"
    LIMITS = "limits"
    CUSTOMER = "customer"
    COUNTRY = "country"
    GOODS = "goods"
    MINIMUM = "minimum"
    KIND = "kind"


@dataclass(frozen=True)
class Goods:
    """Some of the goods; without any condition, all of them.

    A line is among them when its product, one of its collections, or one of its categories (with all
    above it) is named, or none is named at all, and when it has one value of each attribute that
    `attributes` names. These are tokens, `color=red`; tokens of one attribute are alternatives.
    """

    products: tuple[int, ...] = ()
    collections: tuple[int, ...] = ()
    categories: tuple[int, ...] = ()
    attributes: tuple[str, ...] = ()

    @cached_property
    def is_everything(self) -> bool:
        return not (self.products or self.collections or self.categories or self.attributes)

    @cached_property
    def names(self) -> frozenset[Name]:
        """The products, collections and categories of which one is enough."""
        kinds = (("product", self.products), ("collection", self.collections), ("category", self.categories))
        return frozenset((kind, id_) for kind, ids in kinds for id_ in ids)

    @cached_property
    def alternatives(self) -> tuple[frozenset[Name], ...]:
        """The tokens attribute by attribute: of each set one is needed."""
        by_code: dict[str, set[Name]] = {}
        for token in self.attributes:
            by_code.setdefault(token.partition("=")[0], set()).add(("attribute", token))
        return tuple(frozenset(tokens) for tokens in by_code.values())

    @cached_property
    def _hash(self) -> int:
        return hash((self.products, self.collections, self.categories, self.attributes))

    def __hash__(self) -> int:
        """Worked out once: it is asked for in every quote."""
        return self._hash


@dataclass(frozen=True, slots=True)
class Threshold:
    """A step of `spend_threshold`: from `min_subtotal`, or `min_quantity` units, on there is a percentage or
    an amount off. One of the first two is given, and one of the last two."""

    min_subtotal: Decimal | None = None
    min_quantity: int | None = None
    percent: Decimal | None = None
    amount: Decimal | None = None


@dataclass(frozen=True)
class PromotionInput:
    """One version of a promotion. All but the first three have the meaning of "not limited".

    `version` is that of the row, told in the trace and kept with the order. Without `is_public` who is
    refused does not hear of it, unless he entered one of its codes. One that is not `stackable` goes
    with no other; of one `exclusive_group` one applies. It is one object as long as its version lives:
    what follows from it is worked out once.
    """

    id: int
    kind: Kind
    value: Decimal = ZERO
    label: str = ""
    version: int = 1
    priority: int = 0
    is_public: bool = True
    stackable: bool = True
    exclusive_group: str = ""

    goods: Goods = field(default_factory=Goods)
    buy_quantity: int = 0
    get_quantity: int = 0
    get_goods: Goods | None = None
    is_per_unit: bool = False
    thresholds: tuple[Threshold, ...] = ()
    gift_variant: int | None = None

    min_subtotal: Decimal | None = None
    min_quantity: int | None = None
    tiers: tuple[str, ...] = ()
    first_order_only: bool = False
    customer_lists: tuple[int, ...] = ()
    countries: tuple[str, ...] = ()
    weekdays: tuple[int, ...] = ()  # 1 (Monday) to 7, in the quote's time zone
    from_hour: int = 0
    until_hour: int = 24  # not included; before `from_hour` it is the one of the next morning
    starts_at: datetime | None = None
    ends_at: datetime | None = None  # not included

    requires_coupon: bool = False
    usage_limit: int | None = None
    usage_limit_per_customer: int | None = None
    usage_limit_per_order: int | None = None  # units, sets or gifts that it is given for in one order
    max_discount: Decimal | None = None
    budget: Decimal | None = None

    @cached_property
    def stage(self) -> Stage:
        """Line promotions are those on some goods, and those whose kind gives something for units."""
        if self.kind is Kind.FREE_SHIPPING:
            return Stage.SHIPPING
        if self.kind is Kind.GIFT:
            return Stage.CART
        is_by_unit = self.kind in (Kind.FIXED_PRICE, Kind.BUY_X_GET_Y) or self.is_per_unit
        return Stage.LINE if is_by_unit or not self.goods.is_everything else Stage.CART

    @cached_property
    def place(self) -> tuple[int, int, int]:
        """Where it stands in the order of application."""
        return self.stage, self.priority, self.id

    @cached_property
    def part(self) -> tuple[int, int] | None:
        """The part of the price that it takes off, for the kinds whose value is a percentage."""
        return percent_ratio(self.value) if self.kind in (Kind.PERCENTAGE, Kind.BUY_X_GET_Y) else None

    @cached_property
    def counts_units(self) -> bool:
        """Whether it is given unit by unit, so that a limit per order can end it."""
        return self.kind in (Kind.PERCENTAGE, Kind.FIXED_PRICE) or self.is_per_unit

    @cached_property
    def is_plain(self) -> bool:
        """Whether it is given for all units of its goods, and nothing ends it within an order."""
        bounds = (self.usage_limit_per_order, self.max_discount, self.budget)
        return self.kind in (Kind.PERCENTAGE, Kind.FIXED_AMOUNT) and bounds == (None, None, None)

    @cached_property
    def name(self) -> str:
        """What people call it."""
        return self.label or f"promotion {self.id}"

    @cached_property
    def is_limited(self) -> bool:
        """Whether it matters how often it was used."""
        return not (self.usage_limit is None and self.usage_limit_per_customer is None and self.budget is None)

    @cached_property
    def is_all_day(self) -> bool:
        return (self.from_hour, self.until_hour) == (0, 24)

    @cached_property
    def weekday_names(self) -> str:
        return ", ".join(WEEKDAYS[day - 1] for day in sorted(self.weekdays))

    @cached_property
    def told(self) -> dict[str, Any]:
        """What every step of a trace tells of it."""
        return {
            "step": "promotion",
            "promotion": self.id,
            "version": self.version,
            "label": self.label,
            "kind": self.kind.value,
            "stage": self.stage.name.lower(),
            "is_public": self.is_public,
        }

    @cached_property
    def memo(self) -> dict[str, Any]:
        """What others worked out of it once: its document, and steps of traces that say the same each time."""
        return {}

    @cached_property
    def asks(self) -> tuple[Ask, ...]:
        """What it asks for, in the order in which a buyer is told: what he cannot mend comes first."""
        asked = {
            Ask.CODE: self.requires_coupon,
            Ask.INVITATION: bool(self.customer_lists),
            Ask.PERIOD: self.starts_at is not None or self.ends_at is not None,
            Ask.CLOCK: bool(self.weekdays) or not self.is_all_day,
            Ask.LIMITS: self.is_limited,
            Ask.CUSTOMER: bool(self.tiers or self.first_order_only),
            Ask.COUNTRY: bool(self.countries),
            Ask.GOODS: True,
            Ask.MINIMUM: self.min_quantity is not None or self.min_subtotal is not None,
            Ask.KIND: self.kind not in (Kind.PERCENTAGE, Kind.FIXED_AMOUNT),
        }
        return tuple(ask for ask, is_asked in asked.items() if is_asked)

    @cached_property
    def asks_for_moment(self) -> bool:
        return Ask.PERIOD in self.asks or Ask.CLOCK in self.asks

    @cached_property
    def problem(self) -> str:
        """What makes no sense in it: the field and why; empty if all does."""
        return next(_problems(self), "")


def percent_ratio(percent: Decimal) -> tuple[int, int]:
    """So many percent as numerator and denominator."""
    numerator, denominator = percent.as_integer_ratio()
    return numerator, denominator * HUNDRED_PERCENT


def _problems(promotion: PromotionInput) -> Iterator[str]:
    yield from _bad_texts(promotion)
    yield from _bad_amounts(promotion)
    yield from _bad_counts(promotion)
    yield from _bad_times(promotion)
    kind = promotion.kind
    if kind in (Kind.PERCENTAGE, Kind.BUY_X_GET_Y) and not 0 <= promotion.value <= HUNDRED_PERCENT:
        yield "value: a percentage is 0 to 100"
    if kind is Kind.BUY_X_GET_Y and not (promotion.buy_quantity and promotion.get_quantity):
        yield "buy_quantity, get_quantity: both are at least one"
    if promotion.get_goods is not None and (kind is not Kind.BUY_X_GET_Y or promotion.get_goods.is_everything):
        yield "get_goods: some goods, of buy_x_get_y alone"
    if promotion.is_per_unit and kind is not Kind.FIXED_AMOUNT:
        yield "is_per_unit: of fixed_amount alone"
    if (kind is Kind.GIFT) != (promotion.gift_variant is not None):
        yield "gift_variant: a gift needs one, and nothing else has one"
    if (kind is Kind.SPEND_THRESHOLD) != bool(promotion.thresholds):
        yield "thresholds: spend_threshold needs steps, and nothing else has any"
    measures = {(step.min_subtotal is None, step.min_quantity is None) for step in promotion.thresholds}
    if measures - {(False, True)} and measures - {(True, False)}:
        yield "thresholds: all by min_subtotal or all by min_quantity"
    if any((step.percent is None) == (step.amount is None) for step in promotion.thresholds):
        yield "thresholds: each has either percent or amount"
    percents = [step.percent for step in promotion.thresholds if step.percent is not None]
    if any(not (percent.is_finite() and 0 <= percent <= HUNDRED_PERCENT) for percent in percents):
        yield "thresholds: a percentage is 0 to 100"


def _bad_texts(promotion: PromotionInput) -> Iterator[str]:
    texts = {name: getattr(promotion, name) for name in ("tiers", "countries")}
    texts |= {name: (getattr(promotion, name),) for name in ("label", "exclusive_group")}
    goods = {"goods": promotion.goods, "get_goods": promotion.get_goods or Goods()}
    texts |= {f"{name}.attributes": some.attributes for name, some in goods.items()}
    for name, parts in texts.items():
        if not all(map(is_storable, parts)):
            yield f"{name}: a character that no text has"


def _bad_amounts(promotion: PromotionInput) -> Iterator[str]:
    if not promotion.value.is_finite():
        yield "value: not a number"
    amounts = {name: getattr(promotion, name) for name in ("max_discount", "min_subtotal", "budget")}
    if promotion.kind in (Kind.FIXED_AMOUNT, Kind.FIXED_PRICE):
        amounts["value"] = promotion.value
    for step in promotion.thresholds:
        amounts |= {"thresholds min_subtotal": step.min_subtotal, "thresholds amount": step.amount}
    for name, amount in amounts.items():
        if amount is not None and not is_price(amount):
            yield f"{name}: negative or no whole number of cents"


def _bad_counts(promotion: PromotionInput) -> Iterator[str]:
    limits = ("min_quantity", "usage_limit", "usage_limit_per_customer", "usage_limit_per_order")
    for name in ("buy_quantity", "get_quantity", *limits):
        count = getattr(promotion, name)
        if count is not None and not is_count(count):
            yield f"{name}: no count"
    if any(step.min_quantity is not None and not is_count(step.min_quantity) for step in promotion.thresholds):
        yield "thresholds min_quantity: no count"
    if promotion.usage_limit_per_order == 0:
        yield "usage_limit_per_order: below one"


def _bad_times(promotion: PromotionInput) -> Iterator[str]:
    for name in ("starts_at", "ends_at"):
        moment = getattr(promotion, name)
        if moment is not None and moment.tzinfo is None:
            yield f"{name}: without a time zone"
    if any(day not in range(1, 8) for day in promotion.weekdays):
        yield "weekdays: 1 (Monday) to 7 (Sunday)"
    if promotion.from_hour not in range(24) or promotion.until_hour not in range(1, 25):
        yield "from_hour, until_hour: 0 to 23 and 1 to 24"
    elif promotion.from_hour == promotion.until_hour:
        yield "from_hour, until_hour: the same"


def is_storable(text: str) -> bool:
    """Whether a database can keep it: it has no NUL character and no half of a surrogate pair."""
    return "\0" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def is_count(count: int) -> bool:
    """Whether it is a number of units or uses."""
    return type(count) is int and 0 <= count <= MOST


def is_price(amount: Decimal) -> bool:
    """Whether it is an amount that something can cost: whole cents, however it is written."""
    if not (amount.is_finite() and 0 <= amount < NO_PRICE):
        return False
    numerator, denominator = amount.as_integer_ratio()
    return numerator * 100 % denominator == 0
