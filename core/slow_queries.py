"""Statements that took longer than `SLOW_QUERY_SECONDS` are logged: the SQL, never its parameters."""

import time
from collections.abc import Callable
from typing import Any

import structlog
from django.conf import settings
from django.db.backends.signals import connection_created

log = structlog.get_logger("core.slow_queries")
# Enough to recognize a statement.
MAX_SQL_LENGTH = 2000


def time_statement(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """Django's execute wrapper."""
    began = time.perf_counter()
    try:
        return execute(sql, params, many, context)
    finally:
        seconds = time.perf_counter() - began
        if seconds >= settings.SLOW_QUERY_SECONDS:
            log.warning("slow_query", seconds=round(seconds, 3), sql=" ".join(str(sql)[:MAX_SQL_LENGTH].split()))


def _watch(sender: Any, connection: Any, **kwargs: Any) -> None:
    # A wrapper object outlives its connections, so that it may already be watched.
    if time_statement not in connection.execute_wrappers:
        connection.execute_wrappers.append(time_statement)


def watch_connections() -> None:
    """Time the statements of every connection made from now on."""
    connection_created.connect(_watch, dispatch_uid="core.slow_queries")
