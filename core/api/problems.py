"""RFC 9457 problem documents: the one shape in which the API refuses."""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from core.errors import FieldError

MEDIA_TYPE = "application/problem+json"


def problem(
    *,
    status: int,
    code: str,
    detail: str,
    title: str = "",
    errors: Sequence[FieldError] = (),
    extra: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The document's members. `errors` is left out when there is none; `extra` never replaces a member."""
    members: dict[str, Any] = {
        **(extra or {}),
        "type": f"urn:storefront:problem:{code}",
        "title": title or HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
    }
    if errors:
        members["errors"] = [{"field": e.field, "code": e.code, "message": e.message} for e in errors]
    return members


def field_errors(detail: Any, path: tuple[str, ...] = ()) -> Iterable[FieldError]:
    """DRF's nested error detail as flat errors: keys and list positions become dotted paths.

    Errors about a whole object keep the object's own path, which is empty at the top.
    """
    if isinstance(detail, Mapping):
        for key, value in detail.items():
            yield from field_errors(value, path if key == "non_field_errors" else (*path, str(key)))
    elif isinstance(detail, list | tuple):
        for position, value in enumerate(detail):
            nested = isinstance(value, Mapping | list | tuple)
            yield from field_errors(value, (*path, str(position)) if nested else path)
    else:
        yield FieldError(".".join(path), getattr(detail, "code", None) or "invalid", str(detail))
