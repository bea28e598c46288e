"""The backend that `DATABASES["default"]["ENGINE"] = "core.postgres"` names."""

from time import monotonic
from typing import Any

import psycopg
from django.conf import settings
from django.db.backends.postgresql import base
from django.db.backends.postgresql.psycopg_any import IsolationLevel

from core.postgres.availability import DatabaseAway, breaker_of
from core.postgres.connections import WatchedConnection, last_attempt_at
from core.postgres.deadlines import deadline, limit

# The smallest that psycopg takes, per address of the host.
CONNECT_SECONDS = 2
# A connection refused at once costs nobody anything; one that took longer spares the next the wait.
VAIN_SECONDS = 1
CONNECTION_CHECK_SECONDS = 1


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's own, with watched connections.

    A connection made for a request carries the server's own timeouts, which are shorter than the
    client's: a living server ends what takes too long by itself and the connection stays good.
    """

    def get_connection_params(self) -> dict[str, Any]:
        parameters = super().get_connection_params()
        if limit.get() is None:
            return parameters
        parameters["connect_timeout"] = CONNECT_SECONDS
        if settings.DATABASE_SENDS_TIMEOUTS:
            timeouts = {
                "statement_timeout": settings.DATABASE_STATEMENT_SECONDS,
                "lock_timeout": settings.DATABASE_LOCK_SECONDS,
                # A statement whose caller is gone gives its locks back.
                "client_connection_check_interval": CONNECTION_CHECK_SECONDS,
            }
            options = [f"-c {name}={int(seconds * 1000)}" for name, seconds in timeouts.items()]
            parameters["options"] = " ".join([parameters.get("options", ""), *options]).strip()
        return parameters

    def get_new_connection(self, conn_params: dict[str, Any]) -> WatchedConnection:
        # As Django's, without its options `pool` and `isolation_level`, which the settings refuse.
        self.isolation_level = IsolationLevel.READ_COMMITTED
        if limit.get() is None:
            return self.open_connection(conn_params)
        breaker = breaker_of(self.alias)
        if breaker.is_open:
            raise DatabaseAway("The database did not answer a moment ago.")
        began = monotonic()
        last_attempt = last_attempt_at.set(began + max(limit.get() - CONNECT_SECONDS, VAIN_SECONDS))
        try:
            return self.open_connection(conn_params)
        except psycopg.Error as error:
            if monotonic() - began > VAIN_SECONDS:
                breaker.trip(error)
            raise
        finally:
            last_attempt_at.reset(last_attempt)

    def open_connection(self, conn_params: dict[str, Any]) -> WatchedConnection:
        """A new connection that belongs to the caller."""
        connection = WatchedConnection.connect(**conn_params)
        connection.breaker = breaker_of(self.alias)
        return connection

    def is_usable(self) -> bool:
        # Django asks between requests too, where a frozen server must not hold up the thread.
        with deadline():
            return super().is_usable()

    def close_if_unusable_or_obsolete(self) -> None:
        if self.connection is not None and not self.in_atomic_block and self._is_outdated():
            self.close()
        super().close_if_unusable_or_obsolete()

    def _is_outdated(self) -> bool:
        """Whether the server ended the connection meanwhile, or changed what it has prepared."""
        return self.connection.is_stale or (self.connection.has_news() and not self.is_usable())
