"""Making and editing promotions: each edit is a new version, and orders keep theirs."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Count, Model, ProtectedError, Sum
from django.db.models.functions import Coalesce

from core.countries import COUNTRY_CODES
from core.errors import FieldError, Invalid
from core.money import ZERO
from core.transactions import in_one_transaction
from market.catalog.models import Attribute, Category, Collection, Product, Variant
from market.customers.models import MembershipTier
from market.pricing.errors import PromotionNotFound, PromotionUsed
from market.pricing.models import CustomerList, Promotion, PromotionTally, PromotionUse, PromotionVersion
from market.pricing.rules import PromotionInput, promotion_from_json, promotion_to_json


@in_one_transaction
def create_promotion(*, label: str, rules: Mapping[str, Any], status: str = Promotion.Status.DRAFT) -> Promotion:
    """Make a promotion; it is given once it is active.

    `rules` has the fields of `PromotionInput`. Raises Invalid naming the field that makes no sense.
    """
    parsed = read_rules(label=label, rules=rules)
    promotion = Promotion.objects.create(label=label, status=status, **_columns(parsed))
    _write_version(promotion)
    PromotionTally.objects.create(promotion=promotion)
    return promotion


@in_one_transaction
def update_promotion(*, promotion_id: int, label: str, rules: Mapping[str, Any]) -> Promotion:
    """Give a promotion another label or other rules: a new version, unless nothing changed.

    Locks it, so that orders under way are counted or see the new version. Raises PromotionNotFound, and
    Invalid naming the field that makes no sense.
    """
    parsed = read_rules(label=label, rules=rules)
    promotion = hold_promotion(promotion_id)
    columns = _columns(parsed)
    if (label, columns["rules"]) == (promotion.label, promotion.rules):
        return promotion
    promotion.label, promotion.version = label, promotion.version + 1
    for name, value in columns.items():
        setattr(promotion, name, value)
    promotion.save()
    _write_version(promotion)
    if parsed.is_limited:
        _count_uses(promotion)
    return promotion


@in_one_transaction
def set_status(*, promotion_id: int, status: str) -> Promotion:
    """Activate, withdraw or archive a promotion. Idempotent. Raises PromotionNotFound."""
    promotion = hold_promotion(promotion_id)
    if promotion.status != status:
        promotion.status = status
        promotion.save(update_fields=["status", "updated_at"])
    return promotion


@in_one_transaction
def delete_promotion(*, promotion_id: int) -> None:
    """Delete a promotion that no order has used. Raises PromotionNotFound and PromotionUsed."""
    promotion = hold_promotion(promotion_id)
    try:
        promotion.delete()
    except ProtectedError:
        raise PromotionUsed from None


def hold_promotion(promotion_id: int) -> Promotion:
    """The promotion, locked until the transaction ends. Raises PromotionNotFound."""
    promotion = Promotion.objects.select_for_update(no_key=True).filter(pk=promotion_id).first()
    if promotion is None:
        raise PromotionNotFound
    return promotion


def read_rules(*, label: str, rules: Mapping[str, Any]) -> PromotionInput:
    """The promotion that the rules describe. Raises Invalid naming `rules.` and the field."""
    try:
        parsed = promotion_from_json(rules, id=0, version=1, label=label)
    except ValueError as error:
        field, _, message = str(error).partition(": ")
        raise _invalid(field, message or str(error)) from None
    if parsed.problem:
        field, _, message = parsed.problem.partition(": ")
        raise _invalid(f"rules.{field}" if message else "rules", message or parsed.problem)
    if parsed.gift_variant is not None and not Variant.objects.filter(pk=parsed.gift_variant).exists():
        raise _invalid("rules.gift_variant", "There is no such variant.")
    if parsed.starts_at is not None and parsed.ends_at is not None and parsed.ends_at <= parsed.starts_at:
        raise _invalid("rules.ends_at", "It ends before it starts.")
    _refuse_unknown(parsed)
    return parsed


def _refuse_unknown(parsed: PromotionInput) -> None:
    """Raise Invalid for goods, lists, tiers and countries that there are not: such a promotion would never be given."""
    for place, goods in (("rules.goods", parsed.goods), ("rules.get_goods", parsed.get_goods)):
        if goods is not None:
            for name, model in (("products", Product), ("collections", Collection), ("categories", Category)):
                _refuse_missing(f"{place}.{name}", model, getattr(goods, name))
            _refuse_unknown_attributes(f"{place}.attributes", goods.attributes)
    _refuse_missing("rules.customer_lists", CustomerList, parsed.customer_lists)
    for name, wanted, known in (
        ("tiers", parsed.tiers, MembershipTier.Code.values),
        ("countries", parsed.countries, COUNTRY_CODES),
    ):
        if unknown := [value for value in wanted if value not in known]:
            raise _invalid(f"rules.{name}", f"There is no {unknown[0]}.")


def _refuse_missing(field: str, model: type[Model], ids: Iterable[int]) -> None:
    if ids:
        known = set(model.objects.filter(pk__in=ids).values_list("pk", flat=True))
        if missing := sorted(set(ids) - known):
            raise _invalid(field, f"There is no {missing[0]}.")


def _refuse_unknown_attributes(field: str, tokens: Iterable[str]) -> None:
    if not tokens:
        return
    told = {token: token.partition("=") for token in tokens}
    codes = {code for code, _, _ in told.values()}
    known = set(Attribute.objects.filter(code__in=codes).values_list("code", flat=True))
    for token, (code, _, value) in told.items():
        if not value:
            raise _invalid(field, f"{token} is no attribute and value, such as color=red.")
        if code not in known:
            raise _invalid(field, f"There is no attribute {code}.")


def _invalid(field: str, message: str) -> Invalid:
    return Invalid(f"{field}: {message}", errors=[FieldError(field, "invalid", message)])


def _columns(parsed: PromotionInput) -> dict[str, Any]:
    return {
        "rules": promotion_to_json(parsed),
        "kind": parsed.kind.value,
        "requires_coupon": parsed.requires_coupon,
        "priority": parsed.priority,
        "starts_at": parsed.starts_at,
        "ends_at": parsed.ends_at,
    }


def _write_version(promotion: Promotion) -> None:
    PromotionVersion.objects.create(
        promotion=promotion, number=promotion.version, label=promotion.label, rules=promotion.rules
    )


def _count_uses(promotion: Promotion) -> None:
    """The tally as the uses say: those of a time without limits were not counted."""
    PromotionTally.objects.select_for_update(no_key=True).get(pk=promotion.pk)
    uses = PromotionUse.objects.filter(promotion=promotion)
    uses.filter(is_counted=False).update(is_counted=True)
    PromotionTally.objects.filter(pk=promotion.pk).update(
        **uses.order_by().aggregate(uses=Count("pk"), amount=Coalesce(Sum("amount"), ZERO))
    )
