"""Trying a promotion over orders of the past: nothing of theirs changes, what is found are rows of its own."""

import json
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Count, Q, Sum
from django.utils import timezone

from core.errors import Invalid
from core.money import ZERO
from core.operations.models import Run
from core.operations.registry import operation_named
from core.operations.services import create_run, start_run
from core.operations.services.runs import cleaned_params
from core.transactions import in_one_transaction
from market.catalog.models import Variant
from market.pricing.errors import PromotionNotFound
from market.pricing.models import Promotion, SimulatedOrder, SimulatedUse, Simulation
from market.pricing.rules import GiftInput, Quote, QuoteInput, normal_code, promotion_from_json, quote
from market.pricing.rules.simulating import (
    Course,
    Trial,
    goods_total,
    limited_codes,
    margin,
    shelved,
    tried,
    undiscounted_total,
    verdict_on,
)
from market.pricing.selectors import gift_title, shelves_of
from market.pricing.services.editing import changed_rules

# The operation that does it.
SIMULATE_PROMOTION = "simulate_promotion"
MOST_ORDERS = 100_000
USUAL_ORDERS = 1_000
WARN_PERCENT = 50
# Whoever simulates has enough of what he would give away; what there was then nobody knows.
ENOUGH = 10**9
# What costs nothing is not taxed.
UNTAXED = Decimal(0)
# They may go on, and nobody may ever ask for it.
RESTING = (Run.State.FAILED, Run.State.PAUSED)
PERIOD = ("starts_at", "ends_at")
# How often these identities were given these promotions in the run: identity, promotion, so often before and after.
UsesOf = Callable[[Collection[str], Collection[int]], Iterable[tuple[str, int, int, int]]]


@dataclass(frozen=True, slots=True)
class PastCart:
    """What an order was priced from and what it came to. `identity` is by whom its uses are counted; without
    `has_shelves` its goods are where they stand today."""

    number: str
    placed_at: datetime
    identity: str
    total: Decimal
    quote_input: QuoteInput
    has_shelves: bool = True


@dataclass(slots=True)
class Simulated:
    """The rows that were written, and why there are none of other orders: code and message by number."""

    orders: list[SimulatedOrder] = field(default_factory=list)
    refused: dict[str, tuple[str, str]] = field(default_factory=dict)


@in_one_transaction
def request_simulation(
    *,
    promotion_id: int,
    user_id: int | None = None,
    changes: Mapping[str, Any] | None = None,
    reason: str = "",
    **params: Any,
) -> Run:
    """Have a promotion tried in the background, as it is or with `changes`, which are those of `edit_promotion`.

    `params` are the other parameters of the operation. Asked for the same again by the same person before it is
    done, it answers the run that is under way, which it locks: one that ends meanwhile is none. Raises
    PromotionNotFound, and Invalid naming each field.
    """
    promotion = Promotion.objects.filter(pk=promotion_id).first()
    if promotion is None:
        raise PromotionNotFound
    if changes is not None:
        with _named_from("", "changes."):
            rules = changed_rules(promotion=promotion, changes=changes)
        params["rules"] = json.dumps(rules)
    params = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in params.items()}
    operation, params = operation_named(SIMULATE_PROMOTION), {"promotion": promotion_id} | params
    with _named_from("params.", ""):
        asked = {"operation": operation.name, "params": cleaned_params(operation, params), "started_by": user_id}
        under_way = Run.objects.filter(**asked, state__in=Run.WORKABLE).order_by("created_at")
        same = under_way.filter(Q(total=None) | Q(simulation__version=promotion.version))
        if found := same.select_for_update(no_key=True, of=("self",)).first():
            return found
        run = create_run(operation=operation, params=params, reason=reason, user_id=user_id)
    return start_run(run_id=run.pk, user_id=user_id)


