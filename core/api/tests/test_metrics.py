"""GET /metrics: who may read it, what it tells, and that it tells it whatever is away."""

import re
import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import redis
import yaml
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from core.operations.models import Run
from core.outbox.models import Delivery, Event
from tests.running import answer_within

pytestmark = pytest.mark.django_db
TOKEN = "let-prometheus-in-1234"
ALERTS = Path(__file__).parents[3] / "docs/alerts.yaml"
OUTSIDE = "203.0.113.9"


def told(client, **headers: str) -> dict[tuple[str, ...], float]:
    """(name, values of its labels …) → value of each sample."""
    answer = client.get("/metrics", **headers)
    assert answer.status_code == 200, answer.content
    families = text_string_to_metric_families(answer.content.decode())
    return {(s.name, *(s.labels[name] for name in sorted(s.labels))): s.value for f in families for s in f.samples}


@pytest.mark.parametrize(
    ("proxies", "headers", "status"),
    [
        ([], {}, 200),
        ([], {"REMOTE_ADDR": "::1"}, 200),
        ([], {"REMOTE_ADDR": "::ffff:127.0.0.1"}, 200),
        ([], {"REMOTE_ADDR": OUTSIDE}, 403),
        ([], {"REMOTE_ADDR": ""}, 403),
        ([], {"REMOTE_ADDR": OUTSIDE, "HTTP_X_FORWARDED_FOR": "127.0.0.1"}, 403),
        # A proxy on this machine that nobody named forwards the whole world from 127.0.0.1.
        ([], {"HTTP_X_FORWARDED_FOR": OUTSIDE}, 403),
        ([], {"HTTP_FORWARDED": f"for={OUTSIDE}"}, 403),
        (["127.0.0.1"], {"HTTP_X_FORWARDED_FOR": OUTSIDE}, 403),
        (["10.0.0.1"], {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": f"127.0.0.1, {OUTSIDE}"}, 403),
        (["10.0.0.1"], {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "127.0.0.2"}, 200),
        ([], {"REMOTE_ADDR": OUTSIDE, "HTTP_AUTHORIZATION": f"Bearer {TOKEN}"}, 200),
        ([], {"REMOTE_ADDR": OUTSIDE, "HTTP_AUTHORIZATION": f"Bearer {TOKEN}x"}, 403),
        ([], {"REMOTE_ADDR": OUTSIDE, "HTTP_AUTHORIZATION": f"Basic {TOKEN}"}, 403),
        ([], {"REMOTE_ADDR": OUTSIDE, "HTTP_AUTHORIZATION": "Bearer ä"}, 403),
    ],
)
def test_only_allowed_addresses_and_the_token_read_it(api_client, settings, proxies, headers, status):
    settings.TRUSTED_PROXIES, settings.METRICS_TOKEN = proxies, TOKEN
    answer = api_client.get("/metrics", **headers)
    assert answer.status_code == status
    assert answer["Cache-Control"] == "private, no-store"
    if status == 403:
        assert (answer["Content-Type"], answer.json()["code"]) == ("application/problem+json", "permission_denied")


def test_without_a_token_in_the_settings_none_opens_it(api_client):
    assert django_settings.METRICS_TOKEN == ""
    for given in ("Bearer ", "Bearer", "Bearer None"):
        assert api_client.get("/metrics", REMOTE_ADDR=OUTSIDE, HTTP_AUTHORIZATION=given).status_code == 403


def test_requests_are_counted_by_template_method_and_class(api_client):
    name = "storefront_request_seconds_count"
    before = told(api_client)
    for path in ("/api/v1/products/1/", "/api/v1/products/2/", "/made/up/1/", "/made/up/2/", "/health/live/"):
        api_client.get(path)
    api_client.generic("BREW", "/health/live/")
    after = told(api_client)
    grown = {key: value - before.get(key, 0) for key, value in after.items() if key[0] == name}
    # Labels in the order of their names: method, route, status.
    assert {key[1:]: count for key, count in grown.items() if count} == {
        ("GET", "/api/v1/products/<int:product_id>/", "4xx"): 2,
        ("GET", "unmatched", "4xx"): 2,
        ("GET", "/health", "2xx"): 1,
        ("other", "/health", "4xx"): 1,
        ("GET", "/metrics", "2xx"): 1,
    }


@pytest.fixture
def broker() -> Iterator[redis.Redis]:
    """The tests' broker, whose queue of webhooks is emptied afterwards."""
    with redis.Redis.from_url(django_settings.BROKER_URL) as client:
        client.delete("webhooks")
        yield client
        client.delete("webhooks")


def test_redis_tells_hit_rate_memory_and_the_length_of_each_queue(api_client, broker):
    broker.rpush("webhooks", "one", "two")
    before = told(api_client)
    broker.lrange("webhooks", 0, 0)
    broker.get("no such key")
    after = told(api_client)
    for server in ("cache", "broker"):
        assert after["storefront_redis_up", server] == 1
        assert after["storefront_redis_memory_bytes", server] > 100_000
        assert after["storefront_redis_clients", server] >= 1
        hits, misses = (after[f"storefront_redis_keyspace_{kind}_total", server] for kind in ("hits", "misses"))
        assert hits > before["storefront_redis_keyspace_hits_total", server]
        assert misses > before["storefront_redis_keyspace_misses_total", server]
        assert after["storefront_redis_hit_rate", server] == pytest.approx(hits / (hits + misses))
    lengths = {key[1]: value for key, value in after.items() if key[0] == "storefront_queue_length"}
    assert set(lengths) == {"checkout", "notifications", "webhooks", "operations", "default"}
    assert lengths["webhooks"] == 2


def test_the_backlog_is_told(api_client):
    minute = timezone.now() - timedelta(minutes=1)
    Event.objects.create(name="order_placed", payload={})
    relayed = Event.objects.create(name="order_placed", payload={}, created_at=minute, relayed_at=minute)
    for number, state in enumerate(("pending", "dead", "dead", "dismissed")):
        Delivery.objects.create(event=relayed, handler=f"handler{number}", queue="default", state=state)
    Run.objects.create(operation="reprice", state="failed")
    found = told(api_client)
    assert (found["storefront_outbox_waiting", "event"], found["storefront_outbox_waiting", "delivery"]) == (1, 1)
    assert 60 <= found["storefront_outbox_oldest_seconds",] < 120
    assert found["storefront_dead_letters",] == 2
    runs = {key[1]: value for key, value in found.items() if key[0] == "storefront_runs"}
    assert runs == dict.fromkeys(Run.State.values, 0) | {"failed": 1}


def test_alerts_are_on_what_is_told(api_client):
    rules = [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]
    api_client.get("/health/live/")
    families = set(re.findall(r"^# TYPE (\w+) ", api_client.get("/metrics").content.decode(), re.MULTILINE))
    asked = [set(re.findall(r"storefront_\w+", rule["expr"])) for rule in rules]
    assert all(asked)
    assert {re.sub(r"_(count|bucket)$", "", name) for name in set.union(*asked)} <= families


@pytest.mark.parametrize("listens", [True, False])
def test_without_redis_it_is_told_in_time(api_client, settings, listens):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        if listens:
            listener.listen(100)
        settings.CACHE_URL = settings.BROKER_URL = f"redis://127.0.0.1:{listener.getsockname()[1]}/0"
        found = answer_within(2, lambda: told(api_client))
    assert (found["storefront_redis_up", "cache"], found["storefront_redis_up", "broker"]) == (0, 0)
    assert not [key for key in found if key[0] in {"storefront_redis_memory_bytes", "storefront_queue_length"}]
    assert found["storefront_database_up",] == 1


def test_waits_for_redis_and_the_breaker_are_told(api_client, redis_away):
    before = told(api_client)
    waits, opened = ("storefront_redis_wait_seconds_count",), ("storefront_breaker_openings_total", "redis")
    assert [api_client.get("/api/v1/products/").status_code for _ in range(5)] == [200] * 5
    after = told(api_client)
    # The first finds out; nobody else waits.
    assert (after[waits] - before[waits], after[opened] - before.get(opened, 0)) == (1, 1)
    assert after["storefront_redis_longest_wait_seconds",] > 0.009
    assert after["storefront_breakers_open", "redis"] == 1
    assert after["storefront_redis_up", "cache"] == 0


def test_without_a_database_it_is_told(api_client, monkeypatch):
    connection.close()
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setitem(connection.settings_dict, "HOST", "127.0.0.1")
        monkeypatch.setitem(connection.settings_dict, "PORT", closed.getsockname()[1])
        found = told(api_client)
    monkeypatch.undo()
    assert found["storefront_database_up",] == 0
    assert found["storefront_redis_up", "broker"] == 1
    assert not [key for key in found if key[0].startswith("storefront_outbox")]
