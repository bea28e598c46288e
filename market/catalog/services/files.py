"""What pictures and documents have in common: files that are there as long as their rows, and a place among others."""

from collections.abc import Iterable
from contextlib import ExitStack, suppress

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import Count, Max, QuerySet

from core.errors import FieldError, Invalid, Unavailable
from market.catalog.rules import MAX_POSITION


def store(files: Iterable[tuple[str, File]], undo: ExitStack) -> None:
    """Write each file under its name; `undo` removes them again unless it is disarmed. Raises Unavailable."""
    try:
        for name, content in files:
            undo.callback(delete_if_there, name)
            default_storage.save(name, content)
    except OSError as error:
        raise Unavailable("The file could not be stored.") from error


def delete_after_commit(names: Iterable[str]) -> None:
    """Remove the files of rows that this transaction deletes; a rollback keeps them."""
    doomed = list(names)

    def delete() -> None:
        for name in doomed:
            default_storage.delete(name)

    transaction.on_commit(delete)


def delete_if_there(name: str) -> None:
    """Remove a file that may not be needed, and that nobody waits for."""
    with suppress(OSError):
        default_storage.delete(name)


def next_position(others: QuerySet, *, most: int, field: str, things: str) -> int:
    """The position behind the others of a product, which the caller holds: 0 if there are none. One query.

    Behind one at `MAX_POSITION` it is that one's, as of two at one position the older comes first.

    Raises Invalid about the field when there are `most` of these things already.
    """
    there = others.aggregate(count=Count("pk"), highest=Max("position"))
    if there["count"] >= most:
        message = f"A product has at most {most} {things}."
        raise Invalid(message, errors=[FieldError(field, "too_many", message)])
    return 0 if there["highest"] is None else min(there["highest"] + 1, MAX_POSITION)
