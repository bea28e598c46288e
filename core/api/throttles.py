"""How many requests a caller may make. Counted and judged in one atomic step, so that parallel
requests get exactly the limit."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from hmac import compare_digest
from threading import Lock
from typing import Any

import redis
from django.conf import settings
from django.db import connection
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from redis.backoff import NoBackoff
from redis.retry import Retry
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from core.api.client_address import client_network
from core.breaker import Breaker, BreakerOpen
from core.guards import guard_enabled

# Scopes that keep passwords and codes from being guessed: no load test lifts them.
GUARDS_OF_SECRETS = frozenset({"auth", "coupon"})

# One round trip: count, begin the window at the first hit, tell how long it still lasts.
_COUNT = """
local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return {count, redis.call('PTTL', KEYS[1])}
"""


# The same in one statement, for the scopes that must hold while Redis is away.
_COUNT_IN_DATABASE = """
INSERT INTO core_throttlecount AS counted (key, count, ends_at)
VALUES (%s, 1, now() + make_interval(secs => %s))
ON CONFLICT (key) DO UPDATE SET
    count = CASE WHEN counted.ends_at <= now() THEN 1 ELSE counted.count + 1 END,
    ends_at = CASE WHEN counted.ends_at <= now() THEN EXCLUDED.ends_at ELSE counted.ends_at END
RETURNING count, ceil(extract(epoch FROM ends_at - now()))::int
"""


_making = Lock()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What counting said: the limit of the scope and what is left of it."""

    scope: str
    limit: int
    window_seconds: int
    count: int
    reset_seconds: int

    @property
    def is_allowed(self) -> bool:
        return self.count <= self.limit

    @property
    def headers(self) -> dict[str, str]:
        """The RateLimit header fields (IETF draft "RateLimit header fields for HTTP", structured form)."""
        remaining = max(self.limit - self.count, 0)
        return {
            "RateLimit-Policy": f'"{self.scope}";q={self.limit};w={self.window_seconds}',
            "RateLimit": f'"{self.scope}";r={remaining};t={self.reset_seconds}',
        }


class Counter:
    """Counts in Redis or Valkey behind a breaker.

    While that is away, what guards secrets is counted in PostgreSQL and the rest in this process:
    shopping goes on with a limit per process, guessing gets no further than before. One request of a
    process asks at a time, so that of many at once only one finds out that nobody answers; who cannot
    ask within a quarter of the deadline counts the other way. A call takes 0.1-0.2 ms.
    """

    def __init__(self, url: str, deadline_seconds: float) -> None:
        self._patience_seconds = deadline_seconds / 4
        self._turn = Lock()
        self._client = redis.Redis.from_url(
            url,
            socket_timeout=deadline_seconds - self._patience_seconds,
            socket_connect_timeout=deadline_seconds - self._patience_seconds,
            retry=Retry(NoBackoff(), 0),
        )
        self._script = self._client.register_script(_COUNT)
        self._memory = MemoryStorage()
        self.breaker = Breaker("throttle", probe=self._client.ping, failures=(redis.RedisError, OSError))

    def hit(self, scope: str, caller: str, window_seconds: int) -> tuple[int, int]:
        """Count one request; answers the count in the window and the seconds until it ends."""
        key = f"throttle:{scope}:{caller}"
        try:
            if not guard_enabled("throttle_count"):
                return self.breaker.call(lambda: self._read_then_write(key, window_seconds))
            return self._in_turn(lambda: self._count(key, window_seconds))
        except BreakerOpen:
            if scope in GUARDS_OF_SECRETS:
                return self._count_in_database(key, window_seconds)
            hits = self._memory.incr(key, window_seconds)
            return hits, max(int(self._memory.get_expiry(key) - time.time()), 1)

    def _in_turn(self, count: Callable[[], tuple[int, int]]) -> tuple[int, int]:
        """The count, or BreakerOpen at once while Redis is away, soon while another request waits for it."""
        if self.breaker.is_open or not self._turn.acquire(timeout=self._patience_seconds):
            raise BreakerOpen(self.breaker.name)
        try:
            return self.breaker.call(count)
        finally:
            self._turn.release()

    def _count(self, key: str, window_seconds: int) -> tuple[int, int]:
        hits, left_milliseconds = self._script(keys=[key], args=[window_seconds * 1000])
        return hits, max(-(-left_milliseconds // 1000), 1)

    def _count_in_database(self, key: str, window_seconds: int) -> tuple[int, int]:
        with connection.cursor() as cursor:
            cursor.execute(_COUNT_IN_DATABASE, [key, window_seconds])
            hits, left_seconds = cursor.fetchone()
        return hits, max(left_seconds, 1)

    def _read_then_write(self, key: str, window_seconds: int) -> tuple[int, int]:
        """What the guard `throttle_count` stands against; only its twin test comes here."""
        hits = int(self._client.get(key) or 0) + 1
        self._client.set(key, hits, ex=window_seconds)
        return hits, window_seconds


def counter() -> Counter:
    """This process's counter, made at the first request so that a forked worker has its own. It is one
    also when the first requests come at once: each would ask and probe for itself."""
    with _making:
        return _counter()


@cache
def _counter() -> Counter:
    return Counter(settings.THROTTLE_URL, settings.REDIS_DEADLINE_SECONDS)


@cache
def _rate(text: str) -> RateLimitItem:
    return parse(text)


class ScopedThrottle(BaseThrottle):
    """Counts by scope: `anon` by address, `user` by account, or the scope that the view names.

    A view sets `throttle_scopes = {"create": "checkout"}` (its action, or its method in lower case,
    to a scope). A named scope counts by account if there is one, else by address. The verdict is
    left on the request for the middleware, which writes the RateLimit headers.
    """

    verdict: Verdict | None = None

    def allow_request(self, request: Request, view: Any) -> bool:
        scope = self._scope(request, view)
        if scope not in GUARDS_OF_SECRETS and is_load_test(request):
            return True
        rate = _rate(settings.THROTTLE_RATES[scope])
        window_seconds = rate.get_expiry()
        hits, reset_seconds = counter().hit(scope, self._caller(request, scope), window_seconds)
        self.verdict = Verdict(scope, rate.amount, window_seconds, hits, reset_seconds)
        request._request.rate_limit = self.verdict
        return self.verdict.is_allowed

    def wait(self) -> float | None:
        return self.verdict.reset_seconds if self.verdict else None

    def _scope(self, request: Request, view: Any) -> str:
        named = getattr(view, "throttle_scopes", {})
        action = getattr(view, "action", None) or (request.method or "").lower()
        return named.get(action) or ("user" if request.user and request.user.is_authenticated else "anon")

    def _caller(self, request: Request, scope: str) -> str:
        if scope != "auth" and request.user and request.user.is_authenticated:
            return f"user-{request.user.pk}"
        return client_network(request)


def is_load_test(request: Request) -> bool:
    """Whether the request carries the configured load-test token."""
    expected = settings.LOADTEST_TOKEN
    given = request.META.get("HTTP_X_LOADTEST_TOKEN", "")
    return bool(expected and given) and compare_digest(given.encode(), expected.encode())
