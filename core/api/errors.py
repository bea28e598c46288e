"""Whatever goes wrong becomes a problem document, and nothing internal leaves with it."""

import math
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import DataError, InterfaceError, NotSupportedError, OperationalError, connection
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views import defaults
from psycopg.errors import FeatureNotSupported
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.serializers import as_serializer_error

from core.api.problems import field_errors, problem
from core.api.renderers import problem_response
from core.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotAuthenticated,
    NotFound,
    ShopError,
    TooMany,
    Unavailable,
)

log = structlog.get_logger("core.api")

BROKEN = ("internal_error", "Something broke on our side. It has been noted.")

FAMILIES: list[tuple[type[ShopError], int]] = [
    (Invalid, 400),
    (NotAuthenticated, 401),
    (Forbidden, 403),
    (NotFound, 404),
    (Conflict, 409),
    (TooMany, 429),
    (Unavailable, 503),
]


class PayloadTooLarge(exceptions.APIException):
    """The body is larger than `DATA_UPLOAD_MAX_MEMORY_SIZE`."""

    status_code = 413
    default_code = "payload_too_large"
    default_detail = "The body is too large."


def status_of(error: ShopError) -> int:
    """The HTTP status of a refusal's family; a refusal of no family is a conflict with the rules."""
    return next((status for family, status in FAMILIES if isinstance(error, family)), 409)


def problem_of(error: ShopError) -> tuple[dict[str, Any], dict[str, str]]:
    """A refusal as document and headers, for answers made outside of DRF too."""
    status = status_of(error)
    headers = {}
    if (seconds := getattr(error, "retry_after_seconds", None)) is not None:
        headers["Retry-After"] = str(math.ceil(seconds))
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="api"'
    document = problem(
        status=status,
        code=error.code,
        title=error.title,
        detail=error.detail,
        errors=error.errors,
        extra=error.extra,
    )
    return document, headers


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's hook: the answer to an exception of a view, or None to let it become a 500."""
    known = _translated(error)
    if known is None:
        return None
    if isinstance(known, ShopError):
        document, headers = problem_of(known)
    else:
        document, headers = _problem_of_drf(known)
    return Response(document, status=document["status"], headers=headers)


def _translated(error: Exception) -> ShopError | exceptions.APIException | None:
    """What Django and PostgreSQL raise, in terms of our own families and DRF's exceptions."""
    match error:
        case ShopError() | exceptions.APIException():
            return error
        case Http404():
            return NotFound()
        case PermissionDenied():
            return Forbidden()
        case DjangoValidationError():
            return exceptions.ValidationError(as_serializer_error(error))
        case RequestDataTooBig():
            return PayloadTooLarge()
        case SuspiciousOperation():
            return Invalid()
        case _ if was_database_away(error):
            return Unavailable()
        case DataError():
            # A value that no column can hold got past the serializers: the client's fault, and ours to look at.
            log.error("unchecked_value", exc_info=error)
            return Invalid("A value is out of range.")
    return None


def was_database_away(error: Exception) -> bool:
    """Whether PostgreSQL gave no answer, or none that a repeat would get again; logs which."""
    match error:
        case OperationalError() | InterfaceError():
            log.warning("database_unavailable", error=type(error.__cause__ or error).__name__)
            return True
        case NotSupportedError() if isinstance(error.__cause__, FeatureNotSupported):
            # A column's type changed under a prepared statement: only a new connection forgets the plan.
            log.warning("database_plan_outdated")
            connection.close()
            return True
    return False


def _problem_of_drf(error: exceptions.APIException) -> tuple[dict[str, Any], dict[str, str]]:
    headers = {}
    if auth_header := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = auth_header
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(math.ceil(wait))
    if isinstance(error, exceptions.ValidationError):
        found = list(field_errors(error.detail))
        return problem(status=400, code="invalid", title=Invalid.title, detail=Invalid.title, errors=found), headers
    detail = error.detail if isinstance(error.detail, str) else error.default_detail
    code = getattr(detail, "code", None) or error.default_code
    return problem(status=error.status_code, code=code, detail=str(detail)), headers


def is_api(request: HttpRequest) -> bool:
    """Whether the caller expects JSON rather than a page."""
    return request.path.startswith(settings.API_PREFIXES)


def _answer(request: HttpRequest, status: int, code: str, detail: str) -> HttpResponse:
    if is_api(request):
        return problem_response(request, problem(status=status, code=code, detail=detail))
    page = render_to_string("errors/page.html", {"status": status, "detail": detail, "shop_name": settings.SHOP_NAME})
    return HttpResponse(page, status=status)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400, also reached for a forged Host header."""
    return _answer(request, 400, "invalid", Invalid.title)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler403. The admin's pages keep Django's own text."""
    if not is_api(request):
        return defaults.permission_denied(request, exception)
    return _answer(request, 403, Forbidden.code, Forbidden.title)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler404."""
    return _answer(request, 404, NotFound.code, NotFound.title)


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500: says that it broke, never why."""
    return _answer(request, 500, *BROKEN)


def unavailable(request: HttpRequest) -> HttpResponse:
    """503 for a caller who may come back soon."""
    answer = _answer(request, 503, Unavailable.code, Unavailable.title)
    answer["Retry-After"] = str(Unavailable.retry_after_seconds)
    return answer


def hide_debug_page(request: HttpRequest, response: HttpResponse) -> None:
    """Put what a shop in production answers in place of one of Django's debug pages.

    Those are for people: a client of the API gets the same document everywhere. The traceback of a
    failure is in the log.
    """
    is_page = response.status_code >= 400 and response.get("Content-Type", "").startswith("text/")
    if not (settings.DEBUG and is_page and is_api(request)):
        return
    answers = {400: (Invalid.code, Invalid.title), 404: (NotFound.code, NotFound.title)}
    answer = _answer(request, response.status_code, *answers.get(response.status_code, BROKEN))
    response.content, response["Content-Type"] = answer.content, answer["Content-Type"]
    # The page may have been packed already; these bytes are not.
    del response["Content-Encoding"]
    response["Content-Length"] = str(len(response.content))
