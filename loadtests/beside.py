"""Measures the shop's CPU per request beside a bare Django view's, in turns, while Locust runs.

Shoppers shop for some seconds; then all are held back and the bare view answers the same bytes in
the same proportions; and so on. What slows the machine for a while slows both.
"""

import json
import time
from collections import Counter, defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any

import gevent
from geventhttpclient import HTTPClient
from locust.env import Environment
from locust.stats import RequestStats

from loadtests.gate import Gate
from loadtests.plan import Plan
from loadtests.processes import Tree

BODIES_KEPT = 25
CONNECTIONS = 8


@dataclass(frozen=True, slots=True)
class Block:
    """One turn: how many requests were answered in how many seconds, and the CPU seconds they cost."""

    requests: int
    seconds: float
    web: float
    database: float


class Beside:
    """Takes turns between the shoppers and the bare view until it is ended."""

    def __init__(self, environment: Environment, gate: Gate, plan: Plan) -> None:
        self.gate = gate
        self.plan = plan
        self.web, self.bare = Tree("web", tuple(plan.web)), Tree("bare", tuple(plan.bare))
        self.database = Tree("database", tuple(plan.database))
        self.counts: Counter[str] = Counter()
        self.bodies: dict[str, list[bytes]] = defaultdict(list)
        self.random = Random(1)
        self.pairs: list[dict[str, Any]] = []
        environment.events.request.add_listener(self.note)

    def note(self, *, request_type: str, name: str, response: Any = None, exception: Any = None, **_: Any) -> None:
        """Locust's listener: what was answered, and how often."""
        self.counts[name] += 1
        bodies = self.bodies[name]
        if exception is None and len(bodies) < BODIES_KEPT and response is not None:
            bodies.append(response.content or b"")

    def run(self) -> None:
        """Turn after turn, until the run ends."""
        while True:
            shop = self._shop_block()
            if not self._write_bodies():
                continue
            self.pairs.append({"shop": asdict(shop), "bare": asdict(self._bare_block())})

    def write(self, stats: RequestStats) -> None:
        """Leave what was measured, and what Locust counted by name."""
        counted = {
            entry.name: {
                "requests": entry.num_requests,
                "failures": entry.num_failures,
                "mean_ms": round(entry.avg_response_time, 1),
                **{f"p{percent}_ms": entry.get_response_time_percentile(percent / 100) for percent in (50, 95, 99)},
            }
            for entry in [*stats.entries.values(), stats.total]
        }
        Path(self.plan.result).write_text(json.dumps({"pairs": self.pairs, "locust": counted}))

    def _shop_block(self) -> Block:
        before, began = self._spent(), time.monotonic()
        asked = self.counts.total()
        self.gate.open()
        gevent.sleep(self.plan.shop_seconds)
        self.gate.close()
        web, database = (after - earlier for after, earlier in zip(self._spent(), before, strict=True))
        return Block(self.counts.total() - asked, time.monotonic() - began, web, database)

    def _bare_block(self) -> Block:
        before, began = self.bare.cpu_seconds(), time.monotonic()
        end = began + self.plan.bare_seconds
        workers = [gevent.spawn(self._ask_bare, end) for _ in range(CONNECTIONS)]
        gevent.joinall(workers, raise_error=True)
        answered = sum(worker.value for worker in workers)
        return Block(answered, time.monotonic() - began, self.bare.cpu_seconds() - before, 0.0)

    def _ask_bare(self, end: float) -> int:
        places = [place for place, bodies in enumerate(self.bodies.values()) if bodies]
        weights = [self.counts[name] for name, bodies in self.bodies.items() if bodies]
        client = HTTPClient.from_url(self.plan.bare_url)
        answered = 0
        while time.monotonic() < end:
            response = client.get(f"/body-{self.random.choices(places, weights)[0]}")
            response.read()
            if response.status_code != 200:
                raise RuntimeError(f"the bare view answered {response.status_code}")
            answered += 1
        client.close()
        return answered

    def _write_bodies(self) -> bool:
        """Leave a body of each kind for the bare view, of middling length; whether there is any."""
        for place, bodies in enumerate(self.bodies.values()):
            if bodies:
                middle = sorted(bodies, key=len)[len(bodies) // 2]
                (Path(self.plan.bare_folder) / f"body-{place}").write_bytes(middle)
        return any(self.bodies.values())

    def _spent(self) -> tuple[float, float]:
        return self.web.cpu_seconds(), self.database.cpu_seconds()
