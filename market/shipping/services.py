"""Writes of shipping zones and methods."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from core.errors import FieldError
from core.saving import changed, held, problems_of, refuse, repeated, save_valid
from core.transactions import in_one_transaction
from market.shipping import rules
from market.shipping.errors import ZoneInUse
from market.shipping.models import ShippingMethod, ShippingStep, ShippingZone, ZoneArea

STANDARD_METHOD = {"label": "Standard delivery", "price": Decimal("4.95"), "delivery_days": 3}
NAMED_IN_REFUSAL = 10


def ensure_standard_method() -> None:
    """Make sure that the method `standard` exists: one statement.

    Idempotent; a method that is there already, also one that staff changed, is left alone.
    """
    ShippingMethod.objects.bulk_create([ShippingMethod(code="standard", **STANDARD_METHOD)], ignore_conflicts=True)


@in_one_transaction
def make_zone(*, values: Mapping[str, Any]) -> ShippingZone:
    """Make a zone with its `areas`. Raises Invalid naming each field, such as `areas.0.country`."""
    return _save_zone(ShippingZone(), values)


@in_one_transaction
def change_zone(*, row_id: int, changes: Mapping[str, Any]) -> ShippingZone:
    """Change a zone; `areas`, where given, are all that it has then. Raises NotFound, and Invalid as `make_zone`."""
    return _save_zone(held(ShippingZone, row_id), changes)


@in_one_transaction
def delete_zone(*, row_id: int) -> None:
    """Delete a zone to which no method goes. Raises NotFound, and ZoneInUse naming the methods."""
    zone = held(ShippingZone, row_id)
    methods = list(zone.methods.order_by("pk").values_list("code", flat=True)[:NAMED_IN_REFUSAL])
    if methods:
        raise ZoneInUse(f"These go to {zone.name}: {', '.join(methods)}.", extra={"methods": methods})
    zone.delete()


@in_one_transaction
def make_method(*, values: Mapping[str, Any]) -> ShippingMethod:
    """Make a method with its `steps`, and the `zones` (ids) to which it goes. Raises Invalid naming each field."""
    return _save_method(ShippingMethod(), values)


@in_one_transaction
def change_method(*, row_id: int, changes: Mapping[str, Any]) -> ShippingMethod:
    """Change a method, but for its code: carts and orders keep that. Raises NotFound, and Invalid naming each field."""
    method = held(ShippingMethod, row_id)
    if changes.get("code", method.code) != method.code:
        refuse([FieldError("code", "unchangeable", "Carts and orders keep the code, so it stays what it is.")])
    return _save_method(method, changes)


@in_one_transaction
def delete_method(*, row_id: int) -> None:
    """Delete a method. Orders keep its code and what it cost; carts that chose it choose anew. Raises NotFound."""
    held(ShippingMethod, row_id).delete()


def _save_zone(zone: ShippingZone, values: Mapping[str, Any]) -> ShippingZone:
    save_valid(changed(zone, {name: value for name, value in values.items() if name != "areas"}), whole="name")
    if "areas" in values:
        _refuse_many("areas", values["areas"], most=rules.MAX_AREAS)
        areas = [ZoneArea(zone=zone, **area) for area in values["areas"]]
        problems = [
            problem
            for place, area in enumerate(areas)
            for problem in problems_of(area, whole="country", at=f"areas.{place}.", alone=True)
        ]
        keys = [
            rules.same_area(country=area.country, region=area.region, postal_patterns=area.postal_patterns)
            for area in areas
        ]
        refuse(problems or repeated(keys, at="areas", message="This area is there already."))
        zone.areas.all().delete()
        ZoneArea.objects.bulk_create(areas)
    return zone


def _save_method(method: ShippingMethod, values: Mapping[str, Any]) -> ShippingMethod:
    own = {name: value for name, value in values.items() if name not in {"steps", "zones"}}
    save_valid(changed(method, own), whole="delivery_days_most")
    if "zones" in values:
        _set_zones(method, values["zones"])
    if "steps" in values:
        _refuse_many("steps", values["steps"], most=rules.MAX_STEPS)
        steps = [ShippingStep(method=method, **step) for step in values["steps"]]
        refuse(repeated([step.at_least for step in steps], at="steps", message="Another step begins there."))
        method.steps.all().delete()
        ShippingStep.objects.bulk_create(steps)
    if method.kind == ShippingMethod.Kind.FLAT and method.steps.exists():
        refuse([FieldError("steps", "invalid", "A price that is the same for every order has no steps.")])
    return method


def _refuse_many(field: str, rows: Sequence[Any], *, most: int) -> None:
    if len(rows) > most:
        refuse([FieldError(field, "max_length", f"There can be {most} at most.")])


def _set_zones(method: ShippingMethod, zone_ids: Sequence[int]) -> None:
    known = set(ShippingZone.objects.filter(pk__in=zone_ids).values_list("pk", flat=True))
    refuse(
        [
            FieldError(f"zones.{place}", "unknown", "There is no such zone.")
            for place, pk in enumerate(zone_ids)
            if pk not in known
        ]
    )
    method.zones.set(known)
