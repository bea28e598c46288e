"""Databases of the suite: the test database's URL, copies of it for twins."""

import time
from urllib.parse import parse_qsl, urlencode, urlsplit

import psycopg
from django.conf import settings
from django.db import connections
from psycopg import sql


def url_of(database: str) -> str:
    """The URL of another database on the tests' server."""
    return urlsplit(settings.DATABASE_URL)._replace(path=f"/{database}").geturl()


def redis_url_of_processes() -> str:
    """The numbered Redis database after the tests' own, for the processes that the tests start."""
    parts = urlsplit(settings.REDIS_URL)
    if parts.scheme == "unix":
        options = dict(parse_qsl(parts.query))
        # Not geturl: for a scheme that it does not know it leaves out the slashes of an empty host.
        return f"unix://{parts.path}?{urlencode(options | {'db': int(options.get('db', 0)) + 1})}"
    return parts._replace(path=f"/{int(parts.path.strip('/') or 0) + 1}").geturl()


def copy_database(source: str, target: str) -> None:
    """Make `target` as a copy of `source`, replacing an older one. Nobody may be connected to the source: connections
    that are just closing are waited for, those that a test has left open are ended."""
    connections.close_all()
    with psycopg.connect(url_of("postgres"), autocommit=True) as server:
        drop_database(target)
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(target), sql.Identifier(source))
        for attempt in range(600):
            try:
                server.execute(statement)
                return
            except psycopg.errors.ObjectInUse:
                if attempt == 599:
                    raise
                if attempt >= 50:
                    server.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [source]
                    )
                time.sleep(0.1)


def drop_database(name: str) -> None:
    """Drop a database whoever is connected to it."""
    with psycopg.connect(url_of("postgres"), autocommit=True) as server:
        server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def drop_constraint(database: str, table: str, constraint: str) -> None:
    """Take a constraint (or a unique index of that name) away; fails when there is none."""
    with psycopg.connect(url_of(database), autocommit=True) as server:
        is_index_only = not server.execute(
            "SELECT 1 FROM pg_constraint WHERE conname = %s AND conrelid = %s::regclass", [constraint, table]
        ).fetchone()
        statement = "DROP INDEX {1}" if is_index_only else "ALTER TABLE {0} DROP CONSTRAINT {1} CASCADE"
        server.execute(sql.SQL(statement).format(sql.Identifier(table), sql.Identifier(constraint)))


def waiting_in(database: str) -> int:
    """How many connections to the database wait for somebody's lock."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'"
    with psycopg.connect(url_of("postgres")) as watcher:
        return watcher.execute(query, [database]).fetchone()[0]
