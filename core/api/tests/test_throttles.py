"""Limits: exact under parallel requests, by the right caller, and standing while Redis is away."""

import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
import redis
from django.conf import settings as django_settings
from django.test import RequestFactory
from django.urls import include, path
from limits import parse
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.views import APIView

from core.accounts.tests.factories import make_user
from core.api.client_address import client_address, client_network
from core.api.throttles import Counter
from core.models import ThrottleCount
from core.quick_redis import QuickRedis, _quick_redis, quick_redis

OPEN, CLOSED, LOGIN = "/api/v1/open/", "/api/v1/users/", "/api/v1/auth/login/"


class Open(APIView):
    """A public route."""

    permission_classes = (AllowAny,)

    def get(self, request):
        return Response({})


class Shared(Open):
    """A public route whose answer caches may keep."""

    def get(self, request):
        return Response({}, headers={"Cache-Control": "public, max-age=10"})


urlpatterns = [
    path("api/v1/open/", Open.as_view()),
    path("api/v1/shared/", Shared.as_view()),
    path("api/v1/", include("core.accounts.api.urls")),
]
pytestmark = pytest.mark.urls(__name__)


HOURLY = parse("1000000/hour")


def new_address() -> str:
    """An address that no other test has counted for."""
    return f"2001:db8:{uuid4().hex[:4]}:{uuid4().hex[:4]}::1"


@pytest.fixture
def limits(settings, nothing_counted):
    """Sets rates."""

    def set_limits(**rates: str) -> None:
        settings.THROTTLE_RATES = settings.THROTTLE_RATES | rates

    return set_limits


@pytest.mark.parametrize(
    ("proxies", "peer", "forwarded", "client"),
    [
        ([], "203.0.113.5", "198.51.100.1", "203.0.113.5"),
        (["10.0.0.0/8"], "203.0.113.5", "198.51.100.1", "203.0.113.5"),
        (["10.0.0.0/8"], "10.0.0.2", "198.51.100.1", "198.51.100.1"),
        (["10.0.0.0/8"], "10.0.0.2", "6.6.6.6, 198.51.100.1", "198.51.100.1"),
        (["10.0.0.0/8"], "10.0.0.2", "198.51.100.1, 10.0.0.9", "198.51.100.1"),
        (["10.0.0.0/8"], "10.0.0.2", "", "10.0.0.2"),
        (["10.0.0.0/8"], "10.0.0.2", "nonsense", "10.0.0.2"),
        (["10.0.0.0/8"], "10.0.0.2", "10.0.0.3, 10.0.0.4", "10.0.0.3"),
        (["10.0.0.0/8"], "::ffff:10.0.0.2", "198.51.100.1", "198.51.100.1"),
        (["10.0.0.0/8"], "", "6.6.6.6, 198.51.100.1", "198.51.100.1"),
        ([], "", "198.51.100.1", ""),
        (["2001:db8:1::/48"], "2001:db8:1::5", "2001:db8:2::7", "2001:db8:2::7"),
    ],
)
def test_the_callers_address(settings, proxies, peer, forwarded, client):
    settings.TRUSTED_PROXIES = proxies
    request = RequestFactory().get("/", REMOTE_ADDR=peer, HTTP_X_FORWARDED_FOR=forwarded)
    assert client_address(request) == client


