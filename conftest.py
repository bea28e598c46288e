"""Fixtures for every package's tests: HTTP through the API's own middleware, and statement counts."""

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
import redis
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck
from hypothesis import settings as properties
from rest_framework.test import APIClient

# A property tries the same examples on every machine, however slow it is; `PRICING_EXAMPLES` tries new ones.
properties.register_profile(
    "suite",
    deadline=None,
    derandomize="PRICING_EXAMPLES" not in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
properties.load_profile("suite")

TRANSACTION_CONTROL = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE SAVEPOINT", "SET CONSTRAINTS")


def with_api_middleware(client: APIClient) -> APIClient:
    """The client, answering through the API's middleware stack as `storefront.wsgi` does."""
    configured = settings.MIDDLEWARE
    settings.MIDDLEWARE = settings.API_MIDDLEWARE
    try:
        client.handler.load_middleware()
    finally:
        settings.MIDDLEWARE = configured
    return client


@pytest.fixture
def api_client() -> APIClient:
    """An anonymous client of the API."""
    return with_api_middleware(APIClient())


@pytest.fixture
def client_of() -> Callable[..., APIClient]:
    """Makes a client that is signed in as the given user with a real access token."""

    def make(user) -> APIClient:
        from core.accounts.tokens import issue_tokens  # noqa: PLC0415 - models need the settings first

        client = with_api_middleware(APIClient())
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {issue_tokens(user=user).access}")
        return client

    return make


@pytest.fixture
def count_statements() -> Callable[[], AbstractContextManager[list[str]]]:
    """`with count_statements() as statements:` fills the list with the SQL of the block when it
    ends, without transaction control."""

    @contextmanager
    def capture() -> Iterator[list[str]]:
        from market.pricing.selectors import price_tables  # noqa: PLC0415 - models need the settings first

        statements: list[str] = []
        price_tables.refresh()  # read once after staff changed something, by whoever comes first
        with CaptureQueriesContext(connection) as context:
            yield statements
        statements.extend(q["sql"] for q in context.captured_queries if not q["sql"].startswith(TRANSACTION_CONTROL))

    return capture


@pytest.fixture
def unthrottled(settings) -> None:
    """Checkouts are not refused for being many: the tests of a minute share one count."""
    settings.THROTTLE_RATES = settings.THROTTLE_RATES | dict.fromkeys(
        ("anon", "user", "checkout", "export"), "1000000/minute"
    )


@pytest.fixture
def nothing_counted(settings) -> None:
    """What earlier runs counted in Redis for the same user ids is forgotten."""
    with redis.Redis.from_url(settings.CACHE_URL) as client:
        for key in client.scan_iter("throttle:*"):
            client.delete(key)


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port that accepts connections and never answers, as a frozen server does."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(100)
        yield listener.getsockname()[1]


@pytest.fixture
def redis_away(settings, silent_port) -> Iterator[None]:
    """This process meets a frozen cache, with the deadline of production."""
    from core.api.throttles import counter  # noqa: PLC0415 - models need the settings first
    from core.quick_redis import _quick_redis, quick_redis  # noqa: PLC0415

    settings.CACHE_URL, settings.REDIS_DEADLINE_SECONDS = f"redis://127.0.0.1:{silent_port}/0", 0.01
    _quick_redis.cache_clear()
    counter.cache_clear()
    yield
    quick_redis().breaker.stop()  # else it would probe the port, whosever that is by then, to the end of the process
    _quick_redis.cache_clear()
    counter.cache_clear()


@pytest.fixture(autouse=True)
def no_revocations_to_poll() -> None:
    """Within one process no thread asks the database which tokens are revoked; whole shops do."""
    from core.accounts.revocations import revocations  # noqa: PLC0415 - models need the settings first

    revocations.cache_clear()
    revocations().hold({})


@pytest.fixture
def uses_database(request: pytest.FixtureRequest) -> bool:
    """Whether the test has the database; it is open then."""
    by_fixture = {"db", "transactional_db"} & set(request.fixturenames)
    if not (by_fixture or request.node.get_closest_marker("django_db")):
        return False
    request.getfixturevalue("_django_db_helper")
    return True


@pytest.fixture(autouse=True)
def reference_rows(uses_database) -> None:
    """The rows that every shop has (a tax rate, a shipping method, tiers), also after a test truncated them."""
    if not uses_database:
        return
    from market.customers.services import ensure_standard_tiers  # noqa: PLC0415
    from market.shipping.services import ensure_standard_method  # noqa: PLC0415
    from market.taxes.services import ensure_standard_rate  # noqa: PLC0415

    ensure_standard_rate()
    ensure_standard_method()
    ensure_standard_tiers()


@pytest.fixture(autouse=True)
def orders_priced_again(request: pytest.FixtureRequest, uses_database) -> Iterator[None]:
    """Every order that a test leaves, priced again from its quote, gives itself; `alters_orders` marks the tests
    that write other amounts into orders."""
    yield
    if not uses_database or connection.needs_rollback or request.node.get_closest_marker("alters_orders"):
        return
    from market.orders.models import Order  # noqa: PLC0415 - models need the settings first
    from tasks.invariants.money import differences  # noqa: PLC0415

    for order in Order.objects.filter(quote__isnull=False).select_related("quote").prefetch_related("items"):
        assert list(differences(order)) == [], order.number


@pytest.fixture(autouse=True)
def no_words_of_another_shop() -> None:
    """A process remembers the words of the catalog for some seconds; the next test has another one."""
    from market.catalog.adapters.search.vocabulary import memo  # noqa: PLC0415 - models need the settings first

    memo.forget()
