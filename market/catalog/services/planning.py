"""Prices from a moment on: planned by staff, and applied when it has come."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import DateTimeField, Func, Q
from django.utils import timezone

from core.errors import FieldError, Invalid
from core.guards import guard_enabled
from core.transactions import in_one_transaction
from market.catalog.errors import PriceChangeExists, PriceChangeNotFound, PriceChangeNotPlanned, ProductArchived
from market.catalog.models import PlannedPrice, Product, Variant
from market.catalog.rules import Edit, Plan, PlanState, ToldPrice, played
from market.catalog.selectors.prices import edits_since, first_due
from market.catalog.services.locks import hold_products
from market.catalog.services.prices import write_told_prices

# Planned or open for one variant: all are looked at when one is due, and when a future price is asked for.
MAX_PLANS = 100
MAX_CHANGES = 100
HORIZON = timedelta(days=3650)
# A client's clock may be so far behind when he ends something at once.
NOW = timedelta(minutes=1)
TARGETS = ("price", "compare_at_price", "removes_compare_at")
GONE = "The variant is gone."
ARCHIVED = "The product is archived."
NO_PRICE = ToldPrice(Decimal(0), None)
MISSED = "Its time was over before it could be applied."


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPriceChange:
    """A price to be planned, as `rules.Plan`."""

    variant_id: int
    starts_at: datetime
    ends_at: datetime | None = None
    price: Decimal | None = None
    compare_at_price: Decimal | None = None
    removes_compare_at: bool = False


@in_one_transaction
def plan_price_changes(*, changes: Sequence[NewPriceChange], prefix: str = "") -> list[PlannedPrice]:
    """Plan some prices, all or none; `prefix` begins the fields in refusals, before the change's place.

    Five statements however many. Locks the products by primary key. Raises Invalid naming what makes no sense,
    ProductArchived, and PriceChangeExists for a second one of a variant at one moment.
    """
    places = [f"{prefix}{place}." if prefix else "" for place in range(len(changes))]
    if len(changes) > MAX_CHANGES:
        raise _invalid([FieldError("changes", "too_many", f"Give at most {MAX_CHANGES} at once.")])
    now = timezone.now()
    if problems := [
        problem
        for place, new in zip(places, changes, strict=True)
        for problem in price_change_problems(new, now=now, place=place)
    ]:
        raise _invalid(problems)
    variants = _held_variants([new.variant_id for new in changes])
    _refuse_unknown(variants, changes, places)
    wanted = [PlannedPrice(**asdict(new), sku=variants[new.variant_id].sku, due_at=new.starts_at) for new in changes]
    _refuse_against_others(variants, wanted, places)
    return PlannedPrice.objects.bulk_create(wanted)


@in_one_transaction
def update_price_change(*, price_change_id: int, changes: Mapping[str, Any]) -> PlannedPrice:
    """Change what is planned: prices and moments; once applied, the end alone if it has one. Locks the product,
    then the row.

    Raises PriceChangeNotFound, PriceChangeNotPlanned for what is no longer changed, and what `plan_price_changes`
    raises.
    """
    planned, variants = _held_plan(price_change_id, with_open=set(changes) == {"ends_at"})
    if planned.plan.is_open:
        return _end_at(planned, changes["ends_at"])
    if planned.variant_id is None:
        raise PriceChangeNotPlanned(GONE, errors=[FieldError("variant", "gone", GONE)])
    for name, value in changes.items():
        setattr(planned, name, value)
    fields = NewPriceChange.__dataclass_fields__
    new = NewPriceChange(**{name: getattr(planned, name) for name in fields})
    if problems := list(price_change_problems(new, now=timezone.now())):
        raise _invalid(problems)
    _refuse_unknown(variants, [new], [""])
    _refuse_against_others(variants, [planned], [""])
    planned.due_at = planned.starts_at
    planned.save()
    return planned


def _end_at(planned: PlannedPrice, ends_at: datetime | None) -> PlannedPrice:
    now = timezone.now()
    if ends_at is None:
        raise _invalid([FieldError("ends_at", "required", "What has begun with an end keeps one: give another.")])
    if ends_at <= now - NOW:
        raise _invalid([FieldError("ends_at", "past", "Give this moment, or one that is still to come.")])
    if ends_at <= planned.starts_at:
        raise _invalid([FieldError("ends_at", "before_start", "Give a moment after it starts.")])
    if ends_at > now + HORIZON:
        raise _invalid([FieldError("ends_at", "too_late", "Give a moment within ten years.")])
    planned.ends_at = planned.due_at = ends_at
    # `updated_at` stays: of what was applied it says when that was.
    planned.save(update_fields=["ends_at", "due_at"])
    return planned


@in_one_transaction
def cancel_price_change(*, price_change_id: int) -> PlannedPrice:
    """Take back what is planned. Raises PriceChangeNotFound, and PriceChangeNotPlanned once it was applied."""
    planned, _ = _held_plan(price_change_id)
    planned.state, planned.due_at = PlannedPrice.State.CANCELED, None
    planned.save(update_fields=["state", "due_at", "updated_at"])
    return planned


@in_one_transaction
def apply_due_price_changes(*, limit: int) -> int:
    """Do what is due of at most so many planned prices, oldest first; how many were found due.

    Twelve statements however many. Each variant gets in one step what all of its plans up to now make of its
    price: those that came late are no prices that anybody saw, and what was changed by hand after their moment
    stays. Locks the products, the variants, the planned prices and the listings, each by primary key.
    """
    now = timezone.now()
    due = list(
        PlannedPrice.objects.filter(due_at__lte=now).order_by("due_at", "pk").values_list("pk", "variant_id")[:limit]
    )
    if not due:
        return 0
    variants = _held_variants({variant_id for _, variant_id in due if variant_id is not None})
    rows = PlannedPrice.objects.filter(
        Q(variant_id__in=variants) | Q(pk__in=[pk for pk, _ in due]), due_at__isnull=False, starts_at__lte=now
    ).order_by("pk")
    if guard_enabled("planned_price_lock"):
        rows = rows.select_for_update(no_key=True)
    plans = defaultdict(list)
    for row in rows:
        plans[row.variant_id if row.variant_id in variants else None].append(row)
    present = {pk: ToldPrice(variant.price, variant.compare_at_price) for pk, variant in variants.items()}
    of_known = {pk: [row.plan for row in rows] for pk, rows in plans.items() if pk is not None}
    edits = edits_since(present=present, since=first_due(of_known, now=now))
    written, before, after = [], {}, {}
    for variant_id, of_variant in plans.items():
        told = present.get(variant_id, NO_PRICE)
        row_plans, edited = [row.plan for row in of_variant], edits.get(variant_id, [])
        outcome, at = _outcome(told, variants.get(variant_id), row_plans, edited, now)
        if outcome != told:
            before[variant_id], after[variant_id] = told, outcome
        for row in of_variant:
            if at[row.pk] != row.plan:
                row.take(at[row.pk])
                # After the price was written: what that leaves behind in the history was not done by hand.
                row.updated_at = Func(function="clock_timestamp", output_field=DateTimeField())
                written.append(row)
    write_told_prices(before=before, after=after, product_ids={variants[pk].product_id for pk in after})
    columns = ["state", "detail", "due_at", "given_price", "given_compare_at_price", "former_price"]
    PlannedPrice.objects.bulk_update(written, [*columns, "former_compare_at_price", "updated_at"])
    return len(due)


def _outcome(
    told: ToldPrice, variant: Variant | None, plans: list[Plan], edits: list[Edit], now: datetime
) -> tuple[ToldPrice, dict[int, Plan]]:
    """What becomes of a variant's price and of its plans: those that cannot be applied fail with the reason."""
    failed, possible = {}, []
    for plan in plans:
        reason = ""
        if variant is None:
            reason = GONE
        elif plan.state is PlanState.PLANNED and variant.product.status == Product.Status.ARCHIVED:
            reason = ARCHIVED
        elif plan.state is PlanState.PLANNED and plan.ends_at is not None and plan.ends_at <= now:
            reason = MISSED
        if reason:
            failed[plan.id] = replace(plan, state=PlanState.FAILED, detail=reason)
        else:
            possible.append(plan)
    outcome, at = played(edits[0].before if edits else told, possible, until=now, edits=edits)
    return outcome, at | failed


