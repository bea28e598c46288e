"""Starting and stopping processes so that none is ever left behind.

Each program leads a process group of its own, so that Ctrl-C reaches the supervisor alone, and
carries `STOREFRONT_INSTANCE` in its environment, so that a later start finds what a killed
supervisor left. On Linux the kernel itself signals a child when its parent dies.
"""

import ctypes
import os
import pwd
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass

import psutil

INSTANCE_VARIABLE = "STOREFRONT_INSTANCE"
PR_SET_PDEATHSIG = 1


class CannotStart(Exception):
    """The start cannot go on; the text is the one line that the person at the terminal reads."""


@dataclass(frozen=True)
class Program:
    """How one process of the shop is started and asked to stop."""

    name: str
    command: list[str]
    environment: Mapping[str, str]
    user: str | None = None
    directory: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 10
    ready_text: str = ""


def _signal_when_parent_dies(death_signal: int, parent: int):
    """What the child does between fork and exec; None where the kernel cannot do it."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)

    def arrange() -> None:
        libc.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
        if os.getppid() != parent:  # the parent died in between
            os.kill(os.getpid(), death_signal)

    return arrange


def spawn(program: Program, *, output: int | None = None, instance: str = "") -> subprocess.Popen:
    """Start the program as leader of its own group. Call from the main thread: on Linux the child
    is signaled when the *thread* that started it ends. `output` takes stdout and stderr together."""
    environment = dict(program.environment)
    if instance:
        environment[INSTANCE_VARIABLE] = instance
    return subprocess.Popen(
        program.command,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output is not None else None,
        env=environment,
        cwd=program.directory,
        process_group=0,
        preexec_fn=_signal_when_parent_dies(program.stop_signal, os.getpid()),
        **identity_of(program.user),
    )


def identity_of(user: str | None) -> dict:
    """The arguments that make a subprocess run as `user` with that user's groups alone."""
    if user is None:
        return {}
    try:
        return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}
    except KeyError as error:
        raise CannotStart(f"there is no user {user} for the servers to run as") from error


def kill_group(group: int, signal_number: int = signal.SIGKILL) -> None:
    """Signal every process of a group that may be gone already."""
    try:
        os.killpg(group, signal_number)
    except (ProcessLookupError, PermissionError):
        return


def stop(process: subprocess.Popen, program: Program) -> None:
    """Ask the process to stop, wait, and kill what is left of its group."""
    if process.poll() is None:
        process.send_signal(program.stop_signal)
        try:
            process.wait(program.stop_seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    kill_group(process.pid)


def end_orphans(instance: str, *, patience_seconds: float = 15) -> list[str]:
    """End the processes that a killed supervisor of the same instance left; answers their names.

    The caller holds the lock of the data folder, so nobody else can own them.
    """
    orphans = [process for process in psutil.process_iter() if _belongs_to(process, instance)]
    names = sorted({process.name() for process in orphans if is_alive(process)})
    for process in orphans:
        _ask(process, signal.SIGINT if process.name() == "postgres" else signal.SIGTERM)
    end = time.monotonic() + patience_seconds
    while any(map(is_alive, orphans)) and time.monotonic() < end:
        time.sleep(0.05)
    for process in filter(is_alive, orphans):
        _ask(process, signal.SIGKILL)
    return names


def is_alive(process: psutil.Process) -> bool:
    """Whether the process still does anything: a zombie that nobody collects does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _belongs_to(process: psutil.Process, instance: str) -> bool:
    try:
        return process.pid != os.getpid() and process.environ().get(INSTANCE_VARIABLE) == instance
    except (psutil.Error, OSError):
        return False


def _ask(process: psutil.Process, signal_number: int) -> None:
    try:
        process.send_signal(signal_number)
    except psutil.Error:
        return


def wait_until(condition, *, seconds: float, what: str, pause: float = 0.05) -> None:
    """Poll until `condition()` is true; CannotStart names `what` when it never is."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise CannotStart(f"{what} is not ready after {seconds:.0f} seconds")
        time.sleep(pause)
