"""Prices that are planned: what becomes of a price when they begin and end, and which one there will be."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from market.catalog.rules.prices import ToldPrice

BELOW_PRICE = "What would be struck through is below the price."
FOLLOWED = "Another planned price followed it for good."
CHANGED_SINCE = "The price was changed meanwhile and stays as it is."
STRUCK_SINCE = "What is struck through was changed meanwhile and stays as it is."
PRICE, STRUCK = "price", "compare_at_price"
SINCE = {PRICE: CHANGED_SINCE, STRUCK: STRUCK_SINCE}


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
    it made of the price, and `former` what comes back; where both are the same, nothing does.
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

    def touches(self, value: str) -> bool:
        """Whether it sets this value of a price, or has changed it. The other one it leaves to others."""
        is_set = self.price is not None
        if value == STRUCK:
            is_set = self.compare_at_price is not None or self.removes_compare_at
        return is_set or (self.given is not None and _of(self.given, value) != _of(self.former, value))

    def made_of(self, told: ToldPrice) -> ToldPrice:
        """What it makes of a price."""
        price = told.price if self.price is None else self.price
        if self.removes_compare_at:
            return ToldPrice(price, None)
        if self.compare_at_price is not None:
            return ToldPrice(price, self.compare_at_price)
        is_above = told.compare_at_price is not None and told.compare_at_price > price
        return ToldPrice(price, told.compare_at_price if is_above else None)


@dataclass(frozen=True, slots=True)
class Edit:
    """Another price that somebody gave by hand at a moment."""

    moment: datetime
    before: ToldPrice
    after: ToldPrice


def played(
    told: ToldPrice, plans: Iterable[Plan], *, until: datetime, edits: Collection[Edit] = ()
) -> tuple[ToldPrice, dict[int, Plan]]:
    """What plans for one variant, planned or open, make of its price up to and with a moment; and of themselves.

    Each begins and ends at its moment, in their order; of one moment what ends comes first. The price and what is
    struck through are followed separately. What is begun within another and ends after it brings back what was
    before both. One without an end leaves nothing to bring back of what it sets. What somebody has changed by hand
    stays. `edits` are such changes in between, in their order: then `told` is the price before the first of them.
    """
    at = {plan.id: plan for plan in plans}
    moments = [(plan.starts_at, 1, plan.id) for plan in at.values() if plan.state is PlanState.PLANNED]
    moments += [(plan.ends_at, 0, plan.id) for plan in at.values() if plan.ends_at is not None]
    moments += [(edit.moment, 2, place) for place, edit in enumerate(edits)]
    late = {plan.id for plan in at.values() if plan.state is PlanState.PLANNED}
    for moment, kind, id_ in sorted(moments):
        if moment > until:
            break
        if kind == 2:
            told = _edit(told, at, edits[id_], late)
        elif kind == 1:
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
    plan = replace(plan, state=PlanState.APPLIED, given=given, former=told)
    if plan.ends_at is None:
        for other in list(_open(at)):
            at[other.id] = _followed(other, plan)
    at[id_] = plan
    return given


def _followed(plan: Plan, for_good: Plan) -> Plan:
    """An open plan after one without an end: of what that touches nothing comes back."""
    given, former = plan.given, plan.former
    for value in SINCE:
        if for_good.touches(value):
            given, former = (_with(price, value, _of(for_good.given, value)) for price in (given, former))
    plan = replace(plan, given=given, former=former)
    if all(for_good.touches(value) for value in SINCE if plan.touches(value)):
        return replace(plan, state=PlanState.ENDED, detail=FOLLOWED)
    return plan


def _end(told: ToldPrice, at: dict[int, Plan], id_: int) -> ToldPrice:
    plan = replace(at[id_], state=PlanState.ENDED)
    at[id_] = plan
    changed = []
    for value in SINCE:
        if not plan.touches(value):
            continue
        given, former = _of(plan.given, value), _of(plan.former, value)
        above = [other for other in _open(at) if other.touches(value) and _place(other) > _place(plan)]
        after = min(above, key=_place, default=None)
        if after is not None and _of(after.former, value) == given:
            at[after.id] = replace(after, former=_with(after.former, value, former))
        elif after is None and _of(told, value) == given:
            told = _with(told, value, former)
        else:
            changed.append(SINCE[value])
    at[id_] = replace(plan, detail=" ".join(changed))
    return _possible(told, at)


def _edit(told: ToldPrice, at: dict[int, Plan], edit: Edit, late: Collection[int]) -> ToldPrice:
    """Whoever changes a price by hand changes what differs, whatever has begun by then."""
    for value, detail in SINCE.items():
        if _of(edit.before, value) == _of(edit.after, value):
            continue
        told = _with(told, value, _of(edit.after, value))
        for plan in at.values():
            if plan.id in late and plan.state is PlanState.APPLIED and plan.touches(value):
                at[plan.id] = replace(plan, detail=detail)
    return _possible(told, at)


def _possible(told: ToldPrice, at: dict[int, Plan]) -> ToldPrice:
    """The price without what is below it: that is struck through no more, whoever gave it."""
    struck = told.compare_at_price
    if struck is None or struck >= told.price:
        return told
    owner = max((plan for plan in _open(at) if plan.touches(STRUCK)), key=_place, default=None)
    if owner is not None and owner.given.compare_at_price == struck:
        at[owner.id] = replace(owner, given=_with(owner.given, STRUCK, None))
    return _with(told, STRUCK, None)


def _open(at: dict[int, Plan]) -> Iterator[Plan]:
    return (plan for plan in at.values() if plan.is_open)


def _place(plan: Plan) -> tuple[datetime, int]:
    return plan.starts_at, plan.id


def _of(told: ToldPrice, value: str) -> Decimal | None:
    return getattr(told, value)


def _with(told: ToldPrice, value: str, amount: Decimal | None) -> ToldPrice:
    return replace(told, **{value: amount})
