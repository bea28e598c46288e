"""How long this code may wait for PostgreSQL, and the thread that ends waits that take longer."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic
from typing import Protocol
from weakref import WeakSet

from django.conf import settings

# Unset outside of requests: commands and workers wait as long as their work takes.
limit: ContextVar[float | None] = ContextVar("database_deadline_seconds", default=None)
NEVER = float("inf")
TICK_SECONDS = 0.2


@contextmanager
def deadline() -> Iterator[None]:
    """Within the block no wait for PostgreSQL takes longer than `DATABASE_DEADLINE_SECONDS`."""
    token = limit.set(settings.DATABASE_DEADLINE_SECONDS)
    try:
        yield
    finally:
        limit.reset(token)


class Waiting(Protocol):
    """What the watchdog looks at: `due_at` on the monotonic clock, `NEVER` while nobody waits."""

    due_at: float

    def give_up(self) -> None: ...


class Watchdog:
    """Ends overdue waits: a frozen server sends nothing that could wake the waiting thread.

    One thread per process that serves requests, begun with the first connection it watches.
    """

    def __init__(self) -> None:
        self._watched: WeakSet[Waiting] = WeakSet()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def watch(self, waiting: Waiting) -> None:
        """Look after this connection for as long as it exists."""
        with self._lock:
            self._watched.add(waiting)
            if self._thread is None:
                self._thread = threading.Thread(target=self._look, name="database-watchdog", daemon=True)
                self._thread.start()

    def _look(self) -> None:
        pause = threading.Event()
        while not pause.wait(TICK_SECONDS):
            now = monotonic()
            with self._lock:
                overdue = [waiting for waiting in self._watched if waiting.due_at < now]
            for waiting in overdue:
                waiting.give_up()
            del overdue


watchdog = Watchdog()
# A forked child has neither its parent's thread nor any business with its connections.
os.register_at_fork(after_in_child=watchdog.__init__)
