"""Is PostgreSQL there? After one wait in vain no request waits again until a probe is answered."""

import os
from functools import cache

import psycopg
from django.db import connections

from core.breaker import Breaker
from core.postgres.deadlines import deadline


class DatabaseAway(psycopg.OperationalError):
    """The server did not answer in time, or is known not to."""


@cache
def breaker_of(alias: str) -> Breaker:
    """This process's breaker before one database."""
    return Breaker(f"database-{alias}", probe=lambda: _probe(alias), failures=(psycopg.Error, OSError))


# The probing thread stays with the parent: an open breaker of its would stay open in the child for good.
os.register_at_fork(after_in_child=breaker_of.cache_clear)


def _probe(alias: str) -> None:
    """One statement on a connection of its own."""
    # The wrapper of this thread: it tells the parameters and never connects by itself.
    wrapper = connections[alias]
    with deadline():
        probing = wrapper.open_connection(wrapper.get_connection_params())
        try:
            probing.is_probe = True
            probing.execute("SELECT 1")
        finally:
            probing.close()
