"""What a frozen broker costs a buyer: the p95 of checkouts with it stopped, over that with it running.

The bound is one-sided: the worker's work falls on the turns with it running, so only a wait longer than
that shows. The two take turns in short blocks. The broker is thawed whatever happens to this process.
"""

import os
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from statistics import quantiles

import requests

from loadtests.processes import Tree
from loadtests.shop import loadtest_token

ADDRESS = {
    "name": "Load Buyer",
    "line1": "1 Long Lane",
    "city": "London",
    "postal_code": "EC1A 1BB",
    "country": "GB",
}
BUYERS = 6
BLOCK_SECONDS = 2.0
PAIRS = 3
# A thaw that nobody has to remember.
THAW_SECONDS = 8


@dataclass(slots=True)
class Checkouts:
    """How long orders took in milliseconds, and what went wrong instead."""

    running: list[float] = field(default_factory=list)
    frozen: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """p95 frozen / p95 running."""
        return p95(self.frozen) / p95(self.running)


def p95(values: list[float]) -> float:
    """The 95th percentile; at least two values."""
    return quantiles(values, n=20)[-1]


def measure(url: str, broker: Tree) -> Checkouts:
    """Orders in turns with the broker running and stopped. A buyer cancels what he ordered, untimed."""
    found = Checkouts()
    variants = [row["default_variant"] for row in _call(url, "GET", "/products/?in_stock=true&limit=100")["results"]]
    if not variants:
        found.failures.append("nothing is in stock")
        return found
    for _ in range(PAIRS):
        _block(url, variants, found.running, found.failures)
        with frozen(broker):
            _block(url, variants, found.frozen, found.failures)
    return found


@contextmanager
def frozen(tree: Tree) -> Iterator[None]:
    """The processes are stopped within the block, and go on after some seconds even if we are killed."""
    guard = thaw_later(tree.roots)
    try:
        for pid in tree.roots:
            os.kill(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in tree.roots:
            os.kill(pid, signal.SIGCONT)
        os.killpg(guard.pid, signal.SIGKILL)
        guard.wait()


def thaw_later(pids: Iterable[int]) -> subprocess.Popen:
    """A process that lets the others go on after a while, whatever becomes of us."""
    script = f'sleep {THAW_SECONDS}; kill -CONT "$@"'
    return subprocess.Popen(["/bin/sh", "-c", script, "thaw", *map(str, pids)], start_new_session=True)


def _block(url: str, variants: list[int], times: list[float], failures: list[str]) -> None:
    end = time.monotonic() + BLOCK_SECONDS

    def buy(first: int) -> None:
        choice = cycle(variants[first:] + variants[:first])
        while time.monotonic() < end:
            try:
                times.append(_order(url, next(choice)))
            except requests.RequestException as error:
                failures.append(str(error))

    with ThreadPoolExecutor(BUYERS) as pool:
        list(pool.map(buy, range(0, BUYERS * 7, 7)))


def _order(url: str, variant: int) -> float:
    """Milliseconds that a placed order took."""
    cart = _call(url, "POST", "/carts/", {"items": [{"variant": variant, "quantity": 1}]})["id"]
    body = {
        "cart": cart,
        "email": f"load-{cart}@buyers.example",
        "shipping_address": ADDRESS,
        "shipping_method": "standard",
        "payment_provider": "manual",
    }
    began = time.perf_counter()
    order = _call(url, "POST", "/orders/", body)
    took = (time.perf_counter() - began) * 1000
    _call(url, "POST", f"/orders/{order['number']}/cancel/", {}, {"X-Order-Token": order["access_token"]})
    return took


def _call(url: str, method: str, path: str, body: dict | None = None, headers: dict | None = None) -> dict:
    answer = requests.request(
        method,
        f"{url}/api/v1{path}",
        json=body,
        headers={"X-Loadtest-Token": loadtest_token()} | (headers or {}),
        timeout=30,
    )
    answer.raise_for_status()
    return answer.json()
