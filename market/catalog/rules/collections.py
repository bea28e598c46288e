"""The conditions of collections."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from core.errors import FieldError
from market.catalog.rules.attributes import ATTRIBUTE_CODE, MAX_ATTRIBUTE_TEXT

SLUG = re.compile(r"[-a-zA-Z0-9_]{1,200}")
AMOUNT = re.compile(r"\d{1,8}(\.\d{1,2})?", re.ASCII)
MAX_DAYS = 3650
MAX_RULE_VALUES = 20


def collection_conditions(rules: Mapping[str, Any]) -> tuple[dict[str, Any], list[FieldError]]:
    """The conditions of a collection as they are stored, and what is wrong with them, field by field.

    A product belongs to it when it meets all of them: `category` (a slug, with what lies below it), `min_price`
    and `max_price` (amounts), `min_rating`, `on_sale`, `featured`, `in_stock`, `newer_than_days`, and
    `attributes`, of each of which it has one of the values.
    """
    problems = []
    for name, value in rules.items():
        problem = COLLECTION_RULES[name](value) if name in COLLECTION_RULES else "There is no such rule."
        if problem:
            problems.append(FieldError(f"rules.{name}", "invalid" if name in COLLECTION_RULES else "unknown", problem))
    has_bounds = not problems and {"min_price", "max_price"} <= rules.keys()
    if has_bounds and Decimal(rules["min_price"]) > Decimal(rules["max_price"]):
        problems.append(FieldError("rules.min_price", "above_max_price", "Give no more than max_price."))
    if not rules:
        problems.append(FieldError("rules", "empty", "Give at least one rule."))
    return dict(rules), problems


def _flag_problem(value: Any) -> str | None:
    return None if isinstance(value, bool) else "Give true or false."


def _slug_problem(value: Any) -> str | None:
    return None if isinstance(value, str) and SLUG.fullmatch(value) else "Give the slug of a category."


def _amount_problem(value: Any) -> str | None:
    is_amount = isinstance(value, str) and AMOUNT.fullmatch(value)
    return None if is_amount else 'Give an amount as text, such as "12.50".'


def _stars_problem(value: Any) -> str | None:
    is_stars = isinstance(value, int | float) and not isinstance(value, bool) and 1 <= value <= 5
    return None if is_stars else "Give a number from 1 to 5."


def _days_problem(value: Any) -> str | None:
    is_days = isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_DAYS
    return None if is_days else f"Give a whole number from 1 to {MAX_DAYS}."


def _choices_problem(value: Any) -> str | None:
    if not isinstance(value, dict) or not 0 < len(value) <= MAX_RULE_VALUES:
        return f"Give 1 to {MAX_RULE_VALUES} attributes by their codes."
    for code, wanted in value.items():
        if not (ATTRIBUTE_CODE.fullmatch(code) and isinstance(wanted, list) and 0 < len(wanted) <= MAX_RULE_VALUES):
            return f"Give 1 to {MAX_RULE_VALUES} values of {code} as a list."
        if not all(isinstance(one, str) and 0 < len(one) <= MAX_ATTRIBUTE_TEXT for one in wanted):
            return f"Give the values of {code} as texts."
    return None


COLLECTION_RULES = {
    "category": _slug_problem,
    "min_price": _amount_problem,
    "max_price": _amount_problem,
    "min_rating": _stars_problem,
    "on_sale": _flag_problem,
    "featured": _flag_problem,
    "in_stock": _flag_problem,
    "newer_than_days": _days_problem,
    "attributes": _choices_problem,
}
