"""Django's cache on `core.quick_redis`: while Redis is away nothing is found and nothing is kept."""

from collections.abc import Callable
from typing import Any, TypeVar

import redis
from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache
from django.core.cache.backends.redis import RedisSerializer

from core.breaker import BreakerOpen
from core.quick_redis import quick_redis

T = TypeVar("T")
# What is deleted while Redis is away stays in it: nothing is believed for longer than this.
MAX_AGE_SECONDS = 60


class QuickCache(BaseCache):
    """Only what has another home belongs in it. Entries live a minute at the most."""

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        self._serializer = RedisSerializer()

    def get_backend_timeout(self, timeout: float | None = DEFAULT_TIMEOUT) -> int:
        """Whole seconds; 0 or less means not at all."""
        seconds = self.default_timeout if timeout == DEFAULT_TIMEOUT else timeout
        return MAX_AGE_SECONDS if seconds is None else min(int(seconds), MAX_AGE_SECONDS)

    def add(self, key: str, value: Any, timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return self._store(key, value, timeout, version, nx=True)

    def set(self, key: str, value: Any, timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        self._store(key, value, timeout, version)

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        name = self.make_and_validate_key(key, version=version)
        found = self._ask(lambda client: client.get(name), None)
        return default if found is None else self._serializer.loads(found)

    def touch(self, key: str, timeout: float | None = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        name, seconds = self.make_and_validate_key(key, version=version), self.get_backend_timeout(timeout)
        return bool(self._ask(lambda client: client.expire(name, seconds), False))

    def delete(self, key: str, version: int | None = None) -> bool:
        name = self.make_and_validate_key(key, version=version)
        return bool(self._ask(lambda client: client.delete(name), False))

    def _store(self, key: str, value: Any, timeout: float | None, version: int | None, *, nx: bool = False) -> bool:
        name, seconds = self.make_and_validate_key(key, version=version), self.get_backend_timeout(timeout)
        if seconds <= 0:
            return not self.delete(key, version)
        packed = self._serializer.dumps(value)
        return bool(self._ask(lambda client: client.set(name, packed, ex=seconds, nx=nx), False))

    def _ask(self, work: Callable[[redis.Redis], T], away: T) -> T:
        try:
            return quick_redis().call(work)
        except BreakerOpen:
            return away
