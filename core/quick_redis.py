"""Redis or Valkey as requests use it: one short wait at the most, and none while it is away.

Everything that a request asks goes through `QuickRedis.call`; what it waited is in the metrics.
"""

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from functools import cache
from typing import TypeVar

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from core.breaker import Breaker, BreakerOpen
from core.metrics import note_redis_wait

T = TypeVar("T")
FAILURES = (redis.RedisError, OSError)
# Of making a connection, which happens beside the requests.
CONNECT_SECONDS = 0.5


class QuickRedis:
    """One connection behind a breaker, used by one request of the process at a time.

    A call answers within the deadline or raises BreakerOpen: a quarter of it may pass until it is the
    request's turn, the rest until the answer is there. So of many requests at once only one finds out
    that nobody answers. Connections are made by a thread of their own, as looking up a name knows no
    deadline. A call takes 0.1-0.2 ms.
    """

    def __init__(self, url: str, deadline_seconds: float) -> None:
        self._url = url
        self._deadline_seconds = deadline_seconds
        self._turn = threading.Lock()
        self._client: redis.Redis | None = None
        self.breaker = Breaker("redis", probe=self._probe, failures=FAILURES)

    def call(self, work: Callable[[redis.Redis], T]) -> T:
        """The result of `work`, which makes one round trip, or BreakerOpen."""
        if self.breaker.is_open:
            raise BreakerOpen(self.breaker.name)
        began = time.perf_counter()
        try:
            return self._in_turn(began + self._deadline_seconds, work)
        finally:
            note_redis_wait(time.perf_counter() - began)

    def begin(self) -> None:
        """Connect beside everything else, so that the first request need not wait for it."""
        threading.Thread(target=self._begin, name="redis-begin", daemon=True).start()

    def _begin(self) -> None:
        try:
            self._client = self._connected()
        except FAILURES as error:
            self.breaker.trip(error)

    def _in_turn(self, due_at: float, work: Callable[[redis.Redis], T]) -> T:
        if not self._turn.acquire(timeout=self._deadline_seconds / 4):
            raise BreakerOpen(self.breaker.name)
        try:
            return self.breaker.call(lambda: self._ask(due_at, work))
        finally:
            self._turn.release()

    def _ask(self, due_at: float, work: Callable[[redis.Redis], T]) -> T:
        if not self._is_usable():
            self._client = self._connected_by(due_at)
        client = self._client
        left_seconds = due_at - time.perf_counter()
        if left_seconds <= 0:
            raise redis.TimeoutError("the time was up before Redis was asked")
        client.connection.update_current_socket_timeout(left_seconds)
        try:
            return work(client)
        except FAILURES:
            self._client = None
            client.close()
            raise

    def _is_usable(self) -> bool:
        """Whether there is a connection that the server has not closed meanwhile."""
        if self._client is None:
            return False
        try:
            is_clean = not self._client.connection.can_read(0)
        except FAILURES:
            is_clean = False
        if not is_clean:
            self._client.close()
        return is_clean

    def _connected_by(self, due_at: float) -> redis.Redis:
        arrival: Future[redis.Redis] = Future()
        threading.Thread(target=self._connect, args=(arrival,), name="redis-connect", daemon=True).start()
        try:
            return arrival.result(timeout=max(due_at - time.perf_counter(), 0))
        except FutureTimeout:
            if not arrival.cancel():
                return arrival.result()
            raise redis.TimeoutError("no connection within the deadline") from None

    def _connect(self, arrival: "Future[redis.Redis]") -> None:
        try:
            client = self._connected()
        except FAILURES as error:
            if arrival.set_running_or_notify_cancel():
                arrival.set_exception(error)
            return
        if arrival.set_running_or_notify_cancel():
            arrival.set_result(client)
        else:
            client.close()

    def _connected(self) -> redis.Redis:
        return redis.Redis.from_url(
            self._url,
            single_connection_client=True,
            socket_timeout=CONNECT_SECONDS,
            socket_connect_timeout=CONNECT_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )

    def _probe(self) -> None:
        """Connect anew; well is who then answers as quickly as requests need it."""
        client = self._connected()
        client.connection.update_current_socket_timeout(self._deadline_seconds)
        client.ping()
        self._client = client


_making = threading.Lock()


def quick_redis() -> QuickRedis:
    """This process's own, made when first asked for; one also when the first requests come at once."""
    with _making:
        return _quick_redis()


@cache
def _quick_redis() -> QuickRedis:
    return QuickRedis(settings.CACHE_URL, settings.REDIS_DEADLINE_SECONDS)


# A forked child must not speak on its parent's connection.
os.register_at_fork(after_in_child=_quick_redis.cache_clear)
