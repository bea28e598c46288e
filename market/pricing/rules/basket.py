"""The goods of a quote in whole cents, and which of them a promotion is on."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import chain

from core.money import to_cents
from market.pricing.rules.inputs import LineInput, ListPrice
from market.pricing.rules.promotions import Goods, Name


@dataclass(slots=True)
class Basket:
    """The lines in the order of their variant ids. All but `lines` tell something of each, at its place."""

    lines: list[LineInput]
    list_prices: list[ListPrice | None]  # the one that is taken instead of the regular price
    unit_prices: list[int]
    quantities: list[int]
    amounts: list[int]  # before discounts
    subtotal: int
    everything: tuple[int, ...]
    _places: dict[Name, list[int]] = field(default_factory=dict)
    _names: frozenset[Name] = frozenset()
    _texts: list[str] = field(default_factory=list)
    _known: dict[Goods, tuple[int, ...]] = field(default_factory=dict)
    _asked: dict[int, tuple[int, ...]] = field(default_factory=dict)  # by the identity of the goods

    @property
    def names(self) -> list[str]:
        """The variant of each line as traces name it."""
        if not self._texts:
            self._texts = [str(line.variant_id) for line in self.lines]
        return self._texts

    def places_of(self, goods: Goods) -> tuple[int, ...]:
        """The places of the lines that are among the goods."""
        if goods.is_everything:
            return self.everything
        found = self._asked.get(id(goods))  # the promotions of the quote live as long as it
        if found is None:
            found = self._known.get(goods)
            if found is None:
                found = self._known[goods] = self._search(goods)
            self._asked[id(goods)] = found
        return found

    def units_at(self, places: Sequence[int]) -> int:
        """How many units are on these lines."""
        return sum([self.quantities[place] for place in places])

    def dearest_first(self, places: Sequence[int]) -> list[int]:
        """The places by price, the dearest first, of equal prices the lower variant id."""
        return sorted(places, key=lambda place: (-self.unit_prices[place], place))

    def _search(self, goods: Goods) -> tuple[int, ...]:
        if not self._places:
            self._index()
        found = self._with_one_of(goods.names) if goods.names else set(self.everything)
        for alternatives in goods.alternatives:
            found &= self._with_one_of(alternatives)
        return tuple(sorted(found))

    def _with_one_of(self, names: frozenset[Name]) -> set[int]:
        return set(chain.from_iterable([self._places[name] for name in names & self._names]))

    def _index(self) -> None:
        for place, line in enumerate(self.lines):
            names = {("product", line.product_id)}
            names.update([("category", category) for category in line.category_ids])
            names.update([("collection", collection) for collection in line.collection_ids])
            names.update([("attribute", token) for token in line.attributes])
            for name in names:
                self._places.setdefault(name, []).append(place)
        self._names = frozenset(self._places)


def basket_of(lines: Sequence[LineInput], *, tier: str) -> Basket:
    """The lines with the price that a buyer of the tier pays for each."""
    ordered = sorted(lines, key=lambda line: line.variant_id)
    taken = [
        best_list_price(unit_price=line.unit_price, list_prices=line.list_prices, quantity=line.quantity, tier=tier)
        if line.list_prices
        else None
        for line in ordered
    ]
    unit_prices = [
        to_cents(line.unit_price if listed is None else listed.price)
        for line, listed in zip(ordered, taken, strict=True)
    ]
    quantities = [line.quantity for line in ordered]
    amounts = [price * quantity for price, quantity in zip(unit_prices, quantities, strict=True)]
    return Basket(
        lines=ordered,
        list_prices=taken,
        unit_prices=unit_prices,
        quantities=quantities,
        amounts=amounts,
        subtotal=sum(amounts),
        everything=tuple(range(len(ordered))),
    )


def unit_price_of(*, unit_price: Decimal, list_prices: Sequence[ListPrice], quantity: int, tier: str) -> Decimal:
    """What a buyer of the tier pays for each of so many units, before discounts."""
    listed = best_list_price(unit_price=unit_price, list_prices=list_prices, quantity=quantity, tier=tier)
    return unit_price if listed is None else listed.price


def best_list_price(
    *, unit_price: Decimal, list_prices: Sequence[ListPrice], quantity: int, tier: str
) -> ListPrice | None:
    """The lowest price of a list that quantity and tier qualify for, if it is lower than the regular one."""
    fitting = [
        listed
        for listed in list_prices
        if listed.price < unit_price and listed.min_quantity <= quantity and listed.tier in ("", tier)
    ]
    return min(fitting, key=lambda listed: (listed.price, listed.price_list or 0), default=None)
