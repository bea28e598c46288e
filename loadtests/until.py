"""Ends a run when enough was asked: a run of seconds says on each machine something else."""

from collections.abc import Callable
from typing import Any

import gevent
from locust.env import Environment
from locust.runners import STATE_RUNNING

ALL = "Aggregated"


class Until:
    """Watches Locust's table until each name in it has its count, and whatever else is wanted is there.

    `wanted` are pairs as on the command line: `POST /orders/=20`; `Aggregated` stands for all requests.
    Raises ValueError for a count that is none.
    """

    def __init__(self, environment: Environment, wanted: list[str], *, has_rest: Callable[[], bool]) -> None:
        self._environment = environment
        self._counts = {name: int(count) for name, _, count in (pair.rpartition("=") for pair in wanted)}
        self._has_rest = has_rest
        self._is_over = False
        environment.events.request.add_listener(self._look)

    def is_enough(self) -> bool:
        """Whether nothing more is waited for."""
        stats = self._environment.stats
        asked = {ALL: stats.total.num_requests}
        for entry in stats.entries.values():
            asked[entry.name] = asked.get(entry.name, 0) + entry.num_requests
        return all(asked.get(name, 0) >= count for name, count in self._counts.items()) and self._has_rest()

    def _look(self, **_: Any) -> None:
        runner = self._environment.runner
        if not self._is_over and runner.state == STATE_RUNNING and self.is_enough():
            self._is_over = True
            # Not here: this is somebody's request, and quitting waits for all of them.
            gevent.spawn(runner.quit)