def _held_variants(variant_ids: Collection[int]) -> dict[int, Variant]:
    """Those of the variants that there are, with their products, both held: whoever changes a price begins there."""
    rows = Variant.objects.filter(pk__in=variant_ids).select_related("product").order_by("pk")
    if guard_enabled("planned_price_lock"):
        hold_products(product_ids=list(rows.order_by().values_list("product_id", flat=True)))
        rows = rows.select_for_update(no_key=True, of=("self",))
    return {variant.pk: variant for variant in rows}


def _held_plan(price_change_id: int, *, with_open: bool = False) -> tuple[PlannedPrice, dict[int, Variant]]:
    """A planned price, or one that is open, and its variant, held.

    Raises PriceChangeNotFound and PriceChangeNotPlanned.
    """
    found = PlannedPrice.objects.filter(pk=price_change_id).values_list("variant_id", flat=True)
    variants = _held_variants([variant_id for variant_id in found if variant_id is not None])
    planned = PlannedPrice.objects.select_for_update(no_key=True).filter(pk=price_change_id).first()
    if planned is None:
        raise PriceChangeNotFound
    if planned.state != PlannedPrice.State.PLANNED and not (with_open and planned.plan.is_open):
        message = f"The price change is {planned.state}."
        raise PriceChangeNotPlanned(message, errors=[FieldError("state", planned.state, message)])
    return planned, variants


