"""A promotion for who may look at it and not change it."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.utils import formats, timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from market.pricing.admin.fields import STEP_LABELS
from market.pricing.admin.promotion_form import ROWS, PromotionForm
from market.pricing.models import Promotion
from market.pricing.rules import FLAT_FIELDS, PromotionInput, flat_from_promotion

READ_ONLY = [(None, {"fields": ["name", "label", "status", "version"]}), ("Rules", {"fields": ["rules_shown"]})]


def rules_table(promotion: Promotion) -> SafeString:
    """Each rule that is not as by default, by the name that the form gives it."""
    flat = promotion.flat
    usual = flat_from_promotion(PromotionInput(id=0, kind=flat["kind"]))
    told = [name for name in FLAT_FIELDS if name in {"kind", "value"} or flat[name] != usual[name]]
    rows = ((_label(name), "; ".join(_words(name, flat[name]))) for name in told)
    body = format_html_join("", '<tr><th scope="row">{}</th><td>{}</td></tr>', rows)
    return format_html('<table class="pricing-rules">{}</table>', body)


def _label(name: str) -> str:
    field = PromotionForm.base_fields[name]
    return str(field.label or name.replace("_", " ").capitalize())


def _words(name: str, value: Any) -> Iterator[str]:
    if name in ROWS or name == "gift_variant":
        ids = value if name in ROWS else [value]
        known = PromotionForm.base_fields[name].queryset.in_bulk(ids)
        yield from (f"{known[id_]} ({id_})" if id_ in known else f"{id_} (deleted)" for id_ in ids)
    elif name == "thresholds":
        for step in value:
            yield ", ".join(
                f"{label}: {part}" for key, label in STEP_LABELS.items() if (part := getattr(step, key)) is not None
            )
    elif isinstance(value, tuple):
        choices = dict(getattr(PromotionForm.base_fields[name], "choices", ()))
        yield from (str(choices.get(part, part)) for part in value)
    elif isinstance(value, datetime):
        yield formats.localize(timezone.localtime(value))
    elif isinstance(value, bool):
        yield "yes" if value else "no"
    else:
        yield str(value)
