"""Is this process alive, and can it serve? For load balancers and supervisors; no credentials."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout

import psycopg
import redis
from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views import View

from core.api.problems import problem
from core.postgres.deadlines import deadline

# A frozen server answers nothing and breaks no connection, so each check has this long by our own
# clock; both run side by side, which keeps the answer under two seconds.
DEADLINE_SECONDS = 1.5
QUESTION = "SELECT 1"


class Check:
    """One dependency, asked in a thread of its own; a question that hangs is not asked again meanwhile."""

    def __init__(self, ask: Callable[[], None], failures: tuple[type[Exception], ...]) -> None:
        self._ask = ask
        self._failures = failures
        self._lock = threading.Lock()
        self._pending: Future[None] | None = None

    def begin(self) -> Future[None]:
        """The answer to come: of a new question, or of the one that is still open."""
        with self._lock:
            if self._pending is None or self._pending.done():
                self._pending = Future()
                # A daemon, unlike an executor's threads: a frozen server must not hold up our own end.
                threading.Thread(target=self._answer, args=(self._pending,), name="health", daemon=True).start()
            return self._pending

    def is_ok(self, pending: Future[None]) -> bool:
        """Whether the answer came in time and was good."""
        try:
            pending.result(timeout=DEADLINE_SECONDS)
        except (FutureTimeout, *self._failures):
            return False
        return True

    def _answer(self, pending: Future[None]) -> None:
        try:
            self._ask()
            pending.set_result(None)
        except self._failures as error:
            pending.set_exception(error)
        finally:
            if not pending.done():
                pending.set_exception(RuntimeError("the check itself broke"))


def ask_database() -> None:
    """One statement on a connection of its own, so that no request's connection is disturbed."""
    with deadline():
        fresh = connection.open_connection({**connection.get_connection_params(), "autocommit": True})
        try:
            fresh.is_probe = True
            fresh.execute(QUESTION)
        finally:
            fresh.close()


def ask_redis() -> None:
    """One ping, on a connection of its own."""
    with redis.Redis.from_url(settings.CACHE_URL, socket_timeout=1, socket_connect_timeout=1) as client:
        client.ping()


DATABASE = Check(ask_database, (psycopg.Error, OSError))
REDIS = Check(ask_redis, (redis.RedisError, OSError))


class LiveView(View):
    """200 as long as the process answers at all."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return JsonResponse({"status": "ok"})


class ReadyView(View):
    """200 while the shop can sell: it needs PostgreSQL. Without Redis it is slower, not closed."""

    def get(self, request: HttpRequest) -> HttpResponse:
        database, cache = DATABASE.begin(), REDIS.begin()
        checks = {
            "database": "ok" if DATABASE.is_ok(database) else "down",
            "redis": "ok" if REDIS.is_ok(cache) else "down",
        }
        if checks["database"] == "down":
            document = problem(
                status=503, code="unavailable", detail="The database does not answer.", extra={"checks": checks}
            )
            return JsonResponse(
                document, status=503, content_type="application/problem+json", headers={"Retry-After": "2"}
            )
        return JsonResponse({"status": "ok" if checks["redis"] == "ok" else "degraded", "checks": checks})
