"""What a promotion takes off which line, in whole cents.

A cut looks at what is left of each line. Everything else, such as which units are the cheapest, is decided
on undiscounted prices, and a line that costs less never ends up costing more: so a further discount before
or after never makes the cart dearer.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fractions import Fraction
from operator import sub

from core.money import round_cents, share_cents, to_cents
from market.pricing.rules.basket import Basket
from market.pricing.rules.conditions import Situation, gift_units, reached_step
from market.pricing.rules.promotions import Kind, PromotionInput, Stage, Threshold, percent_ratio

Cents = Fraction | int


@dataclass(slots=True)
class Remaining:
    """What is left to pay for each line and for shipping (None while unknown), and of each gift to give."""

    lines: list[int]
    shipping: int | None
    gifts: dict[int, int]


@dataclass(slots=True)
class Cut:
    """What one promotion takes off together, at which places; `exact` is what `amount` was before rounding and
    limits, as numerator and denominator.

    A gift takes nothing off what was bought: `gift_units` of it are worth `gift_amount` together.
    """

    amount: int
    places: Sequence[int] = ()
    weights: Sequence[Cents] = ()
    exact: tuple[Cents, int] = (0, 1)
    gift_units: int = 0
    gift_amount: int = 0
    _shares: list[int] | None = None

    @property
    def is_nothing(self) -> bool:
        return not self.amount and not self.gift_units

    @property
    def shares(self) -> list[int]:
        """The cents off each of its places; shared when they are asked for, as most cuts are tries."""
        if self._shares is None:
            self._shares = share_cents(total=self.amount, weights=self.weights) if self.places else []
        return self._shares


class Offer:
    """A promotion that may be given for this cart, with all that does not depend on other promotions.

    `units` are how many of each line it is given for, at the `places` of the lines; `cap` is the most that it
    may give. `part` is the share of the price that it takes off, as numerator and denominator, or None.
    """

    __slots__ = ("_alone", "basket", "cap", "part", "places", "promotion", "situation", "units")

    def __init__(self, promotion: PromotionInput, situation: Situation) -> None:
        self.promotion = promotion
        self.situation = situation
        self.basket = situation.basket
        self.places: Sequence[int] = situation.basket.places_of(promotion.goods)
        self.units: Sequence[int] | None = None  # None: all of each line
        self.part = promotion.part
        self.cap: int | None = None
        self._alone: Cut | None = None
        if promotion.is_plain:
            return
        self.cap = _cap(promotion, situation)
        chosen = units_to_reduce(promotion, situation.basket)
        if chosen is not None:
            self.places, self.units = tuple(chosen), tuple(chosen.values())
        if promotion.kind is Kind.SPEND_THRESHOLD:
            percent = self.step.percent
            self.part = None if percent is None else percent_ratio(percent)

    @property
    def step(self) -> Threshold:
        """The step of `spend_threshold` that the cart reaches."""
        return reached_step(self.promotion, self.basket)

    @property
    def alone(self) -> Cut:
        """What it would give if it were the only one."""
        if self._alone is None:
            self._alone = self.cut(untouched(self.situation))
        return self._alone

    def beats(self, other: "Offer") -> bool:
        """Whether it takes at least as much off each line as the other, or is its equal, whatever is left of them: both
        take a part of the price of the same units, and no less of it is capped."""
        return (
            self.part is not None
            and other.part is not None
            and (self.places, self.units) == (other.places, other.units)
            and self.part[0] * other.part[1] >= other.part[0] * self.part[1]
            and (self.cap is None or (other.cap is not None and self.cap >= other.cap))
        )

    def cut(self, remaining: Remaining) -> Cut:
        """What it takes off what is left."""
        promotion = self.promotion
        if self.part is not None:
            return self._percentage(remaining)
        if promotion.stage is Stage.SHIPPING:
            amount = remaining.shipping or 0
            return Cut(amount if self.cap is None else min(amount, self.cap), exact=(amount, 1))
        if promotion.kind is Kind.GIFT:
            return self._gift(remaining)
        if promotion.kind is Kind.FIXED_PRICE:
            left = zip(self._left_of_units(remaining), self._prices(), strict=True)
            return self._each([max(cents - price, 0) for cents, price in left])
        if promotion.is_per_unit:
            left = zip(self._left_of_units(remaining), self._all_units(), strict=True)
            off = to_cents(promotion.value)
            return self._each([min(cents, units * off) for cents, units in left])
        value = promotion.value if promotion.kind is Kind.FIXED_AMOUNT else self.step.amount
        weights = self._left(remaining)
        return self._shared(min(to_cents(value), sum(weights)), 1, weights)

    def _percentage(self, remaining: Remaining) -> Cut:
        part, whole = self.part
        left = self._left(remaining)
        if self.units is None:
            return self._shared(sum(left) * part, whole, left)
        quantities = self.basket.quantities
        weights = [
            Fraction(cents * units, quantities[place])
            for cents, units, place in zip(left, self.units, self.places, strict=True)
        ]
        return self._shared(sum(weights) * part, whole, weights)

    def _each(self, amounts: list[int]) -> Cut:
        """Line by line so much, less where the cap does not allow for all of it."""
        return self._shared(sum(amounts), 1, amounts)

    def _shared(self, numerator: Cents, denominator: int, weights: Sequence[Cents]) -> Cut:
        """So much together, shared by the weights. No weight is more than what is left of its line, and one at most
        is no whole number, that of the line whose units are not all reduced; so no share is more than what is left."""
        amount = round_cents(numerator, denominator)
        if self.cap is not None and amount > self.cap:
            amount = self.cap
        if amount <= 0:
            return Cut(0, exact=(numerator, denominator))
        return Cut(amount, self.places, weights, (numerator, denominator))

    def _gift(self, remaining: Remaining) -> Cut:
        variant_id = self.promotion.gift_variant
        units = gift_units(self.promotion, self.basket)
        amount = units * self.gift_price
        if remaining.gifts.get(variant_id, 0) < units or (self.cap is not None and amount > self.cap):
            return Cut(0)
        return Cut(0, gift_units=units, gift_amount=amount)

    @property
    def gift_price(self) -> int:
        """What a unit of the gift costs who buys it: in the cart already, what it costs there."""
        variant_id = self.promotion.gift_variant
        place = self.situation.place_of.get(variant_id)
        if place is not None:
            return self.basket.unit_prices[place]
        return to_cents(self.situation.gifts[variant_id].unit_price)

    def _left(self, remaining: Remaining) -> list[int]:
        """What is left of each of its lines."""
        if self.places is self.basket.everything:
            return remaining.lines
        lines = remaining.lines
        return [lines[place] for place in self.places]

    def _left_of_units(self, remaining: Remaining) -> list[int]:
        """The part of what is left of each line that is for the units it is given for, cut to the cent."""
        left = self._left(remaining)
        if self.units is None:
            return left
        quantities = self.basket.quantities
        return [
            cents * units // quantities[place]
            for cents, units, place in zip(left, self.units, self.places, strict=True)
        ]

    def _all_units(self) -> Sequence[int]:
        return [self.basket.quantities[place] for place in self.places] if self.units is None else self.units

    def _prices(self) -> list[int]:
        """What `fixed_price` makes the units of each line cost together: their part of the sets by their prices."""
        promotion, units = self.promotion, self._all_units()
        value = to_cents(promotion.value)
        if not promotion.buy_quantity:
            return [value * count for count in units]
        prices = self.basket.unit_prices
        weights = [prices[place] * count for place, count in zip(self.places, units, strict=True)]
        return share_cents(total=sum(units) // promotion.buy_quantity * value, weights=weights)


def untouched(situation: Situation) -> Remaining:
    """What is to pay before any promotion."""
    bought = situation.bought if situation.gifts else {}
    return Remaining(
        lines=situation.basket.amounts,
        shipping=situation.shipping,
        gifts={id_: gift.available - bought.get(id_, 0) for id_, gift in situation.gifts.items()},
    )


def take(remaining: Remaining, offer: Offer, cut: Cut) -> None:
    """Take the cut off what is left. Lists of lines are made anew, as earlier cuts may still look at them."""
    if len(cut.places) == len(remaining.lines):
        remaining.lines = list(map(sub, remaining.lines, cut.shares))
    elif cut.places:
        lines = remaining.lines = remaining.lines.copy()
        for place, cents in zip(cut.places, cut.shares, strict=True):
            lines[place] -= cents
    if cut.amount and offer.promotion.stage is Stage.SHIPPING:
        remaining.shipping -= cut.amount
    if cut.gift_units:
        remaining.gifts[offer.promotion.gift_variant] -= cut.gift_units


def _cap(promotion: PromotionInput, situation: Situation) -> int | None:
    """The most that it may give: by the order, and by what is left of its budget."""
    limits = []
    if promotion.max_discount is not None:
        limits.append(to_cents(promotion.max_discount))
    if promotion.budget is not None:
        limits.append(to_cents(promotion.budget - situation.uses_of(promotion).amount))
    return min(limits, default=None)


def units_to_reduce(promotion: PromotionInput, basket: Basket) -> dict[int, int] | None:
    """The units that it is given for, by the place of their line; None for all of its goods."""
    if promotion.kind is Kind.BUY_X_GET_Y:
        return units_to_get(promotion, basket)
    if promotion.kind is Kind.FIXED_PRICE and promotion.buy_quantity:
        return units_in_sets(promotion, basket)
    limit = promotion.usage_limit_per_order
    if limit is None or not promotion.counts_units:
        return None
    return first_units(basket, basket.dearest_first(basket.places_of(promotion.goods)), limit)


def first_units(
    basket: Basket, ordered: Sequence[int], limit: int, *, shared: Collection[int] = (), most_shared: int = 0
) -> dict[int, int]:
    """The first so many units of the lines in this order, at most `most_shared` of those at the `shared` places, by
    the places of the lines in their own order."""
    taken = {}
    for place in ordered:
        units = min(basket.quantities[place], limit)
        if place in shared:
            units = min(units, most_shared)
            most_shared -= units
        if units:
            taken[place] = units
            limit -= units
    return dict(sorted(taken.items()))


def units_to_get(promotion: PromotionInput, basket: Basket) -> dict[int, int]:
    """The units that `buy_x_get_y` makes cheaper: the cheapest, of equal prices those of the lower variant id.

    Out of one set of goods, each `buy_quantity` units at full price bring up to `get_quantity` others.
    With `get_goods` these come out of there, and no unit is both bought and got: as many are got as can be, and of
    the goods of both sides at most those that need not be bought.
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
    paid = basket.units_at(bought)

    def spare(count: int) -> int:
        """Units of both that need not be bought when so many are got."""
        return paid - -(-count // get) * buy

    def can_get(count: int) -> bool:
        shared = basket.units_at([place for place in got if place in both])
        return spare(count) >= 0 and basket.units_at(got) - shared + min(shared, spare(count)) >= count

    most = paid // buy * get
    if limit is not None:
        most = min(most, limit * get)
    count, low, high = 0, 1, min(most, basket.units_at(got))
    while low <= high:
        middle = (low + high) // 2
        if can_get(middle):
            count, low = middle, middle + 1
        else:
            high = middle - 1
    return first_units(basket, cheapest, count, shared=both, most_shared=spare(count))


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
