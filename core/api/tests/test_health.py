"""Alive and ready, with what the shop depends on up, away or frozen."""

import socket
from collections.abc import Iterator

import pytest
from django.db import connection

from tests.running import answer_within, wait_for

pytestmark = pytest.mark.django_db
LIVE, READY = "/health/live/", "/health/ready/"


@pytest.fixture(params=["closed", "silent"])
def dead_port(request) -> Iterator[int]:
    """A port where nobody listens, or one that accepts and never answers, as a frozen server does."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        if request.param == "silent":
            listener.listen(100)
        yield listener.getsockname()[1]


def test_ready_when_all_is_well(api_client, count_statements):
    with count_statements() as statements:
        answer = api_client.get(READY)
    assert (answer.status_code, answer.json()) == (200, {"status": "ok", "checks": {"database": "ok", "redis": "ok"}})
    assert statements == []
    assert answer["Cache-Control"] == "private, no-store"


def test_without_a_database_alive_but_not_ready_within_two_seconds(api_client, dead_port, monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "PORT", dead_port)
    monkeypatch.setitem(connection.settings_dict, "HOST", "127.0.0.1")
    answer = answer_within(2, lambda: api_client.get(READY))
    assert (answer.status_code, answer["Retry-After"]) == (503, "2")
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json().items() >= {"code": "unavailable", "checks": {"database": "down", "redis": "ok"}}.items()
    assert api_client.get(LIVE).status_code == 200
    monkeypatch.undo()
    wait_for(lambda: api_client.get(READY).status_code == 200, what="ready again")


def test_without_redis_the_shop_still_sells(api_client, dead_port, settings):
    settings.CACHE_URL = f"redis://127.0.0.1:{dead_port}/0"
    answer = answer_within(2, lambda: api_client.get(READY))
    assert answer.status_code == 200
    assert answer.json() == {"status": "degraded", "checks": {"database": "ok", "redis": "down"}}
