"""Moments that clients give: with their time zone, or not at all."""

from datetime import UTC, datetime
from typing import Any, ClassVar

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from core.errors import FieldError, Invalid
from core.moments import EARLIEST, LATEST, WITHIN_TIME

AS_OF = "as_of"
AS_OF_PARAMETER = OpenApiParameter(
    AS_OF,
    datetime,
    description="For staff: the prices of this moment, past or to come, in ISO 8601 with its time zone.",
)
NOT_A_MOMENT = "Give a moment as 2026-03-01T12:00:00Z, with its time zone."
TOO_FAR = f"Give a moment between {EARLIEST.year} and {LATEST.year}."


class MomentField(serializers.DateTimeField):
    """A moment in ISO 8601 that tells its time zone: what it would mean without one, each server decides anew."""

    default_validators = (*serializers.DateTimeField.default_validators, *WITHIN_TIME)

    def enforce_timezone(self, value: datetime) -> datetime:
        if timezone.is_naive(value):
            raise serializers.ValidationError(NOT_A_MOMENT, code="naive")
        return super().enforce_timezone(value)


def read_moment(request: Request, name: str) -> datetime | None:
    """The moment that a query parameter names, in UTC; None unless it is given. Raises Invalid naming it."""
    text = request.query_params.get(name)
    if text is None:
        return None
    # A plus sign that nobody has escaped arrives as a space.
    moment = _parsed(text.replace(" ", "+") if "T" in text else text)
    if moment is None:
        raise _refused(name, "invalid", NOT_A_MOMENT)
    if timezone.is_naive(moment):
        raise _refused(name, "naive", NOT_A_MOMENT)
    if not EARLIEST <= moment <= LATEST:
        raise _refused(name, "too_far", TOO_FAR)
    return moment.astimezone(UTC)


def _refused(name: str, code: str, reason: str) -> Invalid:
    return Invalid("The query has values that cannot be used.", errors=[FieldError(name, code, reason)])


def _parsed(text: str) -> Any:
    try:
        return parse_datetime(text)
    except ValueError:
        return None


class DatedActionsMixin:
    """Views of which some actions answer `as_of`; the others refuse it, as their answer would be that of now."""

    dated_actions: ClassVar[frozenset[str]] = frozenset()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if AS_OF in request.query_params and self.action is not None and self.action not in self.dated_actions:
            raise _refused(AS_OF, "unknown", "This is told as of now alone.")


def moment_for_staff(view: APIView, *permissions: str) -> datetime | None:
    """The moment that `as_of` asks for, None unless it does. It is for staff with these permissions alone.

    Raises what the view answers with 401 or 403, and Invalid naming `as_of`. Looks nothing up unless it is asked.
    """
    request = view.request
    if AS_OF not in request.query_params:
        return None
    user = request.user
    if not (user.is_authenticated and user.is_staff and user.has_perms(permissions)):
        view.permission_denied(request)
    return read_moment(request, AS_OF)
