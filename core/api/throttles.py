"""How many requests a caller may make. Counted and judged in one atomic step, so that parallel
requests get exactly the limit."""

import time
from dataclasses import dataclass
from functools import cache
from hmac import compare_digest
from typing import Any

import redis
from django.conf import settings
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from core.api.client_address import client_network
from core.breaker import BreakerOpen
from core.guessing import Rung, count_guess
from core.quick_redis import QuickRedis, quick_redis

# Scopes that keep passwords and codes from being guessed: no load test lifts them.
GUARDS_OF_SECRETS = frozenset({"auth", "coupon"})

# One round trip: count, begin the window at the first hit, tell how long it still lasts.
_COUNT = """
local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return {count, redis.call('PTTL', KEYS[1])}
"""


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
    """Counts what guards secrets in PostgreSQL (`core.guessing`), the rest in Redis or Valkey behind a breaker.

    While that is away, the rest is counted in this process: shopping goes on with a limit per process,
    and guessing never notices.
    """

    def __init__(self, store: QuickRedis) -> None:
        self.store = store
        self._memory = MemoryStorage()

    def hit(self, scope: str, caller: str, rate: RateLimitItem) -> tuple[int, int]:
        """Count one request; answers the count in the window and the seconds until it ends."""
        key, window_seconds = f"throttle:{scope}:{caller}", rate.get_expiry()
        if scope in GUARDS_OF_SECRETS:
            (counted,) = count_guess([Rung(key, rate.amount, window_seconds)])
            return counted.count, counted.left_seconds
        try:
            return self.store.call(lambda client: self._count(client, key, window_seconds))
        except BreakerOpen:
            hits = self._memory.incr(key, window_seconds)
            return hits, max(int(self._memory.get_expiry(key) - time.time()), 1)

    def _count(self, client: redis.Redis, key: str, window_seconds: int) -> tuple[int, int]:
        # The whole script each time: one round trip, also with a server that has forgotten it.
        hits, left_milliseconds = client.eval(_COUNT, 1, key, window_seconds * 1000)
        return hits, max(-(-left_milliseconds // 1000), 1)


@cache
def counter() -> Counter:
    """This process's counter, made at the first request so that a forked worker has its own."""
    return Counter(quick_redis())


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
        hits, reset_seconds = counter().hit(scope, self._caller(request, scope), rate)
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
