"""What products and their variants tell under codes."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from core.errors import FieldError

MAX_ATTRIBUTE_TEXT = 200
MAX_ATTRIBUTE_NUMBER = 10**9
ATTRIBUTE_PLACES = 4
ATTRIBUTE_CODE = re.compile(r"[a-z][a-z0-9_]{0,49}")
SWATCH = re.compile(r"#[0-9a-f]{6}")


@dataclass(frozen=True, slots=True)
class AttributeRule:
    """What may be told under one code: `kind` is text, number, boolean, choice or color."""

    code: str
    kind: str
    choices: Sequence[str] = ()
    is_of_variant: bool = False


def attribute_values(
    values: Mapping[str, Any], *, rules: Iterable[AttributeRule], of_variant: bool
) -> tuple[dict[str, Any], list[FieldError]]:
    """The values as they are stored, and what is wrong with them; a null is left out.

    Only what the product's type knows may be told, and only where it belongs: by the product or by its variants.
    """
    known = {rule.code: rule for rule in rules if rule.is_of_variant == of_variant}
    clean, problems = {}, []
    for code, value in values.items():
        if code not in known:
            whose = "its variants" if of_variant else "this product"
            problems.append(FieldError(f"attributes.{code}", "unknown", f"The type has no such attribute of {whose}."))
        elif value is not None:
            problem = _attribute_problem(known[code], value)
            if problem:
                problems.append(FieldError(f"attributes.{code}", *problem))
            else:
                clean[code] = _plain_number(value) if known[code].kind == "number" else value
    return clean, problems


def attribute_definition_problems(
    *, code: str, kind: str, choices: Sequence[str], swatches: Mapping[str, str]
) -> list[FieldError]:
    """What is wrong with an attribute itself, field by field."""
    problems = []
    if not ATTRIBUTE_CODE.fullmatch(code):
        message = "Give lower-case letters, digits and underscores, a letter first."
        problems.append(FieldError("code", "invalid", message))
    if kind in {"choice", "color"} and not choices:
        problems.append(FieldError("choices", "empty", "Give at least one choice."))
    if kind not in {"choice", "color"} and choices:
        problems.append(FieldError("choices", "not_allowed", "Only choice and color have choices."))
    if len(set(choices)) < len(choices) or any(not choice or choice != choice.strip() for choice in choices):
        problems.append(FieldError("choices", "invalid", "Give each choice once, without spaces around it."))
    wanted = set(choices) if kind == "color" else set()
    if set(swatches) != wanted or not all(
        isinstance(code, str) and SWATCH.fullmatch(code) for code in swatches.values()
    ):
        problems.append(FieldError("swatches", "invalid", "Give #rrggbb for each choice of a color, and else nothing."))
    return problems


def attribute_token(code: str, value: str) -> str:
    """What a listing holds for an attribute's value, as text: no code has an equals sign."""
    return f"{code}={value}"


def _attribute_problem(rule: AttributeRule, value: Any) -> tuple[str, str] | None:
    match rule.kind:
        case "boolean":
            return None if isinstance(value, bool) else ("invalid", "Give true or false.")
        case "number":
            return _number_problem(value)
        case "text":
            is_text = isinstance(value, str) and value == value.strip() and 0 < len(value) <= MAX_ATTRIBUTE_TEXT
            return None if is_text else ("invalid", f"Give a text of 1 to {MAX_ATTRIBUTE_TEXT} characters.")
        case _:
            is_choice = isinstance(value, str) and value in rule.choices
            return None if is_choice else ("unknown", f"Give one of: {', '.join(rule.choices)}.")


def _number_problem(value: Any) -> tuple[str, str] | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return "invalid", "Give a number."
    if not -MAX_ATTRIBUTE_NUMBER <= value <= MAX_ATTRIBUTE_NUMBER:
        return "out_of_range", f"Give a number between -{MAX_ATTRIBUTE_NUMBER} and {MAX_ATTRIBUTE_NUMBER}."
    if round(Decimal(str(value)), ATTRIBUTE_PLACES) != Decimal(str(value)):
        return "too_precise", f"Give at most {ATTRIBUTE_PLACES} decimal places."
    return None


def _plain_number(value: int | float | Decimal) -> int | float:
    return int(value) if value == int(value) else float(value)
