"""A shop under `make run`'s supervisor, in a data folder of its own."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psutil
import requests

from storefront.embedded.processes import INSTANCE_VARIABLE, identity_of
from storefront.embedded.shop import MAIL_PORT
from tests.running import ROOT, WAIT_SECONDS, free_port, wait_for

READY = re.compile(r"ready after ([\d.]+) s")
MARKS = {
    "postgres": ("postgres", "-D"),
    "valkey": ("valkey-server",),
    "mail": ("storefront.embedded.mail_sink",),
    "web": ("granian",),
    "worker": ("celery", "worker"),
    "beat": ("celery", "beat"),
}


@contextmanager
def mail_port_taken() -> Iterator[None]:
    """The usual port of the mail sink is not free within the block, so that a shop that starts chooses another one.
    Two that start at once both find it free, as does one that starts while the sink of another has just been killed:
    the one's sink would get the other's mails."""
    with ExitStack() as held:
        with suppress(OSError):  # somebody has it
            held.enter_context(socket.create_server(("127.0.0.1", MAIL_PORT)))
        yield


class SupervisedShop:
    """`python -m storefront.embedded run`, started and killed as often as a test needs."""

    def __init__(self, data: Path, *, python: str = sys.executable, user: str | None = None, **variables: str) -> None:
        self.data = data
        self.python = python
        self.user = user
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = data.parent / f"{data.name}.log"
        kept = ("PATH", "HOME", "LANG", "PYTHONPATH")
        self.environment = {name: os.environ[name] for name in kept if name in os.environ}
        self.environment |= {"DATA_DIR": str(data), "PORT": str(self.port)} | variables
        self.process: subprocess.Popen | None = None

    def start(self, *, seconds: float = 2 * WAIT_SECONDS) -> float:
        """Start and wait for "ready"; answers the seconds that it says it took."""
        position = len(self.output())
        with mail_port_taken(), self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [self.python, "-m", "storefront.embedded", "run"],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                **identity_of(self.user),
            )

            def ready() -> re.Match | None:
                assert self.process.poll() is None, self.output()[position:][-4000:]
                return READY.search(self.output()[position:])

            return float(wait_for(ready, seconds=seconds, what="the supervisor says ready").group(1))

    def output(self) -> str:
        """All that was printed so far."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def stop(self) -> int:
        """SIGTERM; answers the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=WAIT_SECONDS)

    def running(self) -> list[psutil.Process]:
        """Every process of this shop but the supervisor, in no order."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get(INSTANCE_VARIABLE) == str(self.data) and process.status() != "zombie":
                    found.append(process)
            except (psutil.Error, OSError):
                continue
        return found

    def owners(self) -> set[str]:
        """As which users its processes run. One of PostgreSQL's may end while it is looked at."""
        names = set()
        for process in self.running():
            with suppress(psutil.NoSuchProcess):
                names.add(process.username())
        return names

    def process_of(self, name: str) -> psutil.Process | None:
        """The leader of the named program, if it runs."""
        for process in self.running():
            try:
                command = process.cmdline()
                is_leader = process.ppid() == self.process.pid
            except psutil.Error:
                continue
            if is_leader and all(any(mark in part for part in command) for mark in MARKS[name]):
                return process
        return None

    def is_healthy(self) -> bool:
        """Whether the health page says that everything is well."""
        try:
            answer = requests.get(f"{self.url}/health/ready/", timeout=30)
        except requests.RequestException:
            return False
        return answer.status_code == 200 and answer.json().get("status") == "ok"

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`make manage` on this shop; the caller looks at the exit code."""
        return subprocess.run(
            [self.python, "-m", "storefront.embedded", "manage", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=2 * WAIT_SECONDS,
            check=False,
        )

    def discard(self) -> None:
        """End whatever is left, for a test that failed halfway."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=WAIT_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        for process in self.running():
            process.kill()
        time.sleep(0.1)
