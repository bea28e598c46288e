"""What `GET /metrics` looks up at each scrape: Redis or Valkey, the queues, the backlog in the database."""

from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

import redis
from django.conf import settings
from django.db import Error
from django.db.models import Count, Min, Q
from django.utils import timezone
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from redis.backoff import NoBackoff
from redis.retry import Retry

from core.metrics import collects
from core.operations.models import Run
from core.outbox.models import Delivery, Event
from core.quick_redis import quick_redis
from tasks.celery_settings import QUEUES
from tasks.counting import KEY

# For each of the two servers; a frozen one is waited for once.
REDIS_SECONDS = 0.5
# INFO's name, ours, its meaning
_GAUGES = (
    ("used_memory", "storefront_redis_memory_bytes", "Memory that it uses."),
    ("maxmemory", "storefront_redis_memory_limit_bytes", "Memory that it may use; 0 is no limit."),
    ("connected_clients", "storefront_redis_clients", "Open connections."),
)
_COUNTERS = (
    ("keyspace_hits", "storefront_redis_keyspace_hits", "Keys that were looked up and found."),
    ("keyspace_misses", "storefront_redis_keyspace_misses", "Keys that were looked up and not found."),
    ("evicted_keys", "storefront_redis_evicted_keys", "Keys that it threw away to stay within its limit."),
)


@collects
def redis_servers() -> Iterator[Metric]:
    """How the servers are, by role (`cache`, `broker`; both where they are one), and what waits for workers."""
    asked = {url: ask(url) for url in (settings.CACHE_URL, settings.BROKER_URL)}
    roles = {"cache": asked[settings.CACHE_URL], "broker": asked[settings.BROKER_URL]}
    up = GaugeMetricFamily("storefront_redis_up", "Whether it answers.", labels=["server"])
    hit_rate = GaugeMetricFamily(
        "storefront_redis_hit_rate", "Share of the looked up keys that were found, since its start.", labels=["server"]
    )
    gauges = [(name, GaugeMetricFamily(ours, meaning, labels=["server"])) for name, ours, meaning in _GAUGES]
    counters = [(name, CounterMetricFamily(ours, meaning, labels=["server"])) for name, ours, meaning in _COUNTERS]
    for role, info in roles.items():
        up.add_metric([role], int(info is not None))
        if info is None:
            continue
        for name, family in (*gauges, *counters):
            family.add_metric([role], info[name])
        if lookups := info["keyspace_hits"] + info["keyspace_misses"]:
            hit_rate.add_metric([role], info["keyspace_hits"] / lookups)
    yield from (up, hit_rate, *(family for _, family in (*gauges, *counters)))
    queues = GaugeMetricFamily("storefront_queue_length", "Tasks that wait for a worker.", labels=["queue"])
    for queue, length in (roles["broker"] or {}).get("queues", {}).items():
        queues.add_metric([queue], length)
    yield queues
    yield from ended_tasks((roles["cache"] or {}).get("tasks", {}))


def ended_tasks(counted: Mapping[bytes, bytes]) -> Iterator[Metric]:
    """What the workers counted, as `tasks.counting` names it."""
    ended = CounterMetricFamily("storefront_tasks", "Tasks that ended, by name and state.", labels=["task", "state"])
    seconds = CounterMetricFamily("storefront_task_seconds", "How long they took together.", labels=["task"])
    for name, value in counted.items():
        task, _, what = name.decode().rpartition(" ")
        if what == "seconds":
            seconds.add_metric([task], float(value))
        else:
            ended.add_metric([task, what], int(value))
    yield from (ended, seconds)


def ask(url: str) -> dict[str, Any] | None:
    """INFO of that server, the lengths of the queues in its database and the tasks counted there, None while it does
    not answer."""
    if url == settings.CACHE_URL and quick_redis().breaker.is_open:
        return None
    try:
        with closing(
            redis.Redis.from_url(
                url,
                socket_timeout=REDIS_SECONDS,
                socket_connect_timeout=REDIS_SECONDS,
                retry=Retry(NoBackoff(), 0),
            )
        ) as client:
            pipeline = client.pipeline(transaction=False).info()
            for queue in QUEUES:
                pipeline.llen(queue)
            info, *lengths, counted = pipeline.hgetall(KEY).execute()
    except (redis.RedisError, OSError):
        return None
    return {**info, "queues": dict(zip(QUEUES, lengths, strict=True)), "tasks": counted}


@collects
def backlog() -> Iterator[Metric]:
    """What waits in the database: three statements, all on partial indexes but that of the runs, which are few."""
    up = GaugeMetricFamily("storefront_database_up", "Whether PostgreSQL answers.")
    try:
        events = Event.objects.filter(relayed_at__isnull=True).aggregate(waiting=Count("pk"), oldest=Min("created_at"))
        deliveries = Delivery.objects.filter(state__in=["pending", "dead"]).aggregate(
            waiting=Count("pk", filter=Q(state=Delivery.State.PENDING)),
            dead=Count("pk", filter=Q(state=Delivery.State.DEAD)),
            oldest=Min("event__created_at", filter=Q(state=Delivery.State.PENDING)),
        )
        runs = dict(Run.objects.values_list("state").annotate(Count("pk")))
    except Error:
        up.add_metric([], 0)
        yield up
        return
    up.add_metric([], 1)
    yield up
    waiting = GaugeMetricFamily("storefront_outbox_waiting", "Facts not yet acted on.", labels=["stage"])
    waiting.add_metric(["event"], events["waiting"])
    waiting.add_metric(["delivery"], deliveries["waiting"])
    yield waiting
    oldest = min((at for at in (events["oldest"], deliveries["oldest"]) if at), default=None)
    age = (timezone.now() - oldest).total_seconds() if oldest else 0
    yield GaugeMetricFamily("storefront_outbox_oldest_seconds", "Age of the oldest of them.", value=max(age, 0))
    yield GaugeMetricFamily(
        "storefront_dead_letters", "Deliveries given up, for staff to retry or dismiss.", value=deliveries["dead"]
    )
    states = GaugeMetricFamily("storefront_runs", "Runs of operations by state.", labels=["state"])
    for state in Run.State:
        states.add_metric([state], runs.get(state, 0))
    yield states
