"""Promotions as staff write them: flat fields, their own name, whether it is given, and its one code."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.utils.crypto import salted_hmac

from core.errors import FieldError, Invalid
from core.transactions import in_one_transaction
from market.pricing.errors import PromotionEdited, PromotionUsed
from market.pricing.models import Coupon, Promotion
from market.pricing.rules import FLAT_FIELDS, flat_names, promotion_to_json, rules_from_flat
from market.pricing.services.coupons import check_code, set_code, single_code
from market.pricing.services.promotions import (
    create_promotion,
    delete_promotion,
    hold_promotion,
    read_rules,
    set_status,
    update_promotion,
)

Status = Promotion.Status
# They give what they give: a value means nothing to them.
KINDS_WITHOUT_VALUE = frozenset({"spend_threshold", "free_shipping", "gift"})


@dataclass(frozen=True, slots=True)
class Removal:
    """What became of a promotion that was to be deleted."""

    is_archived: bool


@in_one_transaction
def make_promotion(*, fields: Mapping[str, Any]) -> Promotion:
    """Make a promotion of flat fields; it is given at once, unless `is_active` is false or `status` says otherwise.

    Without `label` buyers see the name. A `coupon_code` makes it need one. Raises Invalid naming each flat field.
    """
    flat = _with_code(fields, fields)
    with _told_flat():
        promotion = create_promotion(
            label=_label(fields), rules=rules_from_flat(flat), status=_status(fields, now=Status.ACTIVE)
        )
    _write_name(promotion, fields)
    if fields.get("coupon_code"):
        set_code(promotion_id=promotion.pk, code=fields["coupon_code"])
    return promotion


@in_one_transaction
def edit_promotion(*, promotion_id: int, changes: Mapping[str, Any], replaces: bool = False) -> Promotion:
    """Change flat fields of a promotion; other rules or another label are a new version.

    What `changes` leave out stays; with `replaces` rules that are left out are as by default, but for
    `requires_coupon`: its codes stay too. Locks the promotion. Raises PromotionNotFound, and Invalid naming each flat
    field.
    """
    promotion = hold_promotion(promotion_id)
    _refuse_codes_for_nothing(promotion, changes)
    before = {"requires_coupon": promotion.requires_coupon} if replaces else promotion.flat
    flat = _with_code(changes, before | {name: changes[name] for name in FLAT_FIELDS if name in changes})
    label = _label({"name": promotion.title, **({} if replaces else {"label": promotion.label}), **changes})
    rules = rules_from_flat(flat)
    if _is_other(promotion, label, rules):
        with _told_flat():
            promotion = update_promotion(promotion_id=promotion_id, label=label, rules=rules)
    promotion = set_status(promotion_id=promotion_id, status=_status(changes, now=promotion.status))
    _write_name(promotion, changes)
    if "coupon_code" in changes:
        set_code(promotion_id=promotion_id, code=changes["coupon_code"] or "")
    return promotion


@in_one_transaction
def remove_promotion(*, promotion_id: int) -> Removal:
    """Delete a promotion that no order has used, with its codes; archive any other. Raises PromotionNotFound."""
    try:
        delete_promotion(promotion_id=promotion_id)
    except PromotionUsed:
        set_status(promotion_id=promotion_id, status=Status.ARCHIVED)
        return Removal(is_archived=True)
    return Removal(is_archived=False)


def check_promotion(*, fields: Mapping[str, Any], promotion_id: int | None = None) -> None:
    """Raise Invalid naming each flat field that `make_promotion`, or `edit_promotion`, would refuse; writes nothing."""
    label, rules = _label(fields), rules_from_flat(_with_code(fields, fields))
    present = Promotion.objects.filter(pk=promotion_id).first() if promotion_id else None
    if present is not None:
        _refuse_codes_for_nothing(present, fields)
    if present is None or _is_other(present, label, rules):
        with _told_flat():
            read_rules(label=label, rules=rules)
    if fields.get("coupon_code"):
        check_code(promotion_id=promotion_id, code=fields["coupon_code"])


def state_of(promotion: Promotion) -> str:
    """What tells a promotion from the same one after any edit, of its code too, and nothing else of it."""
    code = single_code(promotion_id=promotion.pk)
    told = f"{promotion.version} {promotion.updated_at.isoformat()} {code.code if code else ''}"
    return salted_hmac("promotion state", told, algorithm="sha256").hexdigest()


def check_unchanged(*, promotion_id: int, state: str) -> None:
    """Lock the promotion and raise PromotionEdited unless it is still in this state. Raises PromotionNotFound."""
    if state_of(hold_promotion(promotion_id)) != state:
        raise PromotionEdited


def changed_rules(*, promotion: Promotion, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The rules that `edit_promotion` would write; writes nothing. Raises Invalid naming each flat field."""
    flat = _with_code(changes, promotion.flat | {name: changes[name] for name in FLAT_FIELDS if name in changes})
    rules = rules_from_flat(flat)
    with _told_flat():
        return promotion_to_json(read_rules(label=promotion.label, rules=rules))


