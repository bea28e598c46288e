"""What wraps every request: an id, one log line, and the headers that no view must forget."""

import re
import time
from collections.abc import Callable
from contextlib import suppress
from uuid import uuid4

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict, UnreadablePostError
from django.middleware.common import CommonMiddleware
from structlog.contextvars import bind_contextvars, clear_contextvars

from core.api.client_address import client_address
from core.api.errors import hide_debug_page
from core.api.problems import problem
from core.api.renderers import problem_response
from core.errors import FieldError, Invalid
from core.metrics import note_request

log = structlog.get_logger("request")

_SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_NUL = re.compile(r"\x00|%00", re.IGNORECASE)


class RequestLogMiddleware:
    """Gives the request an id (or takes the caller's sane one), logs it, completes the answer's headers.

    An API answer is `private, no-store` unless its view said otherwise; an answer to a link that
    carries a token does not tell the token to the next page.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        request.request_id = given if _SANE_REQUEST_ID.fullmatch(given) else uuid4().hex
        clear_contextvars()
        bind_contextvars(request_id=request.request_id)
        query = request.META.get("QUERY_STRING", "")
        response = self._refusal(request, query) or self.get_response(request)
        hide_debug_page(request, response)
        self._read_rest_of_body(request)
        self._complete(request, response, query)
        seconds = time.perf_counter() - began
        route = getattr(request.resolver_match, "route", None)
        note_request(route=route, method=request.method, status=response.status_code, seconds=seconds)
        write = log.error if response.status_code >= 500 else log.info
        write(
            "request",
            method=request.method,
            path=request.path,
            query=query or None,
            status=response.status_code,
            duration_ms=round(seconds * 1000, 2),
            address=client_address(request),
            user_id=self._user_id(request),
        )
        clear_contextvars()
        return response

    def _refusal(self, request: HttpRequest, query: str) -> HttpResponse | None:
        """The answer to what no route can use."""
        if "\0" in request.path_info or _NUL.search(query):
            # PostgreSQL holds no NUL character in any text.
            given = [name for name, values in QueryDict(query).lists() if "\0" in "".join((name, *values))]
            errors = [FieldError(name, "invalid", "Null characters are not allowed.") for name in given]
            document = problem(status=400, code=Invalid.code, title=Invalid.title, detail=Invalid.title, errors=errors)
            return problem_response(request, document)
        if "HTTP_TRANSFER_ENCODING" in request.META and not request.META.get("CONTENT_LENGTH"):
            # Django takes such a body for an empty one, and a cart would be made without its lines.
            document = problem(status=411, code="length_required", detail="Send the body with a Content-Length.")
            return problem_response(request, document)
        return None

    def _read_rest_of_body(self, request: HttpRequest) -> None:
        """Take a small body that the view refused unread: a server whose answer overtakes the body closes
        the connection, and the client's next request on it is lost."""
        announced, limit = request.META.get("CONTENT_LENGTH") or "0", settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        with suppress(UnreadablePostError, OSError):
            if announced.isdecimal() and 0 < int(announced) <= limit:
                request.read()
            elif "HTTP_TRANSFER_ENCODING" in request.META and "wsgi.input" in request.META:
                # Django reads nothing of a length that is not announced.
                request.META["wsgi.input"].read(limit)

    def _user_id(self, request: HttpRequest) -> int | None:
        """Who called the API. The admin's lazy user is not asked for: that would be a query."""
        user = getattr(request, "user", None) if request.path.startswith(settings.API_PREFIXES) else None
        return getattr(user, "pk", None)

    def _complete(self, request: HttpRequest, response: HttpResponse, query: str) -> None:
        response["X-Request-ID"] = request.request_id
        is_shared = response.get("Cache-Control", "").startswith("public")
        # What a shared cache keeps must not tell everybody the count of one caller.
        if (verdict := getattr(request, "rate_limit", None)) is not None and not is_shared:
            for name, value in verdict.headers.items():
                response[name] = value
        if "token=" in query:
            response["Referrer-Policy"] = "no-referrer"
        if not response.has_header("Cache-Control") and request.path.startswith(settings.API_PREFIXES):
            response["Cache-Control"] = "private, no-store"


class SafeSlashMiddleware(CommonMiddleware):
    """Django's, but only reads are redirected to the final slash: a redirected body is lost, so it is 404."""

    def should_redirect_with_slash(self, request: HttpRequest) -> bool:
        return request.method in {"GET", "HEAD"} and super().should_redirect_with_slash(request)
