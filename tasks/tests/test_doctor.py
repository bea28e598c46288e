"""Each thing that can be wrong with an installation is named, and nothing that is not."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import redis
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from core.housekeeping import beat_heart
from core.notifications.models import Mail
from core.notifications.tests.factories import make_mail
from core.outbox.models import Delivery
from core.outbox.tests.factories import handler_of, make_delivery, something_happened
from market.catalog.models import PlannedPrice
from market.taxes.models import TaxRate
from tasks.celery_settings import QUEUES
from tasks.checks import check_broker
from tasks.doctor import examine
from tasks.tests.smtp_server import mail_server
from tests.running import free_port
from tests.valkey_server import Valkey

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def healthy(settings, tmp_path, monkeypatch):
    """An installation with nothing wrong."""
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.CACHE_URL = settings.BROKER_URL + "?cache"
    settings.DATA_DIR = settings.MEDIA_ROOT = tmp_path
    for name in ("beat", *(f"worker:{queue}" for queue in QUEUES)):
        beat_heart(name=name)
    monkeypatch.setattr("tasks.doctor.FREE_BYTES", 1)  # whatever the disk is like on which this runs
    with mail_server(settings.EMAIL_PORT):
        yield


def named() -> list[tuple[str, str]]:
    return [(finding.level, finding.name) for finding in examine()]


def test_a_healthy_installation(capsys):
    assert named() == []
    call_command("doctor", no_color=True)
    assert capsys.readouterr().out == "The shop is well.\n"


@pytest.mark.parametrize(
    ("variable", "value", "level", "name"),
    [
        ("DEBUG", True, "warning", "debug_on"),
        ("SECRET_KEY", "insecure-development-key-never-used-in-production", "warning", "default_secret"),
        ("JWT_SECRET_KEY", "insecure-development-key-never-used-in-production", "warning", "default_secret"),
        ("LOADTEST_TOKEN", "anything", "warning", "loadtest_token"),
        ("EMAIL_PORT", 1, "error", "smtp_unreachable"),
        ("BROKER_URL", "redis://127.0.0.1:1/0", "error", "broker_unreachable"),
        ("MEDIA_ROOT", Path("/nowhere"), "error", "folder_not_writable"),
    ],
)
def test_a_wrong_setting_is_named(settings, variable, value, level, name):
    setattr(settings, variable, value)
    assert named() == [(level, name)]


def test_a_cache_in_the_brokers_database_is_named(settings):
    settings.CACHE_URL = settings.BROKER_URL
    assert named() == [("warning", "broker_is_cache")]


def test_a_shop_that_would_sell_untaxed_is_named():
    TaxRate.objects.create(name="Germany", country="DE", rate="0.19")
    TaxRate.objects.filter(country="").delete()
    assert named() == [("error", "no_tax_rate")]


def test_prices_that_should_have_changed_are_named():
    long_ago = timezone.now() - timedelta(minutes=6)
    PlannedPrice.objects.create(sku="MUG", price=1, starts_at=long_ago, due_at=long_ago)
    assert named() == [("error", "late_prices")]


def test_a_silent_beat_is_named():
    with time_machine.travel(timezone.now() + timedelta(seconds=16)):
        assert ("error", "no_beat") in named()


def test_a_queue_without_worker_is_named():
    with time_machine.travel(timezone.now() + timedelta(seconds=-20), tick=False):
        beat_heart(name="worker:webhooks")
    assert [finding.text for finding in examine()] == ["No worker serves the queue 'webhooks'."]


def test_a_clock_that_is_wrong_is_named():
    with time_machine.travel(timezone.now() + timedelta(seconds=5)):
        assert [name for name in named() if name[1] == "clock_skew"] == [("error", "clock_skew")] * 2


def test_an_unapplied_migration_is_named():
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'notifications'")
    [finding] = examine()
    assert (finding.level, finding.name) == ("error", "unapplied_migration")
    assert "notifications.0001_initial" in finding.text


@pytest.fixture
def own_valkey() -> Iterator[Valkey]:
    """A server whose settings no other test meets, as it would those of the server that all share."""
    server = Valkey()
    server.start()
    yield server
    server.end()


def test_an_evicting_broker_is_named(settings, own_valkey):
    settings.BROKER_URL = own_valkey.url
    with redis.Redis.from_url(settings.BROKER_URL) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        assert named() == [("error", "evicting_broker")]
        assert [message.id for message in check_broker(None)] == ["shop.E007"]
        client.config_set("maxmemory-policy", "noeviction")
    assert (named(), check_broker(None)) == ([], [])


def test_work_that_died_is_named():
    with handler_of(something_happened, lambda event: None):
        make_delivery()
    make_mail()
    Delivery.objects.update(state="dead")
    Mail.objects.update(state="failed")
    assert named() == [("warning", "dead_letters"), ("warning", "failed_mails")]


def test_work_that_no_worker_takes_is_named():
    with handler_of(something_happened, lambda event: None):
        for queue in ("parcels", "parcels", "letters", "parcels", QUEUES[0]):
            Delivery.objects.filter(pk=make_delivery().pk).update(queue=queue)
    Delivery.objects.filter(pk=Delivery.objects.filter(queue="parcels").latest("pk").pk).update(state="dismissed")
    assert [(finding.level, finding.name, finding.text) for finding in examine()] == [
        (
            "error",
            "unknown_queue",
            f"{count} deliveries wait in the queue {queue!r}, which no worker takes: this code has no such queue.",
        )
        for queue, count in (("letters", 1), ("parcels", 2))
    ]


def test_a_database_that_is_away_hides_nothing_else(settings):
    settings.DEBUG = True
    before = connection.settings_dict["PORT"]
    connection.close()
    connection.settings_dict["PORT"] = 1
    try:
        assert named() == [("error", "database_unreachable"), ("warning", "debug_on")]
    finally:
        connection.settings_dict["PORT"] = before


def test_the_command_tells_machines_and_exit_codes(settings, capsys):
    settings.EMAIL_PORT = 1
    with pytest.raises(CommandError) as failure:
        call_command("doctor", json=True)
    assert failure.value.returncode == 1
    report = json.loads(capsys.readouterr().out)
    assert report["errors"] == 1
    assert report["findings"][0]["name"] == "smtp_unreachable"
