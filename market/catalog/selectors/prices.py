"""What is planned for prices, what they were, and what they will be as far as it is known now."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils import timezone

from market.catalog.errors import PriceChangeNotFound
from market.catalog.models import PlannedPrice, PriceSpan, Product, Variant
from market.catalog.rules import TOLD_BACK, Edit, Plan, PlanState, ToldPrice, played

SETTLED = (PlannedPrice.State.APPLIED, PlannedPrice.State.ENDED)
PRESENT, PAST, PLANNED = "present", "past", "planned"


def planned_prices() -> QuerySet[PlannedPrice]:
    """What is planned and was, each with the id of its product: one query."""
    return PlannedPrice.objects.annotate(product_id=F("variant__product_id"))


def planned_price(*, planned_price_id: int) -> PlannedPrice:
    """One of them: one query. Raises PriceChangeNotFound."""
    row = planned_prices().filter(pk=planned_price_id).first()
    if row is None:
        raise PriceChangeNotFound
    return row


@dataclass(frozen=True, slots=True)
class DatedPrice:
    """What a variant costs at a moment. `basis` says from where: it is the present price, a past or a planned one.

    `known_since` is None, or the moment from which on the price is known when the one that was asked for lies
    before it; then it is the earliest that is known.
    """

    price: Decimal
    compare_at_price: Decimal | None
    basis: str
    known_since: datetime | None


def prices_at(*, variant_ids: Collection[int], moment: datetime) -> dict[int, DatedPrice]:
    """What variants cost at a moment, by id, without those that are gone: two queries.

    Three of a moment to come while something planned is late.
    """
    columns = ("pk", "price", "compare_at_price", "created_at", "product__status")
    rows = Variant.objects.filter(pk__in=variant_ids).order_by("pk").values_list(*columns)
    now = timezone.now()
    if moment > now:
        return _planned(rows, moment=moment, now=now)
    ended_later = PriceSpan.objects.filter(variant_id__in=variant_ids, ended_at__gt=moment)
    first = ended_later.order_by("variant_id", "ended_at", "pk").distinct("variant_id")
    spans = {span.variant_id: span for span in first}
    dated = {}
    for pk, price, compare_at_price, created_at, _ in rows:
        span = spans.get(pk)
        known_since = max(created_at, now - TOLD_BACK)
        if span is None:
            told, basis = (price, compare_at_price), PRESENT
        else:
            told, basis = (span.price, span.compare_at_price), PAST
            known_since = max(known_since, span.began_at) if span.began_at > moment else known_since
        dated[pk] = DatedPrice(*told, basis, known_since if moment < known_since else None)
    return dated


def edits_since(*, present: Mapping[int, ToldPrice], since: Mapping[int, datetime]) -> dict[int, list[Edit]]:
    """What somebody has changed by hand of prices, by variant and in order, each since its moment: one query.

    `present` are the prices now. What a planned price has changed when it was applied is none of these.
    """
    if not since:
        return {}
    by_plan = PlannedPrice.objects.filter(
        variant_id=OuterRef("variant_id"), state__in=SETTLED, updated_at__gte=OuterRef("ended_at")
    )
    spans = PriceSpan.objects.filter(variant_id__in=since, ended_at__gt=min(since.values())).filter(~Exists(by_plan))
    ended = defaultdict(list)
    for span in spans.order_by("variant_id", "ended_at", "pk"):
        if span.ended_at > since[span.variant_id]:
            ended[span.variant_id].append((span.ended_at, ToldPrice(span.price, span.compare_at_price)))
    return {
        pk: [
            Edit(moment, before, after)
            for (moment, before), after in zip(
                of_variant, [*(before for _, before in of_variant[1:]), present[pk]], strict=True
            )
        ]
        for pk, of_variant in ended.items()
    }


def first_due(plans: Mapping[int, Iterable[Plan]], *, now: datetime) -> dict[int, datetime]:
    """Since when something is due of the plans, by variant, without those of which nothing is."""
    due = {pk: [plan.due_at for plan in some if plan.due_at is not None] for pk, some in plans.items()}
    return {pk: min(moments) for pk, moments in due.items() if moments and min(moments) <= now}


def _planned(rows: QuerySet, *, moment: datetime, now: datetime) -> dict[int, DatedPrice]:
    variants = list(rows)
    plans = defaultdict(list)
    for row in PlannedPrice.objects.filter(variant_id__in=[row[0] for row in variants], due_at__isnull=False):
        plans[row.variant_id].append(row.plan)
    present = {row[0]: ToldPrice(row[1], row[2]) for row in variants}
    edits = edits_since(present=present, since=first_due(plans, now=now))
    dated = {}
    for pk, *_, status in variants:
        told = present[pk]
        possible = [
            plan for plan in plans[pk] if status != Product.Status.ARCHIVED or plan.state is not PlanState.PLANNED
        ]
        edited = edits.get(pk, [])
        then, _ = played(edited[0].before if edited else told, possible, until=moment, edits=edited)
        dated[pk] = DatedPrice(then.price, then.compare_at_price, PRESENT if then == told else PLANNED, None)
    return dated
