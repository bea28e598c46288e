"""Prices that are planned: what becomes of a price when they begin and end, and which one there will be."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from market.catalog.rules.prices import ToldPrice

BELOW_PRICE = "What would be struck through is below the price."
FOLLOWED = "Another planned price followed it for good."
CHANGED_SINCE = "The price was changed meanwhile and stays as it is."


class PlanState(StrEnum):
    """How far a planned price has come."""

    PLANNED = "planned"
    APPLIED = "applied"
    ENDED = "ended"
    CANCELED = "canceled"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A price from a moment on. With `ends_at` the one before it comes back then; None of the others: it stays.

    Of what is struck through None means: it stays while it is above the price. Once applied, `given` is what
    it made of the price, and `former` what comes back.
    """

    id: int
    starts_at: datetime
    ends_at: datetime | None = None
    price: Decimal | None = None
    compare_at_price: Decimal | None = None
    removes_compare_at: bool = False
    state: PlanState = PlanState.PLANNED
    detail: str = ""
    given: ToldPrice | None = None
    former: ToldPrice | None = None

    @property
    def is_open(self) -> bool:
        """Whether it has begun and something will come back."""
        return self.state is PlanState.APPLIED and self.ends_at is not None

    @property
    def due_at(self) -> datetime | None:
        """When something is to be done about it."""
        if self.state is PlanState.PLANNED:
            return self.starts_at
        return self.ends_at if self.is_open else None

    def made_of(self, told: ToldPrice) -> ToldPrice:
        """What it makes of a price."""
        price = told.price if self.price is None else self.price
        if self.removes_compare_at:
            return ToldPrice(price, None)
        if self.compare_at_price is not None:
            return ToldPrice(price, self.compare_at_price)
        is_above = told.compare_at_price is not None and told.compare_at_price > price
        return ToldPrice(price, told.compare_at_price if is_above else None)


def played(told: ToldPrice, plans: Iterable[Plan], *, until: datetime) -> tuple[ToldPrice, dict[int, Plan]]:
    """What plans for one variant, planned or open, make of its price up to and with a moment; and of themselves.

    Each begins and ends at its moment, in their order; of one moment what ends comes first. What is begun within
    another and ends after it brings back what was before both. One without an end ends the open ones. When
    somebody else has changed the price since, nothing comes back.
    """
    at = {plan.id: plan for plan in plans}
    moments = [(plan.starts_at, 1, plan.id) for plan in at.values() if plan.state is PlanState.PLANNED]
    moments += [(plan.ends_at, 0, plan.id) for plan in at.values() if plan.ends_at is not None]
    for moment, is_start, id_ in sorted(moments):
        if moment > until:
            break
        if is_start:
            told = _begin(told, at, id_)
        elif at[id_].is_open:
            told = _end(told, at, id_)
    return told, at


def _begin(told: ToldPrice, at: dict[int, Plan], id_: int) -> ToldPrice:
    plan = at[id_]
    given = plan.made_of(told)
    if given.compare_at_price is not None and given.compare_at_price < given.price:
        at[id_] = replace(plan, state=PlanState.FAILED, detail=BELOW_PRICE)
        return told
    if plan.ends_at is None:
        for other in _open(at):
            at[other.id] = replace(other, state=PlanState.ENDED, detail=FOLLOWED)
    at[id_] = replace(plan, state=PlanState.APPLIED, given=given, former=told)
    return given


def _end(told: ToldPrice, at: dict[int, Plan], id_: int) -> ToldPrice:
    plan = at[id_]
    at[id_] = replace(plan, state=PlanState.ENDED)
    later = [other for other in _open(at) if other.starts_at >= plan.starts_at and other.former == plan.given]
    if later:
        first = min(later, key=lambda other: (other.starts_at, other.id))
        at[first.id] = replace(first, former=plan.former)
        return told
    if told != plan.given:
        at[id_] = replace(plan, state=PlanState.ENDED, detail=CHANGED_SINCE)
        return told
    return plan.former


def _open(at: Mapping[int, Plan]) -> list[Plan]:
    return [plan for plan in at.values() if plan.is_open]
