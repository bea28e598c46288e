"""Valkey frozen or refused: customers and staff notice nothing, and what waits for the broker happens afterwards.

How many waited longer is the shop's own measure (`core.metrics`), taken inside the requests; each phase is judged by
what it added. A request is given 10 ms of the 20; what else the clock shows is time in which its thread was not run. So
the bound is 20 ms and what the kernel says that the threads of a web process stood in line for a processor meanwhile
(`/proc/PID/task/*/schedstat`), rounded up to the next bound that is counted. On a busy
machine that is much: that no request is given a second wait is what `core/tests/test_quick_redis.py` shows.

Worker and beat outlive it: nobody starts them again here. Away for longer than any of their waits it is with
`VALKEY_AWAY_SECONDS=30 make test PYTEST_ARGS="tests/system/test_valkey_away.py -s --timeout 0"`.
"""

import os
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import requests
from django.conf import settings
from prometheus_client import CollectorRegistry, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.parser import text_string_to_metric_families

from core.accounts.tests.factories import PASSWORD, make_staff
from market.carts.tests.factories import make_cart
from market.inventory.tests.factories import make_stocked_variant
from market.orders.tests.factories import checkout_body
from market.shipping.services import ensure_standard_method
from market.taxes.services import ensure_standard_rate
from tests.counting_proxy import CountingProxy
from tests.databases import copy_database, drop_database
from tests.parallel import in_parallel
from tests.running import RunningShop, make_shop, wait_for
from tests.valkey_server import Valkey
from tests.waiting_for_a_processor import added, stood_in_line, workers_of

pytestmark = [pytest.mark.system, pytest.mark.django_db(transaction=True)]

CHECKOUTS = 200
CLIENTS = 4
# At least; in short as long as the orders take.
AWAY_SECONDS = float(os.environ.get("VALKEY_AWAY_SECONDS", "0"))
LONGEST_WAIT_SECONDS = 0.02
# The deadline of production, which the settings of tests lengthen.
DEADLINE_SECONDS = "0.01"


@pytest.fixture
def valkey() -> Iterator[Valkey]:
    server = Valkey()
    server.start()
    yield server
    server.end()


@pytest.fixture
def proxy(valkey) -> Iterator[CountingProxy]:
    folder = Path(tempfile.mkdtemp(prefix="sf-"))
    counting = CountingProxy(folder / "valkey.sock", valkey.port)
    yield counting
    counting.close()
    shutil.rmtree(folder)


@pytest.fixture
def own_shop(template_database, tmp_path, transactional_db, valkey, proxy) -> Iterator[RunningShop]:
    """A shop on that Valkey, whose web processes reach it through the proxy with the deadline of production."""
    database = f"{settings.DATABASES['default']['NAME']}_away"
    copy_database(template_database, database)
    shop = make_shop(database, tmp_path, redis_url=valkey.url, guards=[], background=True)
    web = {"CACHE_URL": f"unix://{proxy.path}?db=0", "REDIS_DEADLINE_SECONDS": DEADLINE_SECONDS}
    shop.programs["web"] = replace(shop.programs["web"], environment=shop.environment | web)
    with shop.orm():
        ensure_standard_rate()
        ensure_standard_method()
    shop.start(*shop.programs)
    yield shop
    shop.stop()
    drop_database(database)


def check_out(shop: RunningShop, bodies: list[dict]) -> list[int]:
    """Order one after the other, as a stranger whom the limits count; the statuses."""
    client = shop.client()
    del client.headers["X-Loadtest-Token"]
    return [client.post("/api/v1/orders/", json=body).status_code for body in bodies]


def check_out_at_once(shop: RunningShop, bodies: list[dict]) -> list[int]:
    """Order by several clients at the same time."""
    chunks = [bodies[number::CLIENTS] for number in range(CLIENTS)]
    return [status for some in in_parallel([partial(check_out, shop, chunk) for chunk in chunks]) for status in some]


def told(shop: RunningShop) -> dict[tuple[str, ...], float]:
    """What /metrics tells: (name, labels …) → value."""
    answer = shop.client().get("/metrics")
    assert answer.status_code == 200
    return by_name(text_string_to_metric_families(answer.text))


def counted(shop: RunningShop) -> dict[tuple[str, ...], float]:
    """What the web processes counted, read from their files: a scrape would ask Valkey itself, on the proxy."""
    (folder,) = Path(shop.environment["DATA_DIR"], "metrics").glob(f"{shop.processes['web'].pid}-*")
    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(folder))
    return by_name(registry.collect())


def by_name(families: Iterable[Metric]) -> dict[tuple[str, ...], float]:
    return {(s.name, *(s.labels[name] for name in sorted(s.labels))): s.value for f in families for s in f.samples}


def waited_longer(after: dict[tuple[str, ...], float], before: dict[tuple[str, ...], float], seconds: float) -> float:
    """How many waits of the phase took longer than the first bound from `seconds` on that is counted."""
    name = "storefront_redis_wait_seconds_bucket"
    bound = min((key[1] for key in after if key[0] == name and float(key[1]) >= seconds), key=float)
    assert bound != "+Inf", f"no bound above {seconds} s is counted: nothing would be judged"
    over = [told["storefront_redis_wait_seconds_count",] - told[name, bound] for told in (after, before)]
    return over[0] - over[1]


