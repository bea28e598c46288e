"""Refusals: what a service raises when the rules of the shop say no.

A refusal carries a stable code that clients may rely on, a sentence for people, and a family that
`core.api.errors` turns into an HTTP status. Services know families, never statuses.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class FieldError:
    """One reason beside the field that it is about; nested fields are dotted paths."""

    field: str
    code: str
    message: str


class ShopError(Exception):
    """Base of all refusals. `extra` joins the problem document as further members."""

    code = "refused"
    title = "The request was refused."

    def __init__(
        self,
        detail: str = "",
        *,
        code: str | None = None,
        errors: Sequence[FieldError] = (),
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        self.detail = detail or self.title
        self.code = code or self.code
        self.errors = list(errors)
        self.extra = dict(extra or {})
        super().__init__(self.detail)


class Invalid(ShopError):
    """The request is malformed or breaks a rule about its own values."""

    code = "invalid"
    title = "The request is not valid."


class NotFound(ShopError):
    """The object does not exist, or not for this caller."""

    code = "not_found"
    title = "Not found."


class NotAuthenticated(ShopError):
    """The caller's credential is missing, wrong or used up."""

    code = "not_authenticated"
    title = "Authentication failed."


class Forbidden(ShopError):
    """The caller is known and may not do this."""

    code = "permission_denied"
    title = "You may not do this."


class Conflict(ShopError):
    """The request is fine and contradicts the present state."""

    code = "conflict"
    title = "The request conflicts with the present state."


class InProgress(Conflict):
    """The same request is still running; the caller tries again after `retry_after_seconds`."""

    code = "idempotency_in_progress"
    title = "The same request is still being worked on."
    retry_after_seconds = 1


class TooMany(ShopError):
    """The caller has tried too often; he tries again after `retry_after_seconds`."""

    code = "throttled"
    title = "Too many requests."

    def __init__(self, *, retry_after_seconds: int) -> None:
        super().__init__()
        self.retry_after_seconds = retry_after_seconds


class Unavailable(ShopError):
    """A dependency is down; the caller tries again after `retry_after_seconds`."""

    code = "unavailable"
    title = "The service is not available right now."
    retry_after_seconds = 2
