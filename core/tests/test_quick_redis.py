"""The longest that any of many requests at once waits for a Redis that is away, however it is away.

A busy machine adds to a wait and never takes from it. So each experiment is made anew until its longest wait is
within the bound: one wait too many in the code adds to every one of them.
"""

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from time import monotonic, perf_counter
from urllib.parse import urlsplit

import pytest
from django.conf import settings

from core.breaker import BreakerOpen
from core.quick_redis import QuickRedis

LONGEST_SECONDS = 0.02
DEADLINE_SECONDS = 0.01
REQUESTS = 4
PATIENCE_SECONDS = 20


@contextmanager
def frozen() -> Iterator[str]:
    """It accepts connections and says nothing."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(100)
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0"


@contextmanager
def refused() -> Iterator[str]:
    """Nobody listens there."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        yield f"redis://127.0.0.1:{closed.getsockname()[1]}/0"


@contextmanager
def slow() -> Iterator[str]:
    """It answers each message after 8 ms, which is within the deadline, but not for the second time."""
    pause = threading.Event()

    def answer(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            while asked := connection.recv(65536):
                pause.wait(0.008)
                connection.sendall(b"+OK\r\n" * asked.count(b"*"))

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(100)
        threading.Thread(target=accept, daemon=True).start()
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0?protocol=2"
        listener.shutdown(socket.SHUT_RDWR)


def waits(asked: QuickRedis) -> list[float]:
    """How long each of some requests at once waited until it knew that it must do without."""
    begin = threading.Barrier(REQUESTS)

    def ask(_: int) -> float:
        begin.wait(timeout=10)
        began = perf_counter()
        with pytest.raises(BreakerOpen):
            asked.call(lambda client: client.get("key"))
        return perf_counter() - began

    try:
        with ThreadPoolExecutor(REQUESTS) as pool:
            return list(pool.map(ask, range(REQUESTS)))
    finally:
        asked.breaker.stop()  # or it probes on beside all later rounds, and holds them up


def longest_of_a_calm_round(experiment: Callable[[], list[float]]) -> float:
    """The longest wait of the first round that nothing else on the machine held up."""
    end = monotonic() + PATIENCE_SECONDS
    best = max(experiment())
    while best > LONGEST_SECONDS and monotonic() < end:
        best = min(best, max(experiment()))
    return best


@pytest.mark.parametrize("away", [frozen, refused, slow])
def test_whoever_must_connect_first_waits_once(away):
    with away() as url:
        assert longest_of_a_calm_round(lambda: waits(QuickRedis(url, DEADLINE_SECONDS))) <= LONGEST_SECONDS


def connected_to_the_real_one() -> socket.socket:
    """A connection to the tests' own server."""
    url = urlsplit(settings.CACHE_URL)
    if url.scheme != "unix":
        return socket.create_connection((url.hostname, url.port or 6379))
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(url.path)
    return connection


@contextmanager
def passing_on() -> Iterator[tuple[str, Callable[[], None]]]:
    """A door to the real server, and what freezes it: connections stay, nothing comes back."""
    is_frozen = threading.Event()

    def pass_on(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if not is_frozen.is_set():
                    target.sendall(data)

    def accept() -> None:
        with suppress(OSError):
            while True:
                near, far = listener.accept()[0], connected_to_the_real_one()
                for pair in ((near, far), (far, near)):
                    threading.Thread(target=pass_on, args=pair, daemon=True).start()

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(100)
        threading.Thread(target=accept, daemon=True).start()
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0", is_frozen.set
        listener.shutdown(socket.SHUT_RDWR)


def test_whoever_is_connected_when_it_freezes_waits_once(monkeypatch):
    # Many rounds within the time: each is connected by the first probe.
    monkeypatch.setattr("core.breaker.PROBE_INTERVAL_SECONDS", 0.1)

    def experiment() -> list[float]:
        with passing_on() as (url, freeze):
            asked = QuickRedis(url, DEADLINE_SECONDS)
            asked.breaker.trip(ConnectionError("as if"))
            assert asked.breaker.wait_until_closed(20)
            freeze()
            return waits(asked)

    assert longest_of_a_calm_round(experiment) <= LONGEST_SECONDS
