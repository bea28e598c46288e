"""What is wrong with this installation, by name. `manage.py doctor` shows it."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from smtplib import SMTPException

import redis
from django.conf import settings
from django.core.mail import get_connection
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Count
from django.utils import timezone

from core.models import Heartbeat
from core.notifications.models import Mail
from core.outbox.models import Delivery
from market.catalog.models import PlannedPrice
from market.taxes.models import STANDARD_CLASS, TaxRate
from tasks.celery_settings import QUEUES
from tasks.scheduler import BEAT

# Signs of life come every 5 s; three missed ones are silence.
SILENCE = timedelta(seconds=15)
# Planned prices are looked for every 5 s.
LATE = timedelta(minutes=5)
TOLERATED_SKEW = timedelta(seconds=2)
REDIS_TIMEOUT_SECONDS = 2
FREE_BYTES = 1024**3


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. An `error` keeps the shop from working, a `warning` makes it unsafe."""

    level: str
    name: str
    text: str


Examination = Callable[[], Iterator[Finding]]


def examine() -> list[Finding]:
    """Everything that is wrong, the database first. Without the database what it knows is not asked."""
    findings = list(examine_database())
    examinations: list[Examination] = [examine_broker, examine_mail, examine_folders, examine_settings]
    if not findings:
        examinations = [
            examine_migrations,
            examine_database_clock,
            examine_life,
            examine_backlog,
            examine_queues,
            examine_taxes,
            *examinations,
        ]
    return findings + [finding for examination in examinations for finding in examination()]


def examine_database() -> Iterator[Finding]:
    """Whether PostgreSQL answers."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as error:
        yield Finding("error", "database_unreachable", f"PostgreSQL does not answer: {first_line(error)}")


def examine_migrations() -> Iterator[Finding]:
    """Whether the tables are those of this code."""
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if missing:
        names = ", ".join(str(migration) for migration, _ in missing[:5])
        yield Finding("error", "unapplied_migration", f"{len(missing)} migrations are not applied: {names}.")


def examine_database_clock() -> Iterator[Finding]:
    """Whether this machine and PostgreSQL agree about the time; leases and deadlines rest on it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        yield from skew("PostgreSQL", cursor.fetchone()[0])


def examine_life() -> Iterator[Finding]:
    """Whether beat and a worker of each queue gave a sign of life."""
    if "core_heartbeat" not in connection.introspection.table_names():
        return
    silent_since = timezone.now() - SILENCE
    alive = set(Heartbeat.objects.filter(seen_at__gte=silent_since).values_list("name", flat=True))
    if BEAT not in alive:
        yield Finding(
            "error", "no_beat", "No beat is running: nothing is relayed, released or sent, and workers cannot be told."
        )
        return
    for queue in QUEUES:
        if f"worker:{queue}" not in alive:
            yield Finding("error", "no_worker", f"No worker serves the queue {queue!r}.")


def examine_backlog() -> Iterator[Finding]:
    """Whether background work died or is stuck."""
    tables = connection.introspection.table_names()
    if not {Delivery._meta.db_table, Mail._meta.db_table} <= set(tables):
        return
    if dead := Delivery.objects.filter(state=Delivery.State.DEAD).count():
        yield Finding("warning", "dead_letters", f"{dead} dead letters wait in the admin to be retried or dismissed.")
    late = PlannedPrice.objects.filter(due_at__lt=timezone.now() - LATE)
    if PlannedPrice._meta.db_table in tables and (waiting := late.count()):
        yield Finding("error", "late_prices", f"{waiting} planned prices are overdue: `catalog.apply_price_changes`.")
    if failed := Mail.objects.filter(state=Mail.State.FAILED).count():
        yield Finding("warning", "failed_mails", f"{failed} mails were refused for good; the admin tells why.")


