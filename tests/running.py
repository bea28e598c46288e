"""A whole shop as processes: two web workers, a Celery worker, beat and a mail sink on one database."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from random import SystemRandom
from typing import Any, TypeVar

import psycopg
import requests
from django.db import connection

from storefront.embedded.processes import Program, kill_group, spawn
from storefront.embedded.shop import is_free
from tasks.invariants import check_invariants
from tasks.invariants.engine import Evidence
from tests.databases import url_of

ROOT = Path(__file__).resolve().parents[1]
LOADTEST_TOKEN = "tests-are-not-throttled"
# For what never comes: a machine at work on other things takes its time, and no test is judged by that.
WAIT_SECONDS = 120
Answer = TypeVar("Answer")


# The kernel gives none of these to those who ask for any port (/proc/sys/net/ipv4/ip_local_port_range): nobody has
# one by chance before it is used, or while its server is killed.
_ports = cycle(SystemRandom().sample(range(20_000, 30_000), 10_000))


def free_port() -> int:
    """A port of the loopback that nobody listens on now, another one each time."""
    return next(port for port in _ports if is_free("127.0.0.1", port))


def wait_for(probe: Callable[[], Answer], *, seconds: float = WAIT_SECONDS, what: str | Callable[[], str]) -> Answer:
    """The first true answer of `probe`, asked again and again; fails naming `what` after the time."""
    end = time.monotonic() + seconds
    while not (answer := probe()):
        assert time.monotonic() < end, f"not within {seconds} s: {what() if callable(what) else what}"
        time.sleep(0.05)
    return answer


def answer_within(seconds: float, ask: Callable[[], Answer]) -> Answer:
    """The first answer that took no longer. A busy machine adds to a wait and never takes from it, so the question
    is asked anew until nothing else held it up."""
    for _ in range(10):
        began = time.monotonic()
        answer = ask()
        if (took := time.monotonic() - began) < seconds:
            return answer
    raise AssertionError(f"not once within {seconds} s, at last {took:.1f} s")


class Client(requests.Session):
    """An HTTP client of one shop: paths instead of URLs, a time limit, not throttled."""

    def __init__(self, shop_url: str, token: str | None = None) -> None:
        super().__init__()
        self.shop_url = shop_url
        self.trust_env = False
        self.headers["X-Loadtest-Token"] = LOADTEST_TOKEN
        if token:
            self.headers["Authorization"] = f"Bearer {token}"

    def request(self, method, url, **options):
        options.setdefault("timeout", WAIT_SECONDS)
        return super().request(method, self.shop_url + url if url.startswith("/") else url, **options)


@dataclass
class RunningShop:
    """Handles of a shop that runs on `database`."""

    database: str
    folder: Path
    environment: dict[str, str]
    url: str
    programs: dict[str, Program]
    processes: dict[str, subprocess.Popen] = field(default_factory=dict)

    @property
    def mail_directory(self) -> Path:
        """Where the mail sink keeps what was sent."""
        return self.folder / "mail"

    def mail_ledger(self) -> list[dict]:
        """What the mail sink accepted, oldest first: time, message_id, to, subject, file."""
        return read_ledger(self.mail_directory / "ledger.jsonl")

    def client(self, token: str | None = None) -> Client:
        """A client of its own (one per thread), signed in when given an access token."""
        return Client(self.url, token)

    def plant_fault(self, *points: str) -> None:
        """The next process that reaches one of these fault points kills itself there: one at each."""
        planted = Path(self.environment["FAULTS_FILE"])
        planted.with_suffix(".new").write_text("\n".join(points))
        planted.with_suffix(".new").rename(planted)

    def fault_is_pending(self) -> bool:
        """Whether a planted fault has not struck yet."""
        return Path(self.environment["FAULTS_FILE"]).exists()

    def clear_fault(self) -> None:
        """Take planted faults away."""
        Path(self.environment["FAULTS_FILE"]).unlink(missing_ok=True)

    @contextmanager
    def orm(self) -> Iterator[None]:
        """Within the block, this process's ORM (factories, services, asserts) works on this shop's database."""
        before = connection.settings_dict["NAME"]
        if before == self.database:
            yield
            return
        connection.close()
        connection.settings_dict["NAME"] = self.database
        try:
            yield
        finally:
            connection.close()
            connection.settings_dict["NAME"] = before

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a management command on this shop's database; the caller looks at the exit code."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=2 * WAIT_SECONDS,
        )

    def violations(self, *, acknowledged: Iterable[Mapping[str, Any]] | None = None) -> str:
        """What `check_invariants` finds violated, with the rows that it names, asked in this process: starting
        another takes seconds. `acknowledged` are documents of orders that clients got."""
        journal = None if acknowledged is None else list(acknowledged)
        with self.orm():
            results = check_invariants(evidence=Evidence(acknowledged=journal))
        return "\n".join(
            f"violated {result.invariant} {result.topic} {result.rule}: {', '.join(result.offenders)}"
            for result in results
            if result.state == "violated"
        )

    def log(self, name: str) -> str:
        """What the process has written so far."""
        path = self.folder / f"{name}.log"
        # Half a character may stand at its end.
        return path.read_text(errors="replace") if path.exists() else ""

    def start(self, *names: str) -> None:
        """Start the named processes; the web is awaited."""
        for name in names:
            with (self.folder / f"{name}.log").open("ab") as log:
                self.processes[name] = spawn(self.programs[name], output=log.fileno())
        if "web" in names:
            try:
                wait_for(self._web_answers, what=f"the web at {self.url}")
            except AssertionError as error:
                raise AssertionError(f"{error}\n{self.log('web')[-3000:]}") from None

    def restart_web(self) -> None:
        """Kill the web processes as they stand and start new ones on the same port."""
        self.kill("web")
        self.start("web")

    def kill(self, name: str) -> None:
        """`kill -9` of a process and all its children."""
        process = self.processes.pop(name)
        kill_group(process.pid, signal.SIGKILL)
        process.wait()

    def pause(self) -> None:
        """Freeze the background processes between transactions, so that tables can be truncated."""
        groups = [process.pid for name, process in self.processes.items() if name in {"worker", "beat"}]
        end = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < end:
            for group in groups:
                kill_group(group, signal.SIGSTOP)
            # Twice: the server may not have read yet what was sent just before.
            if not (self._open_transactions() or self._open_transactions()):
                return
            for group in groups:
                kill_group(group, signal.SIGCONT)
            time.sleep(0.05)
        raise AssertionError(f"a process of the shop keeps a transaction open: {self._open_transactions()}")

    def resume(self) -> None:
        """Let paused processes go on, and start again what a test has killed."""
        for name in self.programs:
            process = self.processes.get(name)
            if process is None or process.poll() is not None:
                self.start(name)
            elif name in {"worker", "beat"}:
                kill_group(process.pid, signal.SIGCONT)

    def stop(self) -> None:
        """End all processes at once: nobody needs this shop's data any more."""
        for name in list(self.processes):
            self.kill(name)

    def _web_answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/health/live/", timeout=5).status_code < 500
        except (requests.ConnectionError, requests.Timeout):
            return False

    def _open_transactions(self) -> list[str]:
        query = (
            "SELECT query FROM pg_stat_activity WHERE datname = %s AND xact_start IS NOT NULL"
            " AND backend_type = 'client backend' AND pid NOT IN (pg_backend_pid(), %s)"
        )
        with psycopg.connect(url_of("postgres")) as watcher:
            return [row[0] for row in watcher.execute(query, [self.database, own_backend()])]


