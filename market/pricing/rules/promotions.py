"""A promotion as the engine knows it: what it gives, on which goods, to whom, when and how often."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import IntEnum, StrEnum
from functools import cached_property

from core.money import ZERO

HUNDRED = Decimal(100)


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


@dataclass(frozen=True, slots=True)
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

    @property
    def is_everything(self) -> bool:
        return not (self.products or self.collections or self.categories or self.attributes)


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
    refused does not hear of it, unless he entered one of its codes. The one that is not `stackable` goes
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
    codes: tuple[str, ...] = ()  # the few that are known without looking; bulk codes come resolved
    usage_limit: int | None = None
    usage_limit_per_customer: int | None = None
    usage_limit_per_order: int | None = None  # units, sets or gifts that it is given for in one order
    max_discount: Decimal | None = None
    budget: Decimal | None = None

    @cached_property
    def stage(self) -> Stage:
        """Line promotions are those on some goods, and those that count units."""
        if self.kind is Kind.FREE_SHIPPING:
            return Stage.SHIPPING
        if self.kind is Kind.GIFT:
            return Stage.CART
        counts_units = self.kind in (Kind.FIXED_PRICE, Kind.BUY_X_GET_Y) or self.is_per_unit
        return Stage.LINE if counts_units or not self.goods.is_everything else Stage.CART

    @cached_property
    def place(self) -> tuple[int, int, int]:
        """Where it stands in the order of application."""
        return self.stage, self.priority, self.id
