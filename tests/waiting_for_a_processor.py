"""How long threads were ready to run and did not: what a busy machine adds to every wait that a test judges."""

from contextlib import suppress
from pathlib import Path

import psutil

from tests.running import RunningShop


def workers_of(shop: RunningShop) -> list[int]:
    """The two web processes."""
    workers = [
        p.pid for p in psutil.Process(shop.processes["web"].pid).children() if "granian" in " ".join(p.cmdline())
    ]
    assert len(workers) == 2
    return workers


def stood_in_line(process: int) -> dict[int, float]:
    """Seconds that each thread of a process was ready to run and did not, so far."""
    seconds = {}
    for task in Path(f"/proc/{process}/task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # a thread may end meanwhile
            seconds[int(task.name)] = int((task / "schedstat").read_text().split()[1]) / 1e9
    return seconds


def added(after: dict[int, float], before: dict[int, float]) -> float:
    return sum(seconds - before.get(thread, 0) for thread, seconds in after.items())
