"""Which of the promotions that may be given are given together.

Stackable ones go together, of one exclusive group one, and one that is not stackable goes alone. The way that
is the cheapest for the buyer wins; of equal ones the one that gives the most away, then the first in order.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, product
from math import prod

from market.pricing.rules.benefits import Cut, Offer, Remaining, take, untouched
from market.pricing.rules.conditions import Refusal, Situation
from market.pricing.rules.promotions import Kind, Stage
from market.pricing.rules.settling import (
    Settlement,
    payable,
    payable_of_sums,
    settle,
    tax,
    taxes_come_on_top,
)

# What trying ways to choose may take: about five milliseconds. A cut of a line counts one, and each cut as many as
# `CUT` lines besides. Up to it every way to choose one of each exclusive group is tried; beyond, each group chooses
# when its turn comes, and then again, knowing the others, until the same effort is spent.
MOST_TRIED = 20_000
CUT = 13
NO_EFFECT = Refusal("no_effect", "This takes nothing off the goods in the cart.")
NOWHERE = (99, 0, 0)


@dataclass(slots=True)
class Outcome:
    """Some promotions, applied in order, what is left then, and what is to pay in the end."""

    cuts: list[tuple[Offer, Cut]]
    remaining: Remaining
    payable: int

    @property
    def rank(self) -> tuple[int, int, tuple[int, int, int]]:
        """The lower, the better for the buyer."""
        given = [(offer, cut) for offer, cut in self.cuts if not cut.is_nothing]
        gifts = sum([cut.gift_amount for _, cut in given])
        return self.payable, -gifts, min([offer.promotion.place for offer, _ in given], default=NOWHERE)


@dataclass(slots=True)
class Choice:
    """The outcome that won, and why each other promotion is not in it, by promotion id."""

    outcome: Outcome
    refusals: dict[int, Refusal] = field(default_factory=dict)


def choose(offers: Sequence[Offer], situation: Situation) -> Choice:
    """The best outcome of these offers, which come in the order of application."""
    together: list[Offer] = []
    alone: list[Offer] = []
    groups: dict[str, list[Offer]] = {}
    refusals: dict[int, Refusal] = {}
    for offer in offers:
        promotion = offer.promotion
        if promotion.stackable and not promotion.exclusive_group:
            together.append(offer)
        elif offer.alone.is_nothing:
            refusals[promotion.id] = NO_EFFECT
        elif promotion.stackable:
            groups.setdefault(promotion.exclusive_group, []).append(offer)
        else:
            alone.append(offer)
    stacked = _without_what_costs(_best_together(together, groups, situation), situation)
    settled = settle(untouched(situation), situation) if alone else None
    undiscounted = payable(untouched(situation), situation) if alone else 0
    best, winner, losers = stacked.rank if alone else (), None, []
    for offer in alone:
        amount = _payable_alone(offer, situation, settled, undiscounted)
        if amount > undiscounted:  # a cent, when discounts move the rounding of taxes
            refusals[offer.promotion.id] = NO_EFFECT
            continue
        losers.append(offer)
        rank = amount, -offer.alone.gift_amount, offer.promotion.place
        if rank < best:
            best, winner = rank, offer
    if winner is None:
        choice = Choice(stacked, refusals)
        _explain_groups(choice, groups.values())
        strongest = _strongest(stacked.cuts) if losers else None
        for offer in losers:
            refusals[offer.promotion.id] = _not_combinable(offer, strongest)
    else:
        choice = Choice(_apply([winner], situation), refusals)
        for offer in offers:
            if offer is not winner and offer.promotion.id not in refusals:
                refusals[offer.promotion.id] = NO_EFFECT if offer.alone.is_nothing else _not_combinable(offer, winner)
    _explain_idle(choice)
    return choice


def _payable_alone(offer: Offer, situation: Situation, undiscounted: Settlement, total: int) -> int:
    """What is to pay in the end with this promotion and no other; `total` is that with none."""
    remaining, cut = untouched(situation), offer.alone
    is_of_shipping = offer.promotion.stage is Stage.SHIPPING
    if not taxes_come_on_top(situation):
        goods, shipping = situation.basket.subtotal, remaining.shipping
        if is_of_shipping:
            return payable_of_sums(goods, shipping - cut.amount, situation)
        return payable_of_sums(goods - cut.amount, shipping, situation)
    if is_of_shipping or undiscounted.tier_shares:
        take(remaining, offer, cut)
        return payable(remaining, situation)
    # Of lines that it leaves alone the taxes are those without it.
    total -= cut.amount
    for place, cents in zip(cut.places, cut.shares, strict=True):
        rate = situation.rates[place]
        total += tax(undiscounted.lines[place] - cents, *rate, included=False) - undiscounted.taxes[place]
    return total


def _apply_in_order(offers: Iterable[Offer], situation: Situation) -> Outcome:
    return _apply(sorted(offers, key=_place), situation)


def _apply(offers: Iterable[Offer], situation: Situation) -> Outcome:
    remaining, cuts = untouched(situation), []
    for offer in offers:
        cut = offer.cut(remaining)
        take(remaining, offer, cut)
        cuts.append((offer, cut))
    return Outcome(cuts, remaining, payable(remaining, situation))


def _best_together(together: list[Offer], groups: dict[str, list[Offer]], situation: Situation) -> Outcome:
    """The stackable ones with the best of each group."""
    if not groups:
        return _apply(together, situation)
    groups = _without_dominated(together, groups)
    ways = prod(map(len, groups.values()))
    if _effort(ways * (len(together) + len(groups)), situation) > MOST_TRIED:
        return _best_by_steps(together, groups, situation)

    def rank(outcome: Outcome, chosen: Sequence[Offer]) -> tuple:
        return *outcome.rank[:2], [_place(offer) for offer in chosen]

    tried = ((_apply_in_order([*together, *chosen], situation), chosen) for chosen in product(*groups.values()))
    return min(tried, key=lambda pair: rank(*pair))[0]


def _without_dominated(together: list[Offer], groups: dict[str, list[Offer]]) -> dict[str, list[Offer]]:
    """The groups without offers that another of theirs beats whatever else is given."""
    ordered = sorted([*together, *chain.from_iterable(groups.values())], key=_place)
    # Neighbors: no offer that is none of the group stands between them, so that it makes no difference who comes first.
    block, blocks = 0, {}
    for before, offer in zip([None, *ordered], ordered, strict=False):
        group = offer.promotion.exclusive_group
        block += before is None or not group or before.promotion.exclusive_group != group
        blocks[offer.promotion.id] = block
    kept = {}
    for name, group in groups.items():
        kept[name] = []
        for offer in sorted(group, key=lambda offer: (-offer.alone.amount, *_place(offer))):
            rivals = (rival for rival in kept[name] if blocks[rival.promotion.id] == blocks[offer.promotion.id])
            if not any(rival.beats(offer) for rival in rivals):
                kept[name].append(offer)
    return kept


def _effort(cuts: int, situation: Situation) -> int:
    """What so many cuts take, as `MOST_TRIED` counts it."""
    return cuts * (len(situation.basket.lines) + CUT)


def _best_by_steps(together: list[Offer], groups: dict[str, list[Offer]], situation: Situation) -> Outcome:
    """A good way to choose where there are too many to try: from the better of two beginnings, one group after the
    other takes whichever of its offers is the best beside what the others have, until none changes."""

    def outcome_of(chosen: Mapping[str, Offer]) -> Outcome:
        return _apply_in_order([*together, *chosen.values()], situation)

    by_turn = _chosen_as_they_come([*together, *chain.from_iterable(groups.values())], groups, situation)
    by_themselves = {name: _strongest([(offer, offer.alone) for offer in group]) for name, group in groups.items()}
    best, chosen = min(
        ((outcome_of(chosen), chosen) for chosen in (by_turn, by_themselves)), key=lambda pair: pair[0].rank
    )
    left, has_changed = MOST_TRIED, True
    while has_changed:
        has_changed = False
        for name, group in groups.items():
            for offer in group:
                left -= _effort(len(together) + len(groups), situation)
                if left < 0:
                    return best
                other = outcome_of(chosen | {name: offer})
                if other.rank[:2] < best.rank[:2]:
                    best, chosen, has_changed = other, chosen | {name: offer}, True
    return best


def _without_what_costs(outcome: Outcome, situation: Situation) -> Outcome:
    """The outcome without those that make the cart dearer, as taxes on top can do.

    A cent that goes to another line moves how the tax of that line is rounded: of 100,000 small carts with
    six promotions two became dearer by two cents.
    """
    if not taxes_come_on_top(situation) or _effort(len(outcome.cuts) ** 2, situation) > MOST_TRIED:
        return outcome
    dropped = []
    for offer in [offer for offer, cut in outcome.cuts if cut.amount]:
        tried = _apply([other for other, _ in outcome.cuts if other is not offer], situation)
        if tried.payable < outcome.payable:
            outcome = tried
            dropped.append((offer, Cut(0)))
    outcome.cuts += dropped
    return outcome


def _chosen_as_they_come(
    offers: Iterable[Offer], groups: dict[str, list[Offer]], situation: Situation
) -> dict[str, Offer]:
    """Of each group, when its turn comes, the one that takes the most of what is left."""
    remaining = untouched(situation)
    chosen: dict[str, Offer] = {}
    for offer in sorted(offers, key=_place):
        group = offer.promotion.exclusive_group
        if group and group not in chosen:
            chosen[group] = _strongest([(member, member.cut(remaining)) for member in groups[group]])
        if not group or chosen[group] is offer:
            take(remaining, offer, offer.cut(remaining))
    return chosen


def _place(offer: Offer) -> tuple[int, int, int]:
    return offer.promotion.place


def _explain_groups(choice: Choice, groups: Iterable[list[Offer]]) -> None:
    cuts = {offer.promotion.id: cut for offer, cut in choice.outcome.cuts}
    for group in groups:
        winner = next(offer for offer in group if offer.promotion.id in cuts)
        for offer in group:
            if offer is winner:
                continue
            if cuts[winner.promotion.id].is_nothing:
                choice.refusals[offer.promotion.id] = _nothing_left(offer, choice.outcome.cuts)
            else:
                reason = f"Only one of these is given, and {winner.promotion.name} is better."
                choice.refusals[offer.promotion.id] = Refusal("better_in_group", reason, winner=winner.promotion)


def _explain_idle(choice: Choice) -> None:
    """Those that went along and found nothing to take."""
    for offer, cut in choice.outcome.cuts:
        if cut.is_nothing:
            choice.refusals[offer.promotion.id] = _nothing_left(offer, choice.outcome.cuts)


def _strongest(cuts: Sequence[tuple[Offer, Cut]]) -> Offer:
    """The one that gave the most, of equals the first."""
    return max(cuts, key=lambda pair: (pair[1].amount, pair[1].gift_amount))[0]


def _not_combinable(offer: Offer, winner: Offer) -> Refusal:
    alone = offer if not offer.promotion.stackable else winner
    reason = f"{alone.promotion.name} goes with no other, and {winner.promotion.name} is better."
    return Refusal("not_combinable", reason, winner=winner.promotion)


def _nothing_left(offer: Offer, cuts: Sequence[tuple[Offer, Cut]]) -> Refusal:
    """It came too late: names the one that took the most of what it is on."""
    given = [pair for pair in cuts if not pair[1].is_nothing]
    if offer.alone.is_nothing or not given:
        return NO_EFFECT

    places = frozenset(offer.places)

    def taken_by(pair: tuple[Offer, Cut]) -> int:
        other, cut = pair
        if offer.promotion.stage is Stage.SHIPPING:
            return cut.amount if other.promotion.stage is Stage.SHIPPING else 0
        if offer.promotion.kind is Kind.GIFT:
            return cut.gift_units if other.promotion.gift_variant == offer.promotion.gift_variant else 0
        if places.issuperset(cut.places):
            return cut.amount if cut.places else 0
        return sum([cents for place, cents in zip(cut.places, cut.shares, strict=True) if place in places])

    winner = max(given, key=taken_by)[0].promotion
    return Refusal("nothing_left", f"{winner.name} leaves nothing for this to take off.", winner=winner)
