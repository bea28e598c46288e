"""Keeps the processes of the shop running: one loop over their output, their deaths and the signals."""

import os
import selectors
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from storefront.embedded.console import Console
from storefront.embedded.processes import Program, kill_group, spawn

# A program that dies at once waits longer each time, up to the last; one that lived ten seconds starts afresh.
RESTART_DELAYS = (0.2, 0.5, 1, 2, 4, 8, 15)
LIVED_SECONDS = 10
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequested(Exception):
    """Somebody pressed Ctrl-C or sent SIGTERM."""


@dataclass
class Child:
    """A program, its present process and what is known about it."""

    program: Program
    process: subprocess.Popen | None = None
    started_at: float = 0
    restart_at: float | None = None
    deaths: int = 0
    is_ready: bool = False
    unfinished_line: bytes = b""

    def delay(self, now: float) -> float:
        """How long to wait before the next start."""
        self.deaths = 0 if now - self.started_at > LIVED_SECONDS else self.deaths + 1
        return RESTART_DELAYS[min(self.deaths, len(RESTART_DELAYS) - 1)]


class Supervisor:
    """Starts programs, prints their output, and starts again whatever dies. Use it in the main thread."""

    def __init__(self, console: Console, *, instance: str) -> None:
        self.console = console
        self.instance = instance
        self.children: dict[str, Child] = {}
        self.stop_signal: int | None = None
        self._is_stopping = False
        self._selector = selectors.DefaultSelector()
        self._wake_read, self._wake_write = socket.socketpair()

    def __enter__(self) -> "Supervisor":
        for end in (self._wake_read, self._wake_write):
            end.setblocking(False)
        signal.set_wakeup_fd(self._wake_write.fileno(), warn_on_full_buffer=False)
        self._selector.register(self._wake_read, selectors.EVENT_READ)
        for number in STOP_SIGNALS:
            signal.signal(number, self._note_stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # only to wake the loop
        return self

    def __exit__(self, *_: object) -> None:
        signal.set_wakeup_fd(-1)

    def start(self, program: Program) -> Child:
        """Start a program and keep it running from now on."""
        child = self.children[program.name] = Child(program)
        self._start(child)
        return child

    def run(self, program: Program) -> int:
        """Run a program to its end, the others being kept up meanwhile; answers its exit code."""
        child = Child(program)
        self._start(child)
        try:
            self.loop(until=lambda: child.process.poll() is not None)
        finally:
            if child.process.poll() is None:
                kill_group(child.process.pid, signal.SIGTERM)
                child.process.wait()
        self._drain()
        return child.process.returncode

    def loop(self, *, until: Callable[[], bool]) -> None:
        """Print output and restart what dies, until the condition holds. Raises StopRequested."""
        while not until():
            if self.stop_signal is not None and not self._is_stopping:
                raise StopRequested
            self._bury_and_restart()
            for key, _ in self._selector.select(timeout=0.2):
                if key.fileobj is self._wake_read:
                    self._wake_read.recv(4096)
                else:
                    self._read(key.fd, key.data)

    def stop(self, stages: Iterable[Iterable[str]]) -> None:
        """Stop the named children, stage after stage; what does not obey in time is killed."""
        self._is_stopping = True
        for names in stages:
            running = [self.children[name] for name in names if name in self.children]
            for child in running:
                child.restart_at = None
                if child.process.poll() is None:
                    child.process.send_signal(child.program.stop_signal)
            for child in running:
                end = time.monotonic() + child.program.stop_seconds
                self.loop(until=lambda child=child, end=end: child.process.poll() is not None or time.monotonic() > end)
                if child.process.poll() is None:
                    self.console.say(
                        f"{child.program.name} does not stop within {child.program.stop_seconds} s; killed"
                    )
                kill_group(child.process.pid)
                child.process.wait()
        self._drain()

    def pids(self) -> Mapping[str, int]:
        """The process id of each running child."""
        return {name: child.process.pid for name, child in self.children.items() if child.process.poll() is None}

    def _note_stop(self, number: int, _frame: object) -> None:
        self.stop_signal = number

    def _start(self, child: Child) -> None:
        read, write = os.pipe()
        os.set_blocking(read, False)
        try:
            child.process = spawn(child.program, output=write, instance=self.instance)
        finally:
            os.close(write)
        child.started_at, child.restart_at = time.monotonic(), None
        self._selector.register(read, selectors.EVENT_READ, child)

    def _bury_and_restart(self) -> None:
        now = time.monotonic()
        for child in self.children.values():
            if self._is_stopping or child.process.poll() is None:
                continue
            if child.restart_at is None:
                kill_group(child.process.pid)  # its children would keep the port, the queue or the lock
                child.restart_at = now + child.delay(now)
                self.console.say(f"{child.program.name} {_end_of(child.process.returncode)}; starting it again")
            elif now >= child.restart_at:
                self._start(child)

    def _drain(self) -> None:
        """Print what dead processes have written."""
        for key in list(self._selector.get_map().values()):
            if key.fileobj is not self._wake_read:
                self._read(key.fd, key.data)

    def _read(self, descriptor: int, child: Child) -> None:
        try:
            chunk = os.read(descriptor, 65536)
        except BlockingIOError:
            return
        lines = (child.unfinished_line + chunk).split(b"\n")
        child.unfinished_line = lines.pop() if chunk else b""
        for line in lines:
            text = line.decode(errors="replace").rstrip()
            if child.program.ready_text and child.program.ready_text in text:
                child.is_ready = True
            if text:
                self.console.line(child.program.name, text)
        if not chunk:
            self._selector.unregister(descriptor)
            os.close(descriptor)


def _end_of(code: int) -> str:
    """How a process ended, in words."""
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
