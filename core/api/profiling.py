"""Silk on a sample of the requests: every statement with its time and its stack, and no value of anybody.

Loaded by the development settings alone, when SILK_PERCENT asks for it.
"""

import json
import traceback
from collections.abc import Callable
from math import gcd
from random import Random
from typing import Any

import structlog
from django.conf import settings
from django.db import Error, connection, models
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from silk.collector import DataCollector
from silk.middleware import SilkyMiddleware, _should_intercept
from silk.model_factory import RequestModelFactory

log = structlog.get_logger("core.api.profiling")

ALIAS = "silk"
MASK = "***"
# What is kept of a request as it came; of everything else only that it was there.
OPEN_HEADERS = {"accept", "accept-encoding", "content-length", "content-type", "host", "user-agent", "x-request-id"}
OPEN_PARAMETERS = {"category", "format", "limit", "max_price", "min_price", "offset", "ordering", "page", "per_page"}


class OwnConnection:
    """Database router: Silk writes over a connection of its own, outside of the request's transactions.

    Its tables are in the shop's database and migrated with it.
    """

    def db_for_read(self, model: type[models.Model], **hints: Any) -> str | None:
        return ALIAS if model._meta.app_label == "silk" else None

    db_for_write = db_for_read

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool | None:
        return False if db == ALIAS else None


class Sample:
    """Which requests of a process Silk records: of five at 20 % always one, of twenty at 5 %, drawn anew each time.

    Silk's own dice need thousands of requests before their share tells anything.
    """

    def __init__(self, percent: int) -> None:
        shared = gcd(percent, 100)
        self._counts = percent // shared, (100 - percent) // shared
        self._draws: list[bool] = []

    def takes_next(self) -> bool:
        """Whether the next request is recorded."""
        while True:
            try:
                return self._draws.pop()
            except IndexError:  # another thread may have taken the last
                self._draws = Random().sample([True, False], sum(self._counts), counts=self._counts)  # noqa: S311


class MaskedRequest(RequestModelFactory):
    """Silk's row of a request without bodies, credentials or what was searched for."""

    def encoded_headers(self) -> str:
        headers = {name.lower(): value for name, value in self.request.headers.items()}
        return json.dumps({name: value if name in OPEN_HEADERS else MASK for name, value in headers.items()})

    def body(self) -> tuple[str, str]:
        return "", ""

    def query_params(self) -> str:
        query = self.request.GET
        return json.dumps({name: query[name] if name in OPEN_PARAMETERS else MASK for name in query}) if query else ""


class ProfilingMiddleware(SilkyMiddleware):
    """Silk's middleware for a stack with or without sessions, recording statements without their parameters.

    Silk's own recording sees the ORM alone and writes the values into the text; the hot paths speak SQL
    through cursors, and values are people's addresses. When Silk's rows cannot be written, the request
    is answered all the same.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        # Not Silk's: it refuses a stack without sessions, though its pages check who asks by themselves.
        self.get_response = get_response
        self.sample = Sample(settings.SILK_PERCENT)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # For good, not for the block of a request: a connection that is made within such a block adds a
        # wrapper of its own, and the block's end would take that one away instead.
        if record not in connection.execute_wrappers:
            connection.execute_wrappers.append(record)
        self.process_request(request)
        request.silk_filters = {}
        response = self.process_response(request, self.get_response(request))
        DataCollector().clear()
        return response

    def process_request(self, request: HttpRequest) -> None:
        DataCollector().clear()
        if not self.sample.takes_next() or not _should_intercept(request):
            return
        try:
            DataCollector().configure(MaskedRequest(request).construct_request_model(), should_profile=False)
        except Error as error:
            log.warning("profile_not_written", error=type(error).__name__)
            return
        request.silk_is_intercepted = True

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        try:
            return super().process_response(request, response)
        except Error as error:
            log.warning("profile_not_written", error=type(error).__name__)
            return response


def record(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """Execute wrapper: run the statement and, within a request of the sample, note it with its placeholders."""
    if DataCollector().request is None:
        return execute(sql, params, many, context)
    begun = timezone.now()
    try:
        return execute(sql, params, many, context)
    finally:
        DataCollector().register_query(
            {
                "query": sql if isinstance(sql, str) else sql.as_string(context["connection"].connection),
                "start_time": begun,
                "end_time": timezone.now(),
                "traceback": "".join(reversed(traceback.format_stack(limit=30))),
                "request": DataCollector().request,
            }
        )
