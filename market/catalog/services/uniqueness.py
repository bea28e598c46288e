"""Telling which field holds a value that another row already has."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from django.db import IntegrityError, transaction

from core.errors import FieldError, Invalid

TAKEN = "Another row already has this value."


def taken(fields: list[str]) -> Invalid:
    """The refusal of values that are not free."""
    return Invalid(TAKEN, errors=[FieldError(field, "unique", TAKEN) for field in fields])


@contextmanager
def refusing_taken_values(fields: Mapping[str, str]) -> Iterator[None]:
    """Turn the break of a unique constraint into Invalid; `fields` maps columns to the caller's fields.

    The block runs in a savepoint, so the transaction survives the refusal.
    """
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        constraint = getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) or ""
        broken = [field for column, field in fields.items() if f"_{column}_" in constraint]
        if not broken:
            raise
        raise taken(broken) from error
