"""System checks of what background work stands on."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from core.notifications.services import mail_lease
from tasks import celery_settings
from tasks.doctor import examine_broker
from tasks.senders.mail import LAST_BEGINNING_SECONDS

_LAST_MAIL = "LAST_BEGINNING_SECONDS + 6 * EMAIL_TIMEOUT"
_IN_ORDER = (
    ("DELIVERY_LEASE", "RUN_YIELD"),
    ("RUN_LEASE", "RUN_YIELD"),
    ("RUN_YIELD", "task_soft_time_limit"),
    (_LAST_MAIL, "task_soft_time_limit"),
    ("task_soft_time_limit", "task_time_limit"),
    ("task_time_limit", "visibility_timeout"),
)


@register()
def check_time_limits(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """A row's lease ends before a task is stopped, and that before the broker hands the task out again:
    so work that is lost is found by its row, and work that goes on is never begun twice by the broker.

    A mail's lease begins with the mail, which may be the last of its task: both together stay below the soft limit.
    """
    limits = {
        "DELIVERY_LEASE": settings.DELIVERY_LEASE.total_seconds(),
        "RUN_LEASE": settings.RUN_LEASE.total_seconds(),
        _LAST_MAIL: LAST_BEGINNING_SECONDS + mail_lease().total_seconds(),
        "RUN_YIELD": settings.RUN_YIELD.total_seconds(),
        "task_soft_time_limit": celery_settings.task_soft_time_limit,
        "task_time_limit": celery_settings.task_time_limit,
        "visibility_timeout": celery_settings.broker_transport_options["visibility_timeout"],
    }
    return [
        Error(f"{shorter} ({limits[shorter]:g} s) must be below {longer} ({limits[longer]:g} s).", id="shop.E008")
        for shorter, longer in _IN_ORDER
        if limits[shorter] >= limits[longer]
    ]


@register(deploy=True)
def check_broker(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """A broker that evicts throws messages away; one that is away is the doctor's business."""
    return [Error(finding.text, id="shop.E007") for finding in examine_broker() if finding.name == "evicting_broker"]
