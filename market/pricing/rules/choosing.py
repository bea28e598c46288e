"""Which of the promotions that may be given are given together.

Stackable ones go together, of one exclusive group one, and one that is not stackable goes alone. The way that
is the cheapest for the buyer wins; of equal ones the one that gives the most away, then the first in order.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import prod

from market.pricing.rules.benefits import Cut, Offer, Remaining, take, untouched
from market.pricing.rules.conditions import Refusal, Situation
from market.pricing.rules.promotions import Kind, Stage
from market.pricing.rules.settling import payable

# Of so many ways to choose one of each exclusive group every one is tried; of more, group by group.
MOST_COMBINATIONS = 64
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
    best = stacked = _best_together(together, list(groups.values()), situation)
    undiscounted = payable(untouched(situation), situation) if alone else 0
    losers = []
    for offer in alone:
        outcome = _apply([offer], situation)
        if outcome.payable > undiscounted:  # a cent, when discounts move the rounding of taxes
            refusals[offer.promotion.id] = NO_EFFECT
            continue
        losers.append(offer)
        if outcome.payable <= best.payable and outcome.rank < best.rank:
            best = outcome
    choice = Choice(best, refusals)
    if best is stacked:
        _explain_groups(choice, groups.values())
        winner = _strongest(best.cuts) if losers else None
        for offer in losers:
            refusals[offer.promotion.id] = _not_combinable(offer, winner)
    else:
        winner = best.cuts[0][0]
        for offer in offers:
            if offer is winner or offer.promotion.id in refusals:
                continue
            refusals[offer.promotion.id] = NO_EFFECT if offer.alone.is_nothing else _not_combinable(offer, winner)
    _explain_idle(choice)
    return choice


def _apply(offers: Sequence[Offer], situation: Situation) -> Outcome:
    """These, one after another. What one takes by itself is known already when it stood alone before."""
    remaining, cuts = untouched(situation), []
    if len(offers) == 1:
        take(remaining, offers[0], offers[0].alone)
        return Outcome([(offers[0], offers[0].alone)], remaining, payable(remaining, situation))
    for offer in offers:
        cut = offer.cut(remaining)
        take(remaining, offer, cut)
        cuts.append((offer, cut))
    return Outcome(cuts, remaining, payable(remaining, situation))


def _best_together(together: list[Offer], groups: list[list[Offer]], situation: Situation) -> Outcome:
    """The stackable ones with the best of each group."""
    if not groups:
        return _apply(together, situation)

    def outcome_with(chosen: Iterable[Offer]) -> Outcome:
        return _apply(sorted([*together, *chosen], key=lambda offer: offer.promotion.place), situation)

    def rank(outcome: Outcome, chosen: Sequence[Offer]) -> tuple:
        return *outcome.rank[:2], [offer.promotion.place for offer in chosen]

    if prod(map(len, groups)) <= MOST_COMBINATIONS:
        tried = ((outcome_with(chosen), chosen) for chosen in product(*groups))
        return min(tried, key=lambda pair: rank(*pair))[0]
    chosen: list[Offer] = []
    for group in groups:
        tried = ((outcome_with([*chosen, member]), [*chosen, member]) for member in group)
        chosen = min(tried, key=lambda pair: rank(*pair))[1]
    return outcome_with(chosen)


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
            choice.refusals[offer.promotion.id] = (
                NO_EFFECT if offer.alone.is_nothing else _nothing_left(offer, choice.outcome.cuts)
            )


def _strongest(cuts: Sequence[tuple[Offer, Cut]]) -> Offer:
    """The one that gave the most, of equals the first."""
    return max(cuts, key=lambda pair: (pair[1].amount, pair[1].gift_amount))[0]


def _not_combinable(offer: Offer, winner: Offer) -> Refusal:
    alone = offer if not offer.promotion.stackable else winner
    reason = f"{alone.promotion.name} goes with no other, and {winner.promotion.name} is better."
    return Refusal("not_combinable", reason, winner=winner.promotion)


def _nothing_left(offer: Offer, cuts: Sequence[tuple[Offer, Cut]]) -> Refusal:
    """It came too late: names the one that took the most of what it is on."""

    def taken_by(pair: tuple[Offer, Cut]) -> int:
        other, cut = pair
        if offer.promotion.stage is Stage.SHIPPING:
            return cut.amount if other.promotion.stage is Stage.SHIPPING else 0
        if offer.promotion.kind is Kind.GIFT:
            return cut.gift_units if other.promotion.gift_variant == offer.promotion.gift_variant else 0
        return sum(cents for place, cents in zip(cut.places, cut.shares, strict=True) if place in offer.places)

    winner = max(cuts, key=taken_by)[0].promotion
    return Refusal("nothing_left", f"{winner.name} leaves nothing for this to take off.", winner=winner)
