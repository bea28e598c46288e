"""What a promotion takes off which line, in whole cents.

A cut looks at what is left of each line. Everything else, such as which units are the cheapest, is decided
on undiscounted prices, and a line that costs less never ends up costing more: so a further discount before
or after never makes the cart dearer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from core.money import round_cents, share_cents, to_cents
from market.pricing.rules.basket import Basket
from market.pricing.rules.conditions import Situation, gift_units, reached_step
from market.pricing.rules.promotions import HUNDRED_PERCENT, Kind, PromotionInput, Stage

Cents = Fraction | int


@dataclass(slots=True)
class Remaining:
    """What is left to pay for each line and for shipping (None while unknown), and of each gift to give."""

    lines: list[int]
    shipping: int | None
    gifts: dict[int, int]

    def copy(self) -> "Remaining":
        return Remaining(list(self.lines), self.shipping, dict(self.gifts))


@dataclass(frozen=True, slots=True)
class Cut:
    """What one promotion takes off: `shares` are (place of the line, cents), `exact` the cents before rounding.

    A gift takes nothing off what was bought: `gift_units` of it are worth `gift_amount` together.
    """

    amount: int
    shares: tuple[tuple[int, int], ...] = ()
    exact: Cents = 0
    gift_units: int = 0
    gift_amount: int = 0

    @property
    def is_nothing(self) -> bool:
        return not self.amount and not self.gift_units


NOTHING = Cut(0)


@dataclass(frozen=True)
class Offer:
    """A promotion that may be given for this cart, with all that does not depend on other promotions."""

    promotion: PromotionInput
    situation: Situation

    @property
    def basket(self) -> Basket:
        return self.situation.basket

    @cached_property
    def alone(self) -> Cut:
        """What it would give if it were the only one."""
        return self.cut(untouched(self.situation))

    @cached_property
    def cap(self) -> int | None:
        """The most that it may give: by the order, and by what is left of its budget."""
        limits = []
        if self.promotion.max_discount is not None:
            limits.append(to_cents(self.promotion.max_discount))
        if self.promotion.budget is not None:
            spent = self.situation.uses_of(self.promotion).amount
            limits.append(to_cents(self.promotion.budget - spent))
        return min(limits, default=None)

    @cached_property
    def places(self) -> tuple[int, ...]:
        """The lines that it takes something off."""
        return tuple(self.units)

    @cached_property
    def units(self) -> dict[int, int]:
        """How many units of each line it is given for, by the place of the line."""
        promotion, basket = self.promotion, self.basket
        if promotion.kind is Kind.BUY_X_GET_Y:
            return units_to_get(promotion, basket)
        places = basket.places_of(promotion.goods)
        if promotion.kind is Kind.FIXED_PRICE and promotion.buy_quantity:
            return units_in_sets(promotion, basket)
        limit = promotion.usage_limit_per_order
        if limit is None or promotion.kind not in (Kind.PERCENTAGE, Kind.FIXED_PRICE, Kind.FIXED_AMOUNT):
            return {place: basket.quantities[place] for place in places}
        return first_units(basket, basket.dearest_first(places), limit)

    @cached_property
    def prices(self) -> dict[int, int]:
        """What `fixed_price` makes the units of each line cost together."""
        promotion, basket = self.promotion, self.basket
        value = to_cents(promotion.value)
        if not promotion.buy_quantity:
            return {place: value * units for place, units in self.units.items()}
        sets = sum(self.units.values()) // promotion.buy_quantity
        weights = [basket.unit_prices[place] * units for place, units in self.units.items()]
        return dict(zip(self.places, share_cents(total=sets * value, weights=weights), strict=True))

    @cached_property
    def percent(self) -> Fraction | None:
        """The part of the price that it takes off, if it is one that takes a part."""
        if self.promotion.kind is Kind.SPEND_THRESHOLD:
            step = reached_step(self.promotion, self.basket)
            return None if step.percent is None else Fraction(step.percent) / HUNDRED_PERCENT
        return self.promotion.share

    @cached_property
    def amount(self) -> int:
        """What it takes off once, or off each unit, if it is one that takes an amount."""
        if self.promotion.kind is Kind.SPEND_THRESHOLD:
            return to_cents(reached_step(self.promotion, self.basket).amount)
        return to_cents(self.promotion.value)

    def cut(self, remaining: Remaining) -> Cut:
        """What it takes off what is left."""
        promotion = self.promotion
        if promotion.stage is Stage.SHIPPING:
            amount = remaining.shipping or 0
            return Cut(amount if self.cap is None else min(amount, self.cap), exact=amount)
        if promotion.kind is Kind.GIFT:
            return self._gift(remaining)
        if promotion.kind is Kind.FIXED_PRICE:
            return self._each(remaining, [self._above_price(place, remaining) for place in self.places])
        if self.percent is not None:
            return self._percentage(remaining, self.percent)
        if promotion.is_per_unit:
            return self._each(remaining, [self._off_units(place, remaining) for place in self.places])
        weights = [remaining.lines[place] for place in self.places]
        return self._shared(remaining, exact=min(self.amount, sum(weights)), weights=weights)

    def _percentage(self, remaining: Remaining, percent: Fraction) -> Cut:
        quantities = self.basket.quantities
        weights: list[Cents] = [
            remaining.lines[place]
            if units == quantities[place]
            else Fraction(remaining.lines[place] * units, quantities[place])
            for place, units in self.units.items()
        ]
        return self._shared(remaining, exact=sum(weights) * percent, weights=weights)

    def _each(self, remaining: Remaining, amounts: list[int]) -> Cut:
        """Line by line so much, less where the cap does not allow for all of it."""
        return self._shared(remaining, exact=sum(amounts), weights=amounts)

    def _above_price(self, place: int, remaining: Remaining) -> int:
        return max(self._left_of_units(place, remaining) - self.prices[place], 0)

    def _off_units(self, place: int, remaining: Remaining) -> int:
        return min(self._left_of_units(place, remaining), self.units[place] * self.amount)

    def _left_of_units(self, place: int, remaining: Remaining) -> int:
        """The part of what is left of the line that is for the units it is given for, cut to the cent."""
        return remaining.lines[place] * self.units[place] // self.basket.quantities[place]

    def _shared(self, remaining: Remaining, *, exact: Cents, weights: Sequence[Cents]) -> Cut:
        amount = round_cents(exact)
        if self.cap is not None and amount > self.cap:
            amount = self.cap
        if amount <= 0:
            return Cut(0, exact=exact)
        shares = share_cents(total=amount, weights=weights)
        left = [remaining.lines[place] for place in self.places]
        shares = within(shares, left)
        return Cut(
            sum(shares), tuple((place, cents) for place, cents in zip(self.places, shares, strict=True) if cents), exact
        )

    def _gift(self, remaining: Remaining) -> Cut:
        variant_id = self.promotion.gift_variant
        units = gift_units(self.promotion, self.basket)
        amount = units * self.gift_price
        if remaining.gifts.get(variant_id, 0) < units or (self.cap is not None and amount > self.cap):
            return NOTHING
        return Cut(0, exact=amount, gift_units=units, gift_amount=amount)

    @property
    def gift_price(self) -> int:
        """What a unit of the gift costs who buys it: in the cart already, what it costs there."""
        variant_id = self.promotion.gift_variant
        place = self.situation.place_of.get(variant_id)
        if place is not None:
            return self.basket.unit_prices[place]
        return to_cents(self.situation.gifts[variant_id].unit_price)


def untouched(situation: Situation) -> Remaining:
    """What is to pay before any promotion."""
    bought = situation.bought
    return Remaining(
        lines=list(situation.basket.amounts),
        shipping=situation.shipping,
        gifts={id_: gift.available - bought.get(id_, 0) for id_, gift in situation.gifts.items()},
    )


def take(remaining: Remaining, offer: Offer, cut: Cut) -> None:
    """Take the cut off what is left."""
    for place, cents in cut.shares:
        remaining.lines[place] -= cents
    if offer.promotion.stage is Stage.SHIPPING:
        remaining.shipping -= cut.amount
    if cut.gift_units:
        remaining.gifts[offer.promotion.gift_variant] -= cut.gift_units


def within(shares: list[int], left: list[int]) -> list[int]:
    """The shares, none above what is left of its line; a cent that is too much goes to the first that has room.

    Only half cents of some of a line's units can make it necessary.
    """
    surplus = 0
    for position, share in enumerate(shares):
        if share > left[position]:
            surplus += share - left[position]
            shares[position] = left[position]
    for position, share in enumerate(shares):
        if not surplus:
            break
        moved = min(surplus, left[position] - share)
        shares[position] += moved
        surplus -= moved
    return shares


def first_units(basket: Basket, ordered: Sequence[int], limit: int) -> dict[int, int]:
    """The first so many units of the lines in this order, by the places of the lines in their own order."""
    taken = {}
    for place in ordered:
        units = min(basket.quantities[place], limit)
        if units:
            taken[place] = units
            limit -= units
    return dict(sorted(taken.items()))


def units_to_get(promotion: PromotionInput, basket: Basket) -> dict[int, int]:
    """The units that `buy_x_get_y` makes cheaper: the cheapest, of equal prices those of the lower variant id.

    Out of one set of goods, each `buy_quantity` units at full price bring up to `get_quantity` others.
    With `get_goods` these come out of there, and no unit is both bought and got.
    """
    bought = basket.places_of(promotion.goods)
    got = bought if promotion.get_goods is None else basket.places_of(promotion.get_goods)
    cheapest = sorted(got, key=lambda place: (basket.unit_prices[place], place))
    buy, get = promotion.buy_quantity, promotion.get_quantity
    limit = promotion.usage_limit_per_order
    if promotion.get_goods is None:
        sets, rest = divmod(basket.units_at(bought), buy + get)
        count = sets * get + max(rest - buy, 0)
        return first_units(basket, cheapest, count if limit is None else min(count, limit * get))
    both = frozenset(bought) & frozenset(got)
    most = basket.units_at(bought) // buy * get
    if limit is not None:
        most = min(most, limit * get)
    count = 0
    low, high = 1, min(most, basket.units_at(got))
    while low <= high:
        middle = (low + high) // 2
        taken = first_units(basket, cheapest, middle)
        paid = basket.units_at(bought) - sum(units for place, units in taken.items() if place in both)
        if paid // buy * get >= middle:
            count, low = middle, middle + 1
        else:
            high = middle - 1
    return first_units(basket, cheapest, count)


def units_in_sets(promotion: PromotionInput, basket: Basket) -> dict[int, int]:
    """The units that go into sets of `buy_quantity` for a fixed price: the dearest first, whole sets only,
    and none that costs no more without."""
    size, value = promotion.buy_quantity, to_cents(promotion.value)
    ordered = basket.dearest_first(basket.places_of(promotion.goods))
    left = [basket.quantities[place] for place in ordered]
    sets, first = 0, 0
    limit = promotion.usage_limit_per_order
    while first < len(ordered) and (limit is None or sets < limit):
        count, price = left[first] // size, basket.unit_prices[ordered[first]] * size
        if not count:  # a set out of several lines
            count, price, missing, position = 1, 0, size, first
            while missing and position < len(ordered):
                units = min(missing, left[position])
                price += units * basket.unit_prices[ordered[position]]
                missing -= units
                position += 1
            if missing:
                break
        if price <= value:
            break
        if limit is not None:
            count = min(count, limit - sets)
        sets += count
        used = count * size
        while used:
            units = min(used, left[first])
            left[first] -= units
            used -= units
            if not left[first]:
                first += 1
    return first_units(basket, ordered, sets * size)
