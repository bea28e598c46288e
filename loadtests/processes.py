"""What the shop's processes cost, from `/proc`: CPU seconds of a server and of all its children."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psutil

LOOPBACK = {"localhost", "127.0.0.1", "::1", ""}


@dataclass(frozen=True, slots=True)
class Tree:
    """A server and whatever it has started; `roots` are the topmost processes."""

    name: str
    roots: tuple[int, ...]

    def cpu_seconds(self) -> float:
        """User and system time so far, that of children which have ended included."""
        return sum(map(_cpu_seconds, {process for root in self.roots for process in _with_children(root)}))


def _with_children(pid: int) -> list[psutil.Process]:
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _cpu_seconds(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    # A child that ended is counted by its parent, which has waited for it.
    return times.user + times.system + times.children_user + times.children_system


def tree_of(name: str, pids: set[int]) -> Tree | None:
    """The tree of these processes, from the topmost that runs the same program."""
    roots = tuple(sorted({_topmost(pid) for pid in pids}))
    return Tree(name, roots) if roots else None


def web_tree(url: str) -> Tree | None:
    """The web server of a URL, if it runs on this machine."""
    parts = urlsplit(url)
    return tree_of("web", listening_on(parts.port or 80)) if parts.hostname in LOOPBACK else None


def database_tree(url: str) -> Tree | None:
    """The PostgreSQL of a `postgres://` URL, if it runs on this machine."""
    parts = urlsplit(url)
    folder = parse_qs(parts.query).get("host", [""])[0] or (_folder_in(parts.path) if not parts.hostname else "")
    if folder:
        lock = Path(folder) / f".s.PGSQL.{parts.port or 5432}.lock"
        return tree_of("database", {int(lock.read_text().split("\n", 1)[0])}) if lock.exists() else None
    if parts.hostname not in LOOPBACK:
        return None
    return tree_of("database", listening_on(parts.port or 5432) or _named("postgres"))


def broker_tree(url: str) -> Tree | None:
    """The Valkey or Redis of a URL, if it runs on this machine."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        found = {pid for name in ("valkey-server", "redis-server") for pid in _named(name)}
        return tree_of("broker", {pid for pid in found if _holds_socket(pid, parts.path)})
    return tree_of("broker", listening_on(parts.port or 6379)) if parts.hostname in LOOPBACK else None


def listening_on(port: int) -> set[int]:
    """The processes that listen on a TCP port of this machine; without the right to look, none."""
    return {
        connection.pid
        for connection in psutil.net_connections("tcp")
        if connection.pid and connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
    }


def environment_of(tree: Tree) -> Mapping[str, str]:
    """What the topmost process was started with."""
    try:
        return psutil.Process(tree.roots[0]).environ()
    except psutil.Error:
        return {}


def _folder_in(path: str) -> str:
    """The socket folder of a URL such as `postgres:////folder/database`."""
    folder = path.rsplit("/", 1)[0]
    return "/" + folder.lstrip("/") if folder.lstrip("/") else ""


def _named(name: str) -> set[int]:
    return {process.pid for process in psutil.process_iter(["name"]) if process.info["name"] == name}


def _holds_socket(pid: int, path: str) -> bool:
    try:
        return any(connection.laddr == path for connection in psutil.Process(pid).net_connections("unix"))
    except psutil.Error:
        return False


def _topmost(pid: int) -> int:
    """The process that started this one with its own command line: a server's master, not its supervisor."""
    try:
        process = psutil.Process(pid)
        while (parent := process.parent()) is not None and parent.cmdline() == process.cmdline():
            process = parent
        return process.pid
    except psutil.NoSuchProcess:
        return pid