def _with_code(changes: Mapping[str, Any], flat: Mapping[str, Any]) -> dict[str, Any]:
    """The rules of flat fields: a code that is given is needed. Raises Invalid for what contradicts itself."""
    rules = {name: flat[name] for name in FLAT_FIELDS if name in flat}
    if changes.get("coupon_code"):
        if changes.get("requires_coupon") is False:
            raise _invalid("requires_coupon", "A code was given, which nobody would need.")
        rules["requires_coupon"] = True
    if rules.get("value") is None and rules.get("kind") not in KINDS_WITHOUT_VALUE:
        raise _invalid("value", "Give a value.", code="required")
    return rules


def _refuse_codes_for_nothing(promotion: Promotion, changes: Mapping[str, Any]) -> None:
    """A promotion that has codes is not for everybody. Raises Invalid naming `requires_coupon`."""
    if not promotion.requires_coupon or changes.get("requires_coupon") is not False:
        return
    codes = Coupon.objects.filter(promotion=promotion, is_active=True)
    if "coupon_code" in changes and not changes["coupon_code"] and (one := single_code(promotion_id=promotion.pk)):
        codes = codes.exclude(pk=one.pk)
    if codes.exists():
        raise _invalid("requires_coupon", "It has codes, which nobody would need. Switch them off first.")


def _is_other(promotion: Promotion, label: str, rules: Mapping[str, Any]) -> bool:
    """What a promotion named may be gone since: who only switches it off is not to mend that."""
    return (label, rules) != (promotion.label, rules_from_flat(promotion.flat))


def _label(fields: Mapping[str, Any]) -> str:
    return fields.get("label") or fields["name"]


def _status(fields: Mapping[str, Any], *, now: str) -> str:
    if "status" in fields:
        if fields.get("is_active", is_active := fields["status"] == Status.ACTIVE) != is_active:
            raise _invalid("is_active", f"It contradicts the status {fields['status']}.")
        return fields["status"]
    if "is_active" not in fields:
        return now
    if fields["is_active"]:
        return Status.ACTIVE
    return Status.DRAFT if now == Status.ACTIVE else now


def _write_name(promotion: Promotion, fields: Mapping[str, Any]) -> None:
    if "name" in fields and fields["name"] != promotion.name:
        promotion.name = fields["name"]
        promotion.save(update_fields=["name", "updated_at"])


@contextmanager
def _told_flat() -> Iterator[None]:
    """Refusals of rules, told of the flat fields."""
    try:
        yield
    except Invalid as refusal:
        errors = [
            FieldError(name, error.code, error.message) for error in refusal.errors for name in flat_names(error.field)
        ]
        detail = "; ".join(f"{error.field}: {error.message}" for error in errors)
        raise Invalid(detail, errors=errors) from None


def _invalid(field: str, message: str, *, code: str = "invalid") -> Invalid:
    return Invalid(f"{field}: {message}", errors=[FieldError(field, code, message)])
