"""`make test`: one command with a PostgreSQL and a Valkey of its own, both gone afterwards."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from storefront.embedded import folders, postgres, valkey
from storefront.embedded.processes import spawn, stop, wait_until

DATABASE = "storefront"
# 200 buyers at once, several shops of two web workers each, and the tests' own connections.
CONNECTIONS = 300


def run_with_servers(command: list[str], environment: Mapping[str, str]) -> int:
    """Run the command with DATABASE_URL and REDIS_URL; those that are given already are used as they are."""
    environment = dict(environment)
    needed = [
        module
        for module, variable in ((postgres, "DATABASE_URL"), (valkey, "REDIS_URL"))
        if not environment.get(variable)
    ]
    if not needed:
        return _run(command, environment)
    data = Path(tempfile.mkdtemp(prefix="storefront-test-"))
    data.chmod(0o755)  # root's servers run as another user
    lock = folders.lock_data(data)
    places = folders.prepare(data)
    started = []
    try:
        for module in needed:
            module.prepare(places)
            options = {"durable": False, "connections": CONNECTIONS} if module is postgres else {}
            program = module.program(places, **options)
            with (data / f"{program.name}.log").open("wb") as log:
                started.append((spawn(program, output=log.fileno(), instance=places.instance), program))
        for module in needed:
            wait_until(lambda module=module: module.accepts_connections(places), seconds=60, what=module.__name__)
        if postgres in needed:
            postgres.ensure_database(places, DATABASE)
            environment["DATABASE_URL"] = postgres.url(places, DATABASE)
        if valkey in needed:
            environment["REDIS_URL"] = valkey.url(places)
        return _run(command, environment)
    finally:
        for process, program in reversed(started):
            stop(process, program)
        os.close(lock)
        folders.remove_sockets(data)
        for folder in (places.servers, data):
            shutil.rmtree(folder, ignore_errors=True)


def _run(command: list[str], environment: Mapping[str, str]) -> int:
    """Run in the foreground. Ctrl-C reaches the command by itself; SIGTERM is passed on."""
    signal.signal(signal.SIGINT, lambda *_: None)
    process = subprocess.Popen(command, env=environment)
    signal.signal(signal.SIGTERM, lambda number, _: process.send_signal(number))
    code = process.wait()
    return code if code >= 0 else 128 - code
