"""What is planned for prices, what they were, and what they will be as far as it is known now."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import F, QuerySet
from django.utils import timezone

from market.catalog.errors import PriceChangeNotFound
from market.catalog.models import PlannedPrice, PriceSpan, Product, Variant
from market.catalog.rules import TOLD_BACK, PlanState, ToldPrice, played

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
    """What variants cost at a moment, by id, without those that are gone: two queries."""
    columns = ("pk", "price", "compare_at_price", "created_at", "product__status")
    rows = Variant.objects.filter(pk__in=variant_ids).order_by("pk").values_list(*columns)
    now = timezone.now()
    if moment > now:
        return _planned(rows, moment=moment)
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


def _planned(rows: QuerySet, *, moment: datetime) -> dict[int, DatedPrice]:
    variants = list(rows)
    plans = defaultdict(list)
    for row in PlannedPrice.objects.filter(variant_id__in=[row[0] for row in variants], due_at__isnull=False):
        plans[row.variant_id].append(row.plan)
    dated = {}
    for pk, price, compare_at_price, _, status in variants:
        now = ToldPrice(price, compare_at_price)
        possible = [
            plan for plan in plans[pk] if status != Product.Status.ARCHIVED or plan.state is not PlanState.PLANNED
        ]
        then, _ = played(now, possible, until=moment)
        dated[pk] = DatedPrice(then.price, then.compare_at_price, PRESENT if then == now else PLANNED, None)
    return dated