def signed_in(shop: RunningShop, email: str) -> requests.Session:
    """Somebody of the staff in the admin."""
    client = shop.client()
    client.get("/admin/login/")
    form = {"username": email, "password": PASSWORD, "csrfmiddlewaretoken": client.cookies["csrftoken"]}
    assert client.post("/admin/login/?next=/admin/", data=form).url.endswith("/admin/")
    return client


def test_checkouts_go_on_and_mails_arrive_afterwards(own_shop, valkey, proxy):
    with own_shop.orm():
        make_staff(email="clerk@shop.example")
    clerk = signed_in(own_shop, "clerk@shop.example")
    ordered = 0
    background = {name: own_shop.processes[name].pid for name in ("worker", "beat")}
    for away, back in ((valkey.freeze, valkey.thaw), (valkey.end, valkey.start)):
        name = away.__name__
        with own_shop.orm():
            lamp = make_stocked_variant(sku=f"LAMP-{name}", price="10.00", on_hand=1000)
            addresses = {f"{name}{number}@shop.example" for number in range(CHECKOUTS + CLIENTS)}
            bodies = [checkout_body(make_cart(units={lamp: 1}), email=address) for address in sorted(addresses)]
        # Both processes are connected, whatever a busy machine did to their first attempts.
        wait_for(lambda: counted(own_shop)["storefront_breakers_open", "redis"] == 0, what="Valkey is in use")
        assert check_out_at_once(own_shop, bodies[:CLIENTS]) == [201] * CLIENTS
        away()
        began = time.monotonic()
        assert_nobody_waits(own_shop, proxy, bodies[CLIENTS:], clerk=clerk)
        ordered += len(bodies)
        time.sleep(max(0.0, began + AWAY_SECONDS - time.monotonic()))
        orders = ("storefront_request_seconds_count", "POST", "/api/v1/orders/", "2xx")
        assert counted(own_shop)[orders] == ordered
        back()
        back_at = time.monotonic()
        wait_for(
            lambda expected=addresses: expected <= mailed(own_shop),
            what=f"all mails; worker:\n{own_shop.log('worker')[-2000:]}",
        )
        print(
            f"{away.__name__}: away {back_at - began:.0f} s,"
            f" all {len(bodies)} mails {time.monotonic() - back_at:.1f} s after its return"
        )
        alive = {name: own_shop.processes[name].pid for name in background if own_shop.processes[name].poll() is None}
        assert alive == background
    assert len(own_shop.mail_ledger()) == ordered
    assert own_shop.violations() == ""


def mailed(shop: RunningShop) -> set[str]:
    """Who has got mail so far."""
    return {address for line in shop.mail_ledger() for address in line["to"]}


def assert_nobody_waits(
    shop: RunningShop, proxy: CountingProxy, bodies: list[dict], *, clerk: requests.Session
) -> None:
    """Order all of these, and work in the admin, with Valkey away."""
    proxy.begin()
    at_first, began = counted(shop), time.monotonic()
    workers = workers_of(shop)
    statuses: list[int] = []
    in_line = 0.0
    while counted(shop)["storefront_breakers_open", "redis"] < len(workers):
        assert len(statuses) < CHECKOUTS // 2, "a process does not find out: the limits were not counted"
        before = {process: stood_in_line(process) for process in workers}
        statuses += check_out_at_once(shop, bodies[len(statuses) : len(statuses) + CLIENTS])
        in_line = max(in_line, *(added(stood_in_line(process), before[process]) for process in workers))
    found_out = counted(shop)
    statuses += check_out_at_once(shop, bodies[len(statuses) :])
    assert "clerk@shop.example" in clerk.get("/admin/").text
    assert "reprice" in signed_in(shop, "clerk@shop.example").get("/admin/operations/run/add/").text
    attempts, elapsed_seconds = proxy.unanswered(), time.monotonic() - began
    after = counted(shop)

    assert statuses == [201] * CHECKOUTS
    # Each process found out once, by the requests that came at that moment; nobody waited afterwards.
    too_long = waited_longer(after, at_first, LONGEST_WAIT_SECONDS + in_line)
    print(f"{too_long:.0f} waits too long, in line {in_line * 1000:.1f} ms, {len(attempts)} attempts")
    assert too_long == 0, f"in line {in_line:.4f} s"
    waits = ("storefront_redis_wait_seconds_count",)
    assert after[waits] == found_out[waits]
    assert after["storefront_breakers_open", "redis"] == 2
    assert told(shop)["storefront_redis_up", "cache"] == 0
    asked = Counter(attempt.process for attempt in attempts)
    assert set(asked) == set(workers)
    # The one that found out, then one probe a second: never three within one.
    assert max(asked.values()) <= elapsed_seconds + 2
    for process in workers:
        times = [attempt.asked_at for attempt in attempts if attempt.process == process]
        assert all(third - first > 0.9 for first, third in zip(times, times[2:], strict=False)), times
