"""Requests that wait for PostgreSQL no longer than they may, and the answer when they did."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from core.api.errors import unavailable, was_database_away
from core.postgres.deadlines import deadline


class DatabaseDeadlineMiddleware:
    """Puts the whole request under the deadline; pages get a 503 as the API's views do."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with deadline():
            return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Django's hook for what a view raised; DRF's views have answered already."""
        return unavailable(request) if was_database_away(error) else None
