"""Rows saved as their models allow: what a model's fields, `clean` and constraints refuse is told field by field."""

from collections.abc import Hashable, Iterable, Mapping
from typing import Any, TypeVar

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Model

from core.errors import FieldError, Invalid, NotFound

Row = TypeVar("Row", bound=Model)


def save_valid(row: Model, *, whole: str) -> None:
    """Save a row in a savepoint. `whole` is the field that is told of what several fields break together.

    Raises Invalid naming each field, also when somebody else saved its like at the same moment.
    """
    refuse(problems_of(row, whole=whole))
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        refuse(problems_of(row, whole=whole))
        raise


def problems_of(row: Model, *, whole: str, at: str = "", alone: bool = False) -> list[FieldError]:
    """What the row's model refuses; `at` stands before each field. `alone` asks the row only, and no other rows."""
    try:
        if alone:
            row.clean_fields(exclude={name for name, value in _foreign_keys(row).items() if value is None})
            row.clean()
        else:
            row.full_clean()
    except ValidationError as refusal:
        return [
            FieldError(at + (whole if name == NON_FIELD_ERRORS else name), error.code or "invalid", message)
            for name, errors in refusal.error_dict.items()
            for error in errors
            for message in error.messages
        ]
    return []


def repeated(keys: Iterable[Hashable], *, at: str, message: str) -> list[FieldError]:
    """A problem at each place whose key an earlier one has."""
    seen: set[Hashable] = set()
    problems = []
    for place, key in enumerate(keys):
        if key in seen:
            problems.append(FieldError(f"{at}.{place}", "unique", message))
        seen.add(key)
    return problems


def refuse(problems: list[FieldError]) -> None:
    """Raise Invalid with the problems, if there are any."""
    if problems:
        detail = "; ".join(f"{problem.field}: {problem.message}" for problem in problems)
        raise Invalid(detail, errors=problems)


def held(model: type[Row], pk: int) -> Row:
    """The row, locked until the transaction ends. Raises NotFound."""
    row = model._default_manager.select_for_update(no_key=True).filter(pk=pk).first()
    if row is None:
        raise NotFound(f"There is no such {model._meta.verbose_name}.")
    return row


def changed(row: Row, values: Mapping[str, Any]) -> Row:
    """The row with these values, not saved."""
    for name, value in values.items():
        setattr(row, name, value)
    return row


def require_not_negative(row: Model, *names: str) -> None:
    """For a model's `clean`: raises ValidationError at each field below 0; what a form could not read is None."""
    below = [name for name in names if (value := getattr(row, name)) is not None and value < 0]
    if below:
        raise ValidationError(dict.fromkeys(below, "Give 0 or more."))


def _foreign_keys(row: Model) -> dict[str, Any]:
    return {field.name: getattr(row, field.attname) for field in row._meta.concrete_fields if field.many_to_one}