def price_change_problems(new: NewPriceChange, *, now: datetime, place: str = "") -> Iterator[FieldError]:
    """What makes no sense by itself; `place` begins the fields."""
    if not any(getattr(new, name) for name in TARGETS) and new.price is None and new.compare_at_price is None:
        yield FieldError(f"{place}price", "required", "Give a price, or one to strike through.")
    if new.removes_compare_at and new.compare_at_price is not None:
        yield FieldError(f"{place}compare_at_price", "invalid", "Strike something through, or nothing.")
    if new.price is not None and new.compare_at_price is not None and new.compare_at_price < new.price:
        yield FieldError(f"{place}compare_at_price", "below_price", "Give no less than the price.")
    if new.starts_at <= now:
        yield FieldError(f"{place}starts_at", "past", "Give a moment that is still to come.")
    if new.ends_at is not None and new.ends_at <= new.starts_at:
        yield FieldError(f"{place}ends_at", "before_start", "Give a moment after it starts.")
    for name in ("starts_at", "ends_at"):
        moment = getattr(new, name)
        if moment is not None and moment > now + HORIZON:
            yield FieldError(f"{place}{name}", "too_late", "Give a moment within ten years.")


def _refuse_unknown(variants: Mapping[int, Variant], changes: Sequence[NewPriceChange], places: Sequence[str]) -> None:
    unknown, archived = [], []
    for place, new in zip(places, changes, strict=True):
        variant = variants.get(new.variant_id)
        if variant is None:
            unknown.append(FieldError(f"{place}variant", "unknown", "There is no such variant."))
        elif variant.product.status == Product.Status.ARCHIVED:
            archived.append(FieldError(f"{place}variant", "archived", ARCHIVED))
    if unknown:
        raise _invalid(unknown)
    if archived:
        raise ProductArchived(errors=archived)


def _refuse_against_others(
    variants: Mapping[int, Variant], wanted: Sequence[PlannedPrice], places: Sequence[str]
) -> None:
    """Raise for a variant's second change at a moment, for too many, and for prices that contradict each other then."""
    others = defaultdict(list)
    for row in PlannedPrice.objects.filter(variant_id__in=variants, due_at__isnull=False).exclude(
        pk__in=[row.pk for row in wanted if row.pk is not None]
    ):
        others[row.variant_id].append(row)
    twice, too_many, below = [], [], []
    for place, row in zip(places, wanted, strict=True):
        known = others[row.variant_id]
        if any(other.state == row.state and other.starts_at == row.starts_at for other in known):
            twice.append(FieldError(f"{place}starts_at", "taken", "Another price is planned for this moment."))
        known.append(row)
        if len(known) > MAX_PLANS:
            too_many.append(FieldError(f"{place}variant", "too_many", f"At most {MAX_PLANS} are planned for one."))
        elif row.compare_at_price is not None and row.price is None:
            variant = variants[row.variant_id]
            told = ToldPrice(variant.price, variant.compare_at_price)
            plans = [replace(other.plan, id=number) for number, other in enumerate(known)]
            _, at = played(told, plans, until=row.starts_at)
            if at[len(plans) - 1].state is PlanState.FAILED:
                below.append(FieldError(f"{place}compare_at_price", "below_price", "Give no less than the price then."))
    if twice:
        raise PriceChangeExists(errors=twice)
    if too_many or below:
        raise _invalid([*too_many, *below])


def _invalid(problems: Sequence[FieldError]) -> Invalid:
    return Invalid("The price change makes no sense.", errors=problems)
