"""What the shop counts about itself while it works, for `GET /metrics`.

Several web processes serve one port, so that each scrape meets another one: they count in files of one
folder (the library's multiprocess mode, `core.metrics_folder`), and any of them tells the sums.
Elsewhere (workers, commands, tests) the counts are in memory. Noting a request takes up to 13 µs.
"""

import threading
from collections.abc import Callable, Iterator
from functools import lru_cache

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector

from core import metrics_folder

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

REQUESTS = Histogram(
    "storefront_request_seconds",
    "Answered requests by route, method and class of status.",
    ["route", "method", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
REDIS_WAITS = Histogram(
    "storefront_redis_wait_seconds",
    "How long requests waited for Redis; those that it was known to be away for did not.",
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
LONGEST_REDIS_WAIT = Gauge(
    "storefront_redis_longest_wait_seconds",
    "The longest that a request of this server has waited for Redis.",
    multiprocess_mode="max",
)
BREAKER_OPENINGS = Counter("storefront_breaker_openings", "How often a breaker opened.", ["breaker"])
BREAKERS_OPEN = Gauge(
    "storefront_breakers_open",
    "In how many web processes the breaker is open now.",
    ["breaker"],
    multiprocess_mode="livesum",
)

_longest_lock = threading.Lock()
_longest_seconds = 0.0
_collectors: list[Callable[[], Iterator[Metric]]] = []


def note_request(*, route: str | None, method: str, status: int, seconds: float) -> None:
    """Count an answer. `route` is the template that the URL matched, None for no route at all."""
    method = method if method in METHODS else "other"
    _request_series(_route_label(route), method, f"{status // 100}xx").observe(seconds)


@lru_cache(maxsize=4096)
def _request_series(route: str, method: str, status: str) -> Histogram:
    return REQUESTS.labels(route, method, status)


@lru_cache(maxsize=4096)
def _route_label(route: str | None) -> str:
    """The template; of the admin and other pages, which have hundreds, the first step."""
    if route is None:
        return "unmatched"
    readable = route.replace("^", "").replace("$", "").replace("\\Z", "")
    return f"/{readable}" if readable.startswith("api/") else f"/{readable.partition('/')[0]}"


def note_redis_wait(seconds: float) -> None:
    """Count what one request waited for Redis."""
    global _longest_seconds
    REDIS_WAITS.observe(seconds)
    if seconds > _longest_seconds:
        with _longest_lock:
            if seconds > _longest_seconds:
                _longest_seconds = seconds
                LONGEST_REDIS_WAIT.set(seconds)


def note_breaker(name: str, *, is_open: bool) -> None:
    """Count that a breaker opened or closed."""
    if is_open:
        BREAKER_OPENINGS.labels(name).inc()
    BREAKERS_OPEN.labels(name).set(int(is_open))


def collects(collector: Callable[[], Iterator[Metric]]) -> Callable[[], Iterator[Metric]]:
    """Have this function asked at each scrape: what is looked up then instead of being counted."""
    _collectors.append(collector)
    return collector


def looked_up() -> Iterator[Metric]:
    """What all collectors tell now."""
    for collector in _collectors:
        yield from collector()


def registry() -> CollectorRegistry:
    """What was counted, by all processes of this server where they share a folder."""
    folder = metrics_folder.shared
    if folder is None:
        return REGISTRY
    for path in folder.glob("gauge_live*_*.db"):
        if not metrics_folder.is_running(int(path.stem.rpartition("_")[2])):
            path.unlink(missing_ok=True)
    shared = CollectorRegistry()
    MultiProcessCollector(shared, str(folder))
    return shared
