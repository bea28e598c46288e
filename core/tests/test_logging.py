"""What leaves in logs and error reports: no secrets, no addresses, and the SQL of what was slow."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
import structlog
from django.db import connection

from core.logging import masked

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("value", "left"),
    [
        ("/api/v1/products/12/", "/api/v1/products/12/"),
        ("token=abc&page=2", "token=***&page=2"),
        ("a=1&access_token=abc", "a=1&access_token=***"),
        ('{"password": "hunter2", "a": 1}', '{"password": "***", "a": 1}'),
        ("search=ann@example.com", "search=***"),
        ("search=ann%40example.co.uk&page=2", "search=***&page=2"),
        ("mail to Ann <ann.lee+shop@mail.example.com>", "mail to Ann <***>"),
        ("Authorization: Bearer abc.def.ghi", "Authorization: Bearer ***"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyX2lkIjoxfQ.c2lnbmF0dXJl", "***"),
        ("redis://user:secret@cache:6379/0", "redis://***@cache:6379/0"),
        ("postgres://shop:pw@db/shop refused", "postgres://***@db/shop refused"),
        ({"refresh": "abc", "Password": "x", "status": 200}, {"refresh": "***", "Password": "***", "status": 200}),
        ({"headers": [{"Cookie": "sessionid=1"}]}, {"headers": [{"Cookie": "***"}]}),
        ({"email": "ann@example.com", "token": ""}, {"email": "***", "token": ""}),
        (12, 12),
        (None, None),
    ],
)
def test_secrets_are_masked(value, left):
    assert masked(value) == left


def test_our_own_log_lines_are_masked_json(capsys):
    structlog.get_logger("test").warning(
        "mail_failed", recipient="ann@example.com", reason="550 ann@example.com unknown"
    )
    line = json.loads(capsys.readouterr().out)
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "mail_failed", "level": "warning", "recipient": "***", "reason": "550 *** unknown"}


def test_lines_of_libraries_have_the_same_form():
    record = logging.LogRecord(
        "library", logging.ERROR, "f.py", 1, "no answer from %s", ("redis://u:pw@cache/0",), None
    )
    handlers = logging.getLogger().handlers
    (ours,) = [handler for handler in handlers if isinstance(handler.formatter, structlog.stdlib.ProcessorFormatter)]
    line = json.loads(ours.format(record))
    assert (
        line.items() >= {"event": "no answer from redis://***@cache/0", "level": "error", "logger": "library"}.items()
    )


@pytest.mark.django_db
def test_slow_statements_are_logged_without_their_parameters(settings, capsys):
    with connection.cursor() as cursor:
        settings.SLOW_QUERY_SECONDS = 60
        cursor.execute("SELECT %s::text", ["quick"])
        settings.SLOW_QUERY_SECONDS = 0.05
        cursor.execute("SELECT pg_sleep(0.06),\n  %s::text", ["secret parameter"])
    line = json.loads(capsys.readouterr().out)
    assert line["event"] == "slow_query"
    assert line["seconds"] >= 0.05
    assert line["sql"] == "SELECT pg_sleep(0.06), %s::text"


REPORT = """
import json
import django
from sentry_sdk.transport import Transport
django.setup()
import sentry_sdk
from core import sentry

sent = []

class Recorder(Transport):
    def capture_envelope(self, envelope):
        sent.extend(item.payload.json for item in envelope.items)

assert sentry_sdk.get_client().is_active() is STARTED
sentry.start(dsn="http://key@127.0.0.1:9/1", environment="testing", transport=Recorder())
password = "hunter2"
try:
    raise ValueError("no mail to ann@example.com with token=abc")
except ValueError as error:
    sentry_sdk.set_user({"email": "ann@example.com"})
    sentry_sdk.capture_exception(error)
sentry_sdk.flush()
print(json.dumps(sent))
"""


@pytest.mark.parametrize("dsn", ["", "http://key@127.0.0.1:9/1"])
def test_errors_are_reported_only_with_a_dsn_and_without_secrets(dsn):
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "storefront.settings.testing", "SENTRY_DSN": dsn}
    done = subprocess.run(
        [sys.executable, "-c", REPORT.replace("STARTED", str(bool(dsn)))],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    (event,) = json.loads(done.stdout.splitlines()[-1])
    assert event["environment"] == "testing"
    assert event["exception"]["values"][0]["value"] == "no mail to *** with token=***"
    assert "hunter2" not in done.stdout
    assert "user" not in event


def test_a_line_is_written_in_one_piece(monkeypatch):
    """Threads write at the same time: a line end of its own would come after another's line."""
    written = []
    monkeypatch.setattr(sys.stdout, "write", written.append)
    structlog.get_logger().info("first", path="/a/")
    structlog.get_logger().info("second")
    assert [json.loads(line)["event"] for line in written] == ["first", "second"]
    assert all(line.endswith("\n") for line in written)
