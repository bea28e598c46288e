"""Servers that the lab starts and ends itself."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO

from loadtests.shop import ROOT

STOP_SECONDS = 60


def granian(application: str, port: int) -> list[str]:
    """The web server with the options that `make run` gives it."""
    return [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)),
        *("--workers", "2", "--blocking-threads", "4", "--workers-kill-timeout", "10", application),
    ]


@contextmanager
def started(command: list[str], *, output: IO[bytes] | None = None, **variables: str) -> Iterator[subprocess.Popen]:
    """The process, for the time of the block; asked to end, and killed when it does not."""
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": "1", **variables},
        stdin=subprocess.DEVNULL,
        stdout=output or subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def free_port() -> int:
    """A port of the loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(is_ready: Callable[[], bool], *, what: str, seconds: float = 60) -> None:
    """Ask until it is ready; ends the program naming `what` when it never is."""
    end = time.monotonic() + seconds
    while not is_ready():
        if time.monotonic() > end:
            sys.exit(f"{what} is not ready after {seconds:.0f} s.")
        time.sleep(0.1)
