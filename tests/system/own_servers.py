"""A shop on a PostgreSQL and a Valkey of a test's own, which may be frozen and killed without disturbing others."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psutil
from django.db import connection

from storefront.embedded import folders, postgres, valkey
from storefront.embedded.processes import Program, is_alive, spawn
from tests.databases import url_of
from tests.running import RunningShop, make_shop, wait_for

DATABASE = "storefront"
CONNECTIONS = 40


class OwnServers:
    """The two servers, their data in `folder`; `shop` runs on them, started by whoever needs it."""

    def __init__(self, folder: Path) -> None:
        self._lock = folders.lock_data(folder)
        self._places = folders.prepare(folder)
        self._folder = folder
        self.processes: dict[str, psutil.Popen] = {}
        self.database_url = postgres.url(self._places, DATABASE)
        self.shop: RunningShop = make_shop(
            DATABASE, folder, redis_url=valkey.url(self._places), guards=[], background=True
        )
        # Its waits for a server that is away are those of production.
        self.shop.environment |= {"DATABASE_URL": self.database_url, "DATABASE_PATIENCE": "1"}

    def start(self) -> None:
        """Start what does not run, and wait until both answer."""
        for module in (postgres, valkey):
            program = self._program(module)
            running = self.processes.get(program.name)
            if running is None or running.poll() is not None:
                module.prepare(self._places)
                with (self._folder / f"{program.name}.log").open("ab") as log:
                    self.processes[program.name] = spawn(program, output=log.fileno())
        for module in (postgres, valkey):
            wait_for(lambda module=module: module.accepts_connections(self._places), what=module.__name__)

    def fill(self, source: str) -> None:
        """Make the shop's database as a copy of `source` on the tests' server."""
        postgres.ensure_database(self._places, DATABASE)
        programs = self._places.postgres_bin
        dump = subprocess.run([programs / "pg_dump", url_of(source)], capture_output=True, check=True)
        load = [programs / "psql", "--quiet", "--output", os.devnull, "--set", "ON_ERROR_STOP=1", self.database_url]
        subprocess.run(load, input=dump.stdout, check=True)

    def freeze(self, name: str) -> None:
        """Stop the server and its children in the midst of what they do, the forking one first."""
        self._signal(name, signal.SIGSTOP)

    def thaw(self, name: str) -> None:
        """Let them go on."""
        self._signal(name, signal.SIGCONT)

    def kill(self, name: str) -> None:
        """`kill -9` of the server and its children, and the end of all: one that still lives holds the memory that
        they share, and the next server refuses to start."""
        family = self._signal(name, signal.SIGKILL)
        self.processes[name].wait()
        wait_for(lambda: not any(map(is_alive, family)), what=f"the end of {name}'s children")

    def kill_everything(self) -> None:
        """`kill -9` of the servers and of all processes of the shop, one right after the other."""
        groups = [process.pid for process in self.shop.processes.values()]
        for group in groups:
            os.killpg(group, signal.SIGKILL)
        family = [process for name in self.processes for process in self._signal(name, signal.SIGKILL)]
        for process in (*self.shop.processes.values(), *self.processes.values()):
            process.wait()
        wait_for(lambda: not any(map(is_alive, family)), what="the end of the servers' children")

    @contextmanager
    def orm(self) -> Iterator[None]:
        """Within the block, this process's ORM works on this database."""
        connection.close()
        before = {name: connection.settings_dict[name] for name in ("NAME", "USER", "HOST", "PORT")}
        connection.settings_dict |= {
            "NAME": DATABASE,
            "USER": postgres.SUPERUSER,
            "HOST": str(self._places.sockets),
            "PORT": postgres.PORT,
        }
        try:
            yield
        finally:
            connection.close()
            connection.settings_dict |= before

    def discard(self) -> None:
        """End everything and remove the data."""
        self.kill_everything()
        os.close(self._lock)
        for folder in (self._places.servers, self._places.sockets):
            shutil.rmtree(folder, ignore_errors=True)

    def _program(self, module) -> Program:
        if module is not postgres:
            return module.program(self._places)
        program = postgres.program(self._places, connections=CONNECTIONS)
        # A killed server loses nothing that it has handed to the kernel: only a machine's crash does.
        return replace(program, command=[*program.command, "-c", "fsync=off"])

    def _signal(self, name: str, number: signal.Signals) -> list[psutil.Process]:
        """Signal the server and then its children, which are in sessions of their own; answers all of them."""
        try:
            server = psutil.Process(self.processes[name].pid)
            family = [server] if number != signal.SIGCONT else []
            if number != signal.SIGCONT:
                server.send_signal(number if number == signal.SIGSTOP else signal.SIGSTOP)
            family += server.children(recursive=True)
            if number == signal.SIGCONT:
                family.append(server)
        except psutil.NoSuchProcess:
            return []
        for process in family:
            try:
                process.send_signal(number)
            except psutil.NoSuchProcess:
                continue
        return family