def read_ledger(ledger: Path) -> list[dict]:
    """The lines of a mail sink's ledger but for one that is just being written."""
    complete, _, _ = ledger.read_text().rpartition("\n") if ledger.exists() else ("", "", "")
    return [json.loads(line) for line in complete.splitlines()]


def own_backend() -> int:
    """The server process of this process's own connection, 0 without one."""
    return connection.connection.info.backend_pid if connection.connection else 0


def make_shop(database: str, folder: Path, *, redis_url: str, guards: list[str], background: bool) -> RunningShop:
    """A shop on `database` with `guards` switched off, not yet started."""
    web_port, mail_port = free_port(), free_port()
    (folder / "media").mkdir(exist_ok=True)
    environment = dict(os.environ) | {
        "DJANGO_SETTINGS_MODULE": "storefront.settings.testing",
        "DATABASE_URL": url_of(database),
        "REDIS_URL": redis_url,
        "EMAIL_HOST": "127.0.0.1",
        "EMAIL_PORT": str(mail_port),
        # A mail whose sender was killed is sent again after six of these.
        "EMAIL_TIMEOUT": "2",
        # A run whose worker was killed is gone on with after this.
        "RUN_LEASE_SECONDS": os.environ.get("RUN_LEASE_SECONDS", "2"),
        # Who comes in a crowd gets his answer, however slow the machine is.
        "DATABASE_PATIENCE": "10",
        # What is recovered is recovered from rows.
        "BROKER_REDELIVERY": "false",
        "DATA_DIR": str(folder),
        "MEDIA_ROOT": str(folder / "media"),
        "DISABLED_GUARDS": ",".join(guards),
        "FAULTS_FILE": str(folder / "fault"),
        "LOADTEST_TOKEN": LOADTEST_TOKEN,
        "SHOP_URL": f"http://127.0.0.1:{web_port}",
        "PYTHONUNBUFFERED": "1",
    }
    commands = {
        "mail": ["storefront.embedded.mail_sink", "--folder", str(folder / "mail"), "--port", str(mail_port)],
        "web": [
            "granian",
            *("--interface", "wsgi", "--host", "127.0.0.1", "--port", str(web_port), "--workers", "2"),
            *("--blocking-threads", "4", "--respawn-failed-workers", "--respawn-interval", "0.1"),
            "storefront.wsgi:application",
        ],
        "worker": [
            "celery",
            "-A",
            "storefront.celery",
            "worker",
            "--concurrency",
            "2",
            "--without-mingle",
            "--loglevel",
            "INFO",
        ],
        "beat": ["celery", "-A", "storefront.celery", "beat"],
    }
    if not background:
        commands = {"web": commands["web"]}
    programs = {
        name: Program(name, [sys.executable, "-m", *command], environment, directory=str(ROOT))
        for name, command in commands.items()
    }
    return RunningShop(database, folder, environment, f"http://127.0.0.1:{web_port}", programs)
