"""System checks of what background work stands on."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from tasks import celery_settings
from tasks.doctor import examine_broker


@register()
def check_time_limits(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """A row's lease ends before a task is stopped, and that before the broker hands the task out again:
    so work that is lost is found by its row, and work that goes on is never begun twice by the broker."""
    limits = {
        "DELIVERY_LEASE": settings.DELIVERY_LEASE.total_seconds(),
        "RUN_YIELD": settings.RUN_YIELD.total_seconds(),
        "task_soft_time_limit": celery_settings.task_soft_time_limit,
        "task_time_limit": celery_settings.task_time_limit,
        "visibility_timeout": celery_settings.broker_transport_options["visibility_timeout"],
    }
    return [
        Error(f"{shorter} ({limits[shorter]:g} s) must be below {longer} ({limits[longer]:g} s).", id="shop.E008")
        for shorter, longer in pairwise(limits)
        if limits[shorter] >= limits[longer]
    ]


@register(deploy=True)
def check_broker(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """A broker that evicts throws messages away; one that is away is the doctor's business."""
    return [Error(finding.text, id="shop.E007") for finding in examine_broker() if finding.name == "evicting_broker"]
