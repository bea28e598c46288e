"""How many tasks ended, how, and how long they took: each worker adds it up in the cache's server, where
`GET /metrics` of any web process finds the sums."""

import time
from contextlib import suppress
from typing import Any

import redis
from celery import Task
from celery.signals import task_postrun, task_prerun, worker_process_init

from core.breaker import BreakerOpen
from core.quick_redis import quick_redis

KEY = "metrics:tasks"


@worker_process_init.connect
def connect(**_: Any) -> None:
    """A first task that waited for the connection would find the deadline passed."""
    quick_redis().begin()


@task_prerun.connect
def begin(task: Task, **_: Any) -> None:
    task.request.began_at = time.perf_counter()


@task_postrun.connect
def count(task: Task, state: str | None, **_: Any) -> None:
    """Add the task that ended. While the server is away tasks go uncounted: nothing waits for a metric."""
    seconds = time.perf_counter() - task.request.began_at

    def add(client: redis.Redis) -> None:
        pipeline = client.pipeline(transaction=False)
        pipeline.hincrby(KEY, f"{task.name} {(state or 'unknown').lower()}")
        pipeline.hincrbyfloat(KEY, f"{task.name} seconds", round(seconds, 4))
        pipeline.execute()

    with suppress(BreakerOpen):
        quick_redis().call(add)
