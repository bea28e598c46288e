"""What a simulation has found so far: sums over its rows, and the rows as a file."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import F, QuerySet

from core.money import ZERO, round_money
from core.operations.errors import RunNotFound
from core.operations.selectors import runs_for
from core.postgres.deadlines import deadline
from market.pricing.models import Promotion, SimulatedOrder, SimulatedUse, Simulation
from market.pricing.rules.simulating import CONFLICTS
from market.pricing.rules.trace import APPLIED

# More days than anybody looks at; a longer time is that of its newest ones.
MOST_DAYS = 3_660
MOST_PROMOTIONS = 200
EXAMPLES = 20
SEE_ORDERS = "orders.view_order"
SUMS = ("given_sum", "before_sum", "after_sum")
ROWS_PER_FETCH = 2_000
SIMULATION_COLUMNS = (
    "order", "placed_at", "outcome", "winner", "given", "goods", "goods_before", "goods_after", "total_before",
    "total_after", "cost", "margin_before", "margin_after", "promotions_before", "promotions_after",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PromotionFigures:
    """How many orders a promotion is given in and what it gives, as it was and as it would have been; in
    `displaced` of them it was and would not be."""

    promotion: int
    label: str
    orders_before: int
    orders_after: int
    given_before: Decimal
    given_after: Decimal
    displaced: int


@dataclass(frozen=True, slots=True)
class Refused:
    """In how many orders the promotion is refused for a reason; `winner` is who beats it in a conflict."""

    code: str
    orders: int
    winner: int | None = None
    winner_label: str = ""


@dataclass(frozen=True, slots=True)
class Day:
    """What the orders of a day came to, and would have come to."""

    day: date
    orders: int
    before: Decimal
    after: Decimal

    @property
    def cost(self) -> Decimal:
        return self.before - self.after


@dataclass(frozen=True, slots=True)
class SimulationResult:
    """Everything that staff are told. `totals` are those of `SimulatedOrderQuerySet.totals`, no sum missing."""

    simulation: Simulation
    totals: Mapping[str, Any]
    promotions: Sequence[PromotionFigures]
    conflicts: Sequence[Refused]
    refusals: Sequence[Refused]
    days: Sequence[Day]
    warned: Sequence[SimulatedOrder]
    below_cost: Sequence[SimulatedOrder]

    @property
    def cost(self) -> Decimal:
        """What buyers would have paid less."""
        return self.totals["before_sum"] - self.totals["after_sum"]

    @property
    def per_order(self) -> Decimal | None:
        return self._cost_of_one_in(self.totals["orders"])

    @property
    def per_changed_order(self) -> Decimal | None:
        return self._cost_of_one_in(self.totals["changed"])

    def _cost_of_one_in(self, count: int) -> Decimal | None:
        return round_money(self.cost / count) if count else None


def simulations_for(*, user: Any) -> QuerySet[Simulation]:
    """Those whose run the user may see, newest first: one query."""
    runs = runs_for(user=user).order_by().values("pk")
    return Simulation.objects.filter(run__in=runs).select_related("run").order_by("-created_at", "-pk")


def simulation_for(*, user: Any, run_id: uuid.UUID) -> Simulation:
    """One of `simulations_for`. Raises RunNotFound, also for a run that has not begun or was long ago."""
    found = simulations_for(user=user).filter(pk=run_id).first()
    if found is None:
        raise RunNotFound("There is no such simulation, or it has not begun.")
    return found


def may_see_orders(user: Any) -> bool:
    """Whether staff who simulate are told of orders one by one: of those who may open them."""
    return user.has_perm(SEE_ORDERS)


def simulation_result(simulation: Simulation, *, has_orders: bool = True) -> SimulationResult:
    """What the rows of the run add up to, the promotion that is tried before others: eight statements.

    Without `has_orders` there are no examples, in two statements less.
    """
    orders = SimulatedOrder.objects.filter(run=simulation.pk)
    totals = orders.totals(warn_percent=simulation.warn_percent)
    uses = list(
        SimulatedUse.objects.filter(run=simulation.pk).by_promotion(first=simulation.promotion)[:MOST_PROMOTIONS]
    )
    conflicts = list(orders.filter(outcome__in=CONFLICTS).by_winner()[:MOST_PROMOTIONS])
    ids = {row["promotion"] for row in uses} | {row["winner"] for row in conflicts} - {None}
    labels = dict(Promotion.objects.filter(pk__in=ids).values_list("pk", "label"))
    labels[simulation.promotion] = simulation.label
    examples = EXAMPLES if has_orders else 0
    days = orders.by_day().reverse()[:MOST_DAYS]
    warned = orders.warned(simulation.warn_percent).order_by(F("goods_after") - F("goods_before"), "pk")
    return SimulationResult(
        simulation=simulation,
        totals=totals | {name: totals[name] or ZERO for name in SUMS},
        promotions=[
            PromotionFigures(
                promotion=row["promotion"],
                label=labels.get(row["promotion"], ""),
                orders_before=row["orders_before"],
                orders_after=row["orders_after"],
                given_before=row["given_before"] or ZERO,
                given_after=row["given_after"] or ZERO,
                displaced=row["displaced"],
            )
            for row in uses
        ],
        conflicts=[
            Refused(row["outcome"], row["orders"], row["winner"], labels.get(row["winner"], "")) for row in conflicts
        ],
        refusals=[Refused(row["outcome"], row["orders"]) for row in orders.exclude(outcome=APPLIED).by_outcome()],
        days=[Day(row["day"], row["orders"], row["before"], row["after"]) for row in reversed(days)],
        warned=list(warned[:examples]),
        below_cost=list(orders.below_cost().order_by("margin_after", "pk")[:examples]),
    )


def simulation_rows(*, run_id: uuid.UUID) -> Iterator[list[Any]]:
    """A header and a line per order, in the order in which they were simulated; two statements per page."""
    yield list(SIMULATION_COLUMNS)
    last = 0
    while page := _page(run_id, last):
        for order in page:
            yield _line(order)
        last = page[-1].pk


def _page(run_id: uuid.UUID, last: int) -> list[SimulatedOrder]:
    """The next rows; whoever streams them has left the deadline of his request behind."""
    with deadline():
        orders = SimulatedOrder.objects.filter(run=run_id, pk__gt=last).prefetch_related("uses").order_by("pk")
        return list(orders[:ROWS_PER_FETCH])


def _line(order: SimulatedOrder) -> list[Any]:
    uses = sorted(order.uses.all(), key=lambda use: use.promotion)
    return [
        order.number,
        order.placed_at.isoformat(),
        order.outcome,
        "" if order.winner is None else order.winner,
        order.given,
        order.goods,
        order.goods_before,
        order.goods_after,
        order.total_before,
        order.total_after,
        order.total_before - order.total_after,
        "" if order.margin_before is None else order.margin_before,
        "" if order.margin_after is None else order.margin_after,
        " ".join(str(use.promotion) for use in uses if use.before is not None),
        " ".join(str(use.promotion) for use in uses if use.after is not None),
    ]