@in_one_transaction
def begin_simulation(
    *,
    run_id: uuid.UUID,
    promotion: Promotion,
    rules: Mapping[str, Any] | None = None,
    keep_period: bool = False,
    everyone_has_code: bool = False,
    shelves_of_today: bool = False,
    warn_percent: int = WARN_PERCENT,
) -> Simulation:
    """Fix what a run tries: the promotion as it is now, or with these rules, which `read_rules` has taken.

    Its period says when it will be given; without `keep_period` it is given all the time, as if it had run then.
    """
    tried_rules = dict(promotion.rules if rules is None else rules)
    if not keep_period:
        for name in PERIOD:
            tried_rules.pop(name, None)
    return Simulation.objects.create(
        run_id=run_id,
        promotion=promotion.pk,
        version=promotion.version,
        label=promotion.label,
        rules=tried_rules,
        is_changed=rules is not None,
        everyone_has_code=everyone_has_code,
        shelves_of_today=shelves_of_today,
        warn_percent=warn_percent,
    )


@in_one_transaction
def simulate_orders(*, run_id: uuid.UUID, carts: Sequence[PastCart], uses_of: UsesOf) -> Simulated:
    """Price these carts, oldest first, as they were and with what is tried, and write down what came of it.

    Uses go on from the rows that the run has: within one transaction per batch nothing is counted twice. An order
    is refused whose inputs do not give what it came to. The same few statements however many. Locks nothing; the
    run's own transaction keeps others away.
    """
    simulation = Simulation.objects.get(pk=run_id)
    trial = _trial(simulation)
    course = _course(trial, run_id=run_id, carts=carts, uses_of=uses_of)
    variants = {line.variant_id for cart in carts for line in cart.quote_input.lines}
    costs = _costs(variants | {gift.variant_id for gift in _gifts(trial, carts)})
    unshelved = {} if simulation.shelves_of_today else _unshelved(carts)
    shelves = shelves_of(variant_ids=variants if simulation.shelves_of_today else unshelved)
    told = Simulated()
    uses: list[SimulatedUse] = []
    for cart in carts:
        try:
            before = quote(cart.quote_input)
            if before.grand_total != cart.total:
                told.refused[cart.number] = (
                    "priced_otherwise",
                    f"Its inputs give {before.grand_total}, it came to {cart.total}.",
                )
                continue
            facts = cart.quote_input
            if simulation.shelves_of_today or not cart.has_shelves:
                facts = shelved(facts, shelves)
            after = quote(tried(facts, trial, course, identity=cart.identity))
        except ValueError as error:
            told.refused[cart.number] = ("not_priceable", f"It cannot be priced again: {error}.")
            continue
        course.note(before, after, identity=cart.identity)
        order = _order(run_id, trial, cart, before, after, costs)
        told.orders.append(order)
        uses += _uses(order, before, after)
    SimulatedOrder.objects.bulk_create(told.orders)
    SimulatedUse.objects.bulk_create(uses)
    return told


def prune_simulations(*, limit: int) -> int:
    """Delete what runs have found that were settled before `EVENT_RETENTION`, or asked for before it and rest, failed
    or paused; up to `limit` rows of each kind. Answers how many of the most numerous. First what makes it readable, so
    that nobody reads a part."""
    before = timezone.now() - settings.EVENT_RETENTION
    settled = Q(run__state__in=Run.SETTLED, run__finished_at__lt=before)
    settled |= Q(run__state__in=RESTING, run__created_at__lt=before)
    counts = []
    for rows in (
        Simulation.objects.filter(settled).order_by("created_at"),
        SimulatedOrder.objects.filter(settled, run__simulation=None).order_by("pk"),
    ):
        ids = list(rows.values_list("pk", flat=True)[:limit])
        rows.model.objects.filter(pk__in=ids).delete()
        counts.append(len(ids))
    return max(counts)


@contextmanager
def _named_from(old: str, new: str) -> Iterator[None]:
    """Refusals, naming their fields with another beginning."""
    try:
        yield
    except Invalid as refusal:
        errors = [replace(error, field=new + error.field.removeprefix(old)) for error in refusal.errors]
        raise Invalid(refusal.detail, errors=errors) from None


