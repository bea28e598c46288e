"""How Celery runs here. Recovery comes from rows, so the broker may lose anything at any time."""

from urllib.parse import urlencode, urlsplit

from django.conf import settings
from kombu import Queue

# By urgency: a slow webhook never delays a confirmation.
QUEUES = ("checkout", "notifications", "webhooks", "operations", "default")


def kombu_url(url: str) -> str:
    """The broker's URL as kombu spells it: redis-py's `unix:///path?db=1` is `redis+socket:///path?virtual_host=1`."""
    parts = urlsplit(url)
    if parts.scheme != "unix":
        return url
    query = dict(pair.split("=", 1) for pair in parts.query.split("&") if "=" in pair)
    database = query.pop("db", "0")
    # Not urlunsplit: for a scheme that it does not know it leaves out the slashes of an empty host.
    return f"redis+socket://{parts.path}?{urlencode(query | {'virtual_host': database})}"


broker_url = kombu_url(settings.CELERY_BROKER_URL)
broker_connection_retry_on_startup = True
broker_connection_max_retries = None
broker_transport_options = {
    # Lease 10 s < soft limit 60 s < hard limit 90 s < visibility 120 s: the broker never hands out
    # again what still runs, and a lost task is sent again by its row long before.
    "visibility_timeout": 120,
    "unacked_restore_interval": 2,
    "unacked_restore_throttle": 1,
    # A frozen broker held a publisher for 95 s without these.
    "socket_timeout": 5,
    "socket_connect_timeout": 5,
    "socket_keepalive": True,
}
# A failed publish is found again by the next sweep; waiting for the broker only blocks the worker.
task_publish_retry = False

task_queues = [Queue(name) for name in QUEUES]
task_default_queue = "default"
task_create_missing_queues = False
task_acks_late = settings.BROKER_REDELIVERY
task_reject_on_worker_lost = settings.BROKER_REDELIVERY
task_soft_time_limit = 60
task_time_limit = 90
task_ignore_result = True
task_serializer = "json"
accept_content = ["json"]
result_backend = None
result_expires = None

worker_prefetch_multiplier = 1
worker_hijack_root_logger = False
worker_redirect_stdouts = False  # structlog writes there already
worker_send_task_events = False
worker_cancel_long_running_tasks_on_connection_loss = False

enable_utc = True
timezone = settings.CELERY_TIMEZONE
beat_scheduler = settings.CELERY_BEAT_SCHEDULER
beat_max_loop_interval = 1

imports = (
    *(
        "tasks.relay",
        "tasks.senders.mail",
        "tasks.senders.search",
        "tasks.housekeeping",
        "tasks.catalog",
        "tasks.erasure",
    ),
    "tasks.operations.engine",
)
