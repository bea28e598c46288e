"""A circuit breaker: a dependency that failed is not waited for again until it answers a probe."""

import threading
from collections.abc import Callable
from typing import TypeVar

import structlog

from core.metrics import note_breaker

log = structlog.get_logger("core.breaker")

T = TypeVar("T")
PROBE_INTERVAL_SECONDS = 1.0


class BreakerOpen(Exception):
    """The dependency is known to be away, or just failed; the caller takes the other way."""


class Breaker:
    """Opens at the first failure; a background thread probes once a second and closes it.

    So a dead dependency costs each process one call and its timeout, then one probe per second
    that no request waits for. The thread lives only while the breaker is open.
    """

    def __init__(self, name: str, *, probe: Callable[[], object], failures: tuple[type[Exception], ...]) -> None:
        self.name = name
        self._probe = probe
        self._failures = failures
        self._lock = threading.Lock()
        self._open = False
        self._closed_again = threading.Event()
        self._stopped = threading.Event()
        self._prober: threading.Thread | None = None
        note_breaker(name, is_open=False)

    @property
    def is_open(self) -> bool:
        return self._open

    def call(self, work: Callable[[], T]) -> T:
        """The result of `work`, or BreakerOpen without calling it or after it failed."""
        if self._open:
            raise BreakerOpen(self.name)
        try:
            return work()
        except self._failures as error:
            self.trip(error)
            raise BreakerOpen(self.name) from error

    def trip(self, error: Exception) -> None:
        """Open, and begin to probe; only the first failure of many does so."""
        with self._lock:
            if self._open:
                return
            self._open = True
            self._closed_again.clear()
            self._stopped.clear()
            note_breaker(self.name, is_open=True)
        log.warning("breaker_opened", breaker=self.name, error=type(error).__name__)
        prober = threading.Thread(target=self._probe_until_well, name=f"breaker-{self.name}", daemon=True)
        try:
            prober.start()
        except RuntimeError:  # no thread can be had now: unprobed it would stay open for good
            self._close()
        else:
            self._prober = prober

    def wait_until_closed(self, seconds: float) -> bool:
        """Whether the breaker is closed within so many seconds. For tests and shutdown."""
        return not self._open or self._closed_again.wait(seconds)

    def stop(self) -> None:
        """Close, and wait until nobody probes any more. For tests and shutdown."""
        self._stopped.set()
        if self._prober is not None:
            self._prober.join()

    def _probe_until_well(self) -> None:
        while not self._stopped.wait(PROBE_INTERVAL_SECONDS):
            try:
                self._probe()
            except self._failures:
                continue
            except Exception:  # the thread's outermost door: were it to end here, the breaker stayed open for good
                log.exception("breaker_probe_failed", breaker=self.name)
                continue
            break
        self._close()

    def _close(self) -> None:
        with self._lock:
            self._open = False
            self._closed_again.set()
            note_breaker(self.name, is_open=False)
        log.info("breaker_closed", breaker=self.name)