def _trial(simulation: Simulation) -> Trial:
    promotion = promotion_from_json(
        simulation.rules, id=simulation.promotion, version=simulation.version, label=simulation.label
    )
    gift = None
    if promotion.gift_variant is not None:
        variant = Variant.objects.select_related("product").filter(pk=promotion.gift_variant).first()
        if variant is not None:
            title = gift_title(variant.product.title, variant.title)
            gift = GiftInput(variant.pk, variant.sku, title, variant.price, UNTAXED, available=ENOUGH)
    return Trial(promotion, everyone_has_code=simulation.everyone_has_code, gift=gift)


def _course(trial: Trial, *, run_id: uuid.UUID, carts: Sequence[PastCart], uses_of: UsesOf) -> Course:
    """What the run's rows say of the promotions in these carts of which any version is limited."""
    course = Course(trial.promotion.id)
    versions = [trial.promotion, *(promotion for cart in carts for promotion in cart.quote_input.promotions)]
    limited = {version.id for version in versions if version.is_limited}
    by_customer = {version.id for version in versions if version.usage_limit_per_customer is not None}
    uses = SimulatedUse.objects.filter(run=run_id)
    totals = (
        uses.filter(promotion__in=limited)
        .values_list("promotion")
        .annotate(Count("before"), Count("after"), Sum("before"), Sum("after"))
    )
    for id_, before, after, amount_before, amount_after in totals:
        was_unused = id_ == trial.promotion.id
        course.uses[id_] = after - (0 if was_unused else before)
        course.amounts[id_] = (amount_after or ZERO) - (ZERO if was_unused else amount_before or ZERO)
    if by_customer:
        for identity, id_, before, after in uses_of({cart.identity for cart in carts}, by_customer):
            was_unused = id_ == trial.promotion.id
            key = (identity, id_)
            course.own[key] = course.own.get(key, 0) + after - (0 if was_unused else before)
    if codes := limited_codes(cart.quote_input for cart in carts):
        counted = uses.filter(code__in=codes).values_list("code", "promotion")
        for code, id_, before, after in counted.annotate(Count("before"), Count("after")):
            was_unused = id_ == trial.promotion.id
            course.codes[code] = course.codes.get(code, 0) + after - (0 if was_unused else before)
    return course


def _unshelved(carts: Sequence[PastCart]) -> set[int]:
    return {line.variant_id for cart in carts if not cart.has_shelves for line in cart.quote_input.lines}


def _gifts(trial: Trial, carts: Sequence[PastCart]) -> Iterator[GiftInput]:
    if trial.gift is not None:
        yield trial.gift
    for cart in carts:
        yield from cart.quote_input.gifts


def _costs(variant_ids: Collection[int]) -> dict[int, Decimal]:
    """What the variants cost the shop today, where it is known."""
    return dict(Variant.objects.filter(pk__in=variant_ids, cost__isnull=False).values_list("pk", "cost"))


def _order(
    run_id: uuid.UUID, trial: Trial, cart: PastCart, before: Quote, after: Quote, costs: Mapping[int, Decimal]
) -> SimulatedOrder:
    verdict = verdict_on(trial.promotion.id, after)
    with_tax = cart.quote_input.prices_include_tax
    return SimulatedOrder(
        run_id=run_id,
        number=cart.number,
        placed_at=cart.placed_at,
        day=cart.placed_at.astimezone(ZoneInfo(settings.SHOP_TIME_ZONE)).date(),
        outcome=verdict.outcome,
        winner=verdict.winner,
        given=verdict.given,
        goods=undiscounted_total(before),
        goods_before=goods_total(before),
        goods_after=goods_total(after),
        total_before=before.grand_total,
        total_after=after.grand_total,
        margin_before=margin(before, costs, prices_include_tax=with_tax),
        margin_after=margin(after, costs, prices_include_tax=with_tax),
    )


def _uses(order: SimulatedOrder, before: Quote, after: Quote) -> list[SimulatedUse]:
    """A row per promotion and code that was used, would have been, or both."""
    rows: dict[tuple[int, str], SimulatedUse] = {}
    for name, priced in (("before", before), ("after", after)):
        for use in priced.applied:
            key = (use.promotion, normal_code(use.code))
            row = rows.setdefault(key, SimulatedUse(run_id=order.run_id, order=order, promotion=key[0], code=key[1]))
            setattr(row, name, use.amount)
    return list(rows.values())
