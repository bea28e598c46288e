"""A psycopg connection whose waits have an end, within the reach of `deadlines.deadline`."""

import os
import socket
import threading
from collections.abc import Generator
from contextlib import suppress
from contextvars import ContextVar
from time import monotonic
from typing import Any

import psycopg
from psycopg.errors import FeatureNotSupported
from psycopg.pq import TransactionStatus

from core.breaker import Breaker
from core.postgres.availability import DatabaseAway
from core.postgres.deadlines import NEVER, limit, watchdog

# After this moment no further address of the host is tried.
last_attempt_at: ContextVar[float] = ContextVar("database_last_attempt_at", default=NEVER)


class WatchedConnection(psycopg.Connection):
    """Under a deadline every wait ends in time: overdue, the watchdog shuts the socket under it.

    The breaker then refuses whoever would begin a new transaction; those in the midst of one have
    their own deadline.
    """

    breaker: Breaker
    due_at = NEVER
    is_probe = False
    is_overdue = False
    # A statement was prepared for columns that have changed since; only a new connection forgets it.
    is_stale = False
    _handle: socket.socket | None = None

    @classmethod
    def _connect_gen(cls, conninfo: str = "") -> Generator[Any, Any, "WatchedConnection"]:
        """One attempt of as many as the host has addresses; psycopg bounds each, nothing of its own all of them."""
        if monotonic() > last_attempt_at.get():
            raise psycopg.OperationalError("no time is left for a further address")
        return (yield from super()._connect_gen(conninfo))

    def wait(self, gen: Any, *args: Any, **options: Any) -> Any:
        """Every statement, commit and fetch of psycopg waits here."""
        seconds = limit.get()
        if seconds is not None:
            if self.breaker.is_open and not self.is_probe and self._is_idle():
                raise DatabaseAway("The database did not answer a moment ago.")
            if self._handle is None:
                self._be_watched()
            self.due_at = monotonic() + seconds
        try:
            return super().wait(gen, *args, **options)
        except FeatureNotSupported:
            self.is_stale = True
            raise
        except psycopg.Error as error:
            if self.is_overdue:
                raise DatabaseAway("The database did not answer in time.") from error
            raise
        finally:
            self.due_at = NEVER

    def give_up(self) -> None:
        """End the wait that is overdue; called by the watchdog's thread."""
        with self._handle_lock:
            if self.due_at > monotonic():
                return  # answered at the last moment
            self.is_overdue = True
            self.breaker.trip(DatabaseAway())  # before the waiting thread goes on, and tries again
            with suppress(OSError):
                self._handle.shutdown(socket.SHUT_RDWR)

    def has_news(self) -> bool:
        """Whether the server has sent something unasked: most likely that it ended this connection."""
        if self._handle is None:
            return False
        try:
            self._handle.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True

    def close(self) -> None:
        super().close()
        if self._handle is not None:
            with self._handle_lock:
                self._handle.close()

    def _be_watched(self) -> None:
        # A file descriptor of our own for the same socket: libpq closes its own by itself when the
        # server goes, and by then the number may be another connection's.
        self._handle_lock = threading.Lock()
        self._handle = socket.socket(fileno=os.dup(self.pgconn.socket))
        # Already so for libpq; said to Python too, which waits where a process has a default timeout, as beat has.
        self._handle.setblocking(False)
        watchdog.watch(self)

    def _is_idle(self) -> bool:
        return self.pgconn.transaction_status == TransactionStatus.IDLE