def examine_queues() -> Iterator[Finding]:
    """Whether work waits in queues that no worker takes: written by code that this shop does not have."""
    if Delivery._meta.db_table not in connection.introspection.table_names():
        return
    strays = Delivery.objects.filter(state=Delivery.State.PENDING).exclude(queue__in=QUEUES)
    for queue, count in strays.values_list("queue").annotate(Count("pk")).order_by("queue"):
        text = f"{count} deliveries wait in the queue {queue!r}, which no worker takes: this code has no such queue."
        yield Finding("error", "unknown_queue", text)


def examine_taxes() -> Iterator[Finding]:
    """Whether every country has a rate of tax: its own, or the one of the rest of the world."""
    if TaxRate._meta.db_table not in connection.introspection.table_names():
        return
    if not TaxRate.objects.filter(tax_class=STANDARD_CLASS, country="").exists():
        text = "No tax rate for the rest of the world: orders to countries without a rate of their own are not taxed."
        yield Finding("error", "no_tax_rate", text)


def examine_broker() -> Iterator[Finding]:
    """Whether the broker answers, keeps what it is given, and is not the cache."""
    try:
        with closing(
            redis.Redis.from_url(
                settings.BROKER_URL, socket_timeout=REDIS_TIMEOUT_SECONDS, socket_connect_timeout=REDIS_TIMEOUT_SECONDS
            )
        ) as client:
            policy = client.info("memory")["maxmemory_policy"]
            seconds, microseconds = client.time()
    except (redis.RedisError, OSError) as error:
        yield Finding("error", "broker_unreachable", f"The broker does not answer: {first_line(error)}")
        return
    if policy != "noeviction":
        yield Finding("error", "evicting_broker", f"The broker throws work away when full: set {policy} to noeviction.")
    if settings.BROKER_URL == settings.CACHE_URL:
        text = "Cache and broker are one database: clearing the cache empties the queues."
        yield Finding("warning", "broker_is_cache", text)
    yield from skew("The broker", datetime.fromtimestamp(seconds + microseconds / 1e6, tz=UTC))


def examine_mail() -> Iterator[Finding]:
    """Whether the mail server greets us."""
    mail = get_connection()
    try:
        mail.open()
        mail.close()
    except (OSError, SMTPException) as error:
        where = f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
        yield Finding("error", "smtp_unreachable", f"The mail server {where} does not answer: {first_line(error)}")


def examine_folders() -> Iterator[Finding]:
    """Whether uploads and data can be written, and have room."""
    folders = {"MEDIA_ROOT": settings.MEDIA_ROOT}
    if settings.DATA_DIR.exists():
        folders["DATA_DIR"] = settings.DATA_DIR
    for name, folder in folders.items():
        if not is_writable(folder):
            yield Finding("error", "folder_not_writable", f"{name} {folder} cannot be written.")
        elif (free := shutil.disk_usage(folder).free) < FREE_BYTES:
            yield Finding("warning", "disk_nearly_full", f"{name} {folder} has {free // 1024**2} MB left.")


def examine_settings() -> Iterator[Finding]:
    """What is fine on a developer's machine and nowhere else."""
    if settings.DEBUG:
        yield Finding("warning", "debug_on", "DJANGO_DEBUG is on: errors show their insides to everybody.")
    for name in ("SECRET_KEY", "JWT_SECRET_KEY"):
        if getattr(settings, name) == settings.INSECURE_SECRET_KEY:
            variable = name if name.startswith("JWT") else f"DJANGO_{name}"
            yield Finding(
                "warning", "default_secret", f"{variable} is the published default: anybody can sign with it."
            )
    if settings.LOADTEST_TOKEN:
        yield Finding("warning", "loadtest_token", "LOADTEST_TOKEN is set: whoever knows it is not throttled.")


def skew(whose: str, their_time: datetime) -> Iterator[Finding]:
    """A finding if that clock and ours differ by more than is tolerated."""
    difference = abs(timezone.now() - their_time)
    if difference > TOLERATED_SKEW:
        text = f"{whose} and this machine differ by {difference.total_seconds():.1f} s."
        yield Finding("error", "clock_skew", text)


def is_writable(folder: Path) -> bool:
    """Whether this user can make files there."""
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)


def first_line(error: BaseException) -> str:
    """The error in one line."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