@pytest.mark.parametrize(
    ("peer", "network"),
    [
        ("203.0.113.5", "203.0.113.5"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("", ""),
    ],
)
def test_limits_count_a_household_as_one(peer, network):
    assert client_network(RequestFactory().get("/", REMOTE_ADDR=peer)) == network


@pytest.mark.django_db
def test_exactly_the_limit_passes_whatever_x_forwarded_for_says(api_client, limits):
    limits(anon="3/hour")
    address = new_address()
    # Who may not come in is not counted.
    assert [api_client.get(CLOSED, REMOTE_ADDR=address).status_code for _ in range(6)] == [401] * 6
    answers = [
        api_client.get(OPEN, REMOTE_ADDR=address, HTTP_X_FORWARDED_FOR=f"198.51.100.{n}", HTTP_X_REAL_IP=f"1.1.1.{n}")
        for n in range(5)
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert [answer["RateLimit"].split(";t=")[0] for answer in answers] == [f'"anon";r={n}' for n in (2, 1, 0, 0, 0)]
    assert answers[0]["RateLimit-Policy"] == '"anon";q=3;w=3600'
    assert (answers[-1].json()["code"], answers[-1]["Content-Type"]) == ("throttled", "application/problem+json")
    assert 3000 <= int(answers[-1]["Retry-After"]) <= 3600
    assert api_client.get(OPEN, REMOTE_ADDR=new_address()).status_code == 200


@pytest.mark.django_db
def test_users_are_counted_by_account_not_by_address(client_of, limits):
    limits(user="2/hour", anon="1/hour")
    address = new_address()
    ann, bob = client_of(make_user()), client_of(make_user())
    assert [ann.get(OPEN, REMOTE_ADDR=address).status_code for _ in range(3)] == [200, 200, 429]
    assert ann.get(OPEN, REMOTE_ADDR=new_address()).status_code == 429
    assert bob.get(OPEN, REMOTE_ADDR=address).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("setting", "header", "lifted"),
    [
        ("a-long-load-test-token", "a-long-load-test-token", True),
        ("a-long-load-test-token", "another", False),
        ("", "", False),
        ("a-long-load-test-token", "ä", False),
    ],
)
def test_the_load_test_token_lifts_the_shopping_limits(api_client, settings, limits, setting, header, lifted):
    limits(anon="1/hour")
    settings.LOADTEST_TOKEN = setting
    headers = {"REMOTE_ADDR": new_address(), "HTTP_X_LOADTEST_TOKEN": header}
    answers = [api_client.get(OPEN, **headers).status_code for _ in range(3)]
    assert answers == ([200] * 3 if lifted else [200, 429, 429])


@pytest.mark.django_db
def test_what_shared_caches_keep_tells_no_callers_count(api_client):
    answer = api_client.get("/api/v1/shared/")
    assert answer["Cache-Control"] == "public, max-age=10"
    assert not answer.has_header("RateLimit")


def count_in_parallel(own: Counter, limit: int) -> int:
    """How many of 240 hits by 24 threads at once are within the limit."""
    caller = uuid4().hex
    start = threading.Barrier(24)
    rate = parse(f"{limit}/hour")

    def hit_ten_times(_: int) -> int:
        start.wait()
        return sum(own.hit("anon", caller, rate)[0] <= limit for _ in range(10))

    with ThreadPoolExecutor(24) as pool:
        return sum(pool.map(hit_ten_times, range(24)))


def test_parallel_hits_are_counted_exactly():
    # Each of the 24 gets its turn, however busy the machine is.
    own = Counter(QuickRedis(django_settings.CACHE_URL, 60.0))
    assert count_in_parallel(own, 50) == 50
    assert not own.store.breaker.is_open


def test_a_window_begins_anew_after_its_end():
    own = Counter(QuickRedis(django_settings.CACHE_URL, 60.0))
    caller = uuid4().hex
    assert [own.hit("anon", caller, HOURLY)[0] for _ in range(3)] == [1, 2, 3]
    own.store.call(lambda client: client.pexpire(f"throttle:anon:{caller}", 0))
    assert own.hit("anon", caller, HOURLY) == (1, 3600)


def asked_of(own: Counter) -> list[int]:
    """Grows by one each time that a request of this counter asks Redis."""
    asked, ask = [], own.store._ask
    own.store._ask = lambda *arguments: (asked.append(1), ask(*arguments))[1]
    return asked


def test_a_frozen_redis_is_asked_once_and_counted_here_meanwhile(silent_port):
    own = Counter(QuickRedis(f"redis://127.0.0.1:{silent_port}/0", 0.02))
    asked, caller = asked_of(own), uuid4().hex
    counts = [own.hit("anon", caller, HOURLY)[0] for _ in range(200)]
    assert (len(asked), counts) == (1, list(range(1, 201)))
    assert own.store.breaker.is_open
    own.store.breaker.stop()


@pytest.mark.django_db
def test_logins_are_counted_in_one_place_whether_redis_is_there_or_not(api_client, limits, monkeypatch):
    limits(auth="3/hour", anon="3/hour")
    address = new_address()
    body = {"email": "a@example.com", "password": "wrong"}
    statuses = []
    for is_away in (False, True, False, True, True):
        monkeypatch.setattr(quick_redis().breaker, "_open", is_away)
        statuses.append(api_client.post(LOGIN, body, REMOTE_ADDR=address).status_code)
    assert statuses == [401, 401, 401, 429, 429]
    counted = ThrottleCount.objects.filter(key__startswith="throttle:auth:")
    assert counted.get().count == 5
    ThrottleCount.objects.update(ends_at="2020-01-01T00:00:00Z")
    assert api_client.post(LOGIN, body, REMOTE_ADDR=address).status_code == 401
    assert counted.get().count == 1


@pytest.mark.django_db
def test_shopping_is_counted_here_while_redis_is_away(api_client, limits, redis_away):
    limits(anon="3/hour")
    address = new_address()
    assert [api_client.get(OPEN, REMOTE_ADDR=address).status_code for _ in range(5)] == [200, 200, 200, 429, 429]


def test_the_breaker_closes_by_itself_when_redis_is_back(silent_port):
    own = Counter(QuickRedis(django_settings.CACHE_URL, 2.0))
    probe, is_counted = own.store.breaker._probe, threading.Event()
    own.store.breaker._probe = lambda: (is_counted.wait(60), probe())
    own.store.breaker.trip(redis.TimeoutError("as if"))
    caller = uuid4().hex
    assert own.hit("anon", caller, HOURLY)[0] == 1
    is_counted.set()
    assert own.store.breaker.wait_until_closed(60)
    assert not own.store.breaker.is_open
    # The process counted alone meanwhile; Redis begins from what it knows.
    assert own.hit("anon", caller, HOURLY)[0] == 1


def test_of_many_requests_at_once_one_finds_out_that_redis_is_frozen(silent_port):
    own = Counter(QuickRedis(f"redis://127.0.0.1:{silent_port}/0", 0.4))
    asked = asked_of(own)
    begin = threading.Barrier(8)

    def hit(_: int) -> None:
        begin.wait(timeout=120)
        own.hit("anon", uuid4().hex, HOURLY)

    with ThreadPoolExecutor(max_workers=8) as pool:
        list(pool.map(hit, range(8)))
    own.store.breaker.stop()
    assert len(asked) == 1


def test_the_first_requests_at_once_share_one_connection():
    _quick_redis.cache_clear()
    begin = threading.Barrier(8)

    def first(_: int) -> QuickRedis:
        begin.wait(timeout=120)
        return quick_redis()

    with ThreadPoolExecutor(max_workers=8) as pool:
        assert len(set(map(id, pool.map(first, range(8))))) == 1
