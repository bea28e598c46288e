"""PostgreSQL frozen, killed, full, and everything killed at once, while customers order."""

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator

import psycopg
import pytest

from core.outbox.models import Delivery, Event
from market.shipping.services import ensure_standard_method
from market.taxes.services import ensure_standard_rate
from storefront.embedded.processes import kill_group
from tasks.schedule import sync_schedules
from tests.parallel import in_parallel
from tests.races.buying import make_stocked
from tests.running import wait_for
from tests.system.own_servers import OwnServers
from tests.system.persistent_buyer import PersistentBuyers
from tests.waiting_for_a_processor import added, stood_in_line, workers_of

pytestmark = [pytest.mark.system, pytest.mark.django_db(transaction=True)]
# The long form is `EVERYTHING_KILLED=20 FROZEN_SECONDS=20 make test
# PYTEST_ARGS="tests/system/test_database_faults.py -s --timeout 0"`. Only there a clock judges how soon it is back.
FROZEN_SECONDS = float(os.environ.get("FROZEN_SECONDS", "8"))
IS_LONG = FROZEN_SECONDS >= 20
KILLS = 10
EVERYTHING_KILLED = int(os.environ.get("EVERYTHING_KILLED", "2"))
ANSWER_SECONDS = 5
RECOVERY_SECONDS = 5


@pytest.fixture(scope="module")
def servers(template_database, reachable_folder, django_db_blocker) -> Iterator[OwnServers]:
    own = OwnServers(reachable_folder)
    try:
        own.start()
        own.fill(template_database)
        with django_db_blocker.unblock(), own.orm():
            sync_schedules()
            ensure_standard_rate()
            ensure_standard_method()
            own.variant_id = make_stocked(units=1_000_000).pk
        own.shop.start("mail", "worker", "beat", "web")
        yield own
    finally:
        own.discard()


@pytest.fixture
def buyers(servers) -> Iterator[PersistentBuyers]:
    ordering = PersistentBuyers(servers.shop, variant_id=servers.variant_id)
    ordering.start()
    yield ordering
    ordering.stop()


def background(servers: OwnServers) -> dict[str, tuple[int, int | None]]:
    """Which processes are worker and beat, and whether they ended: neither may for want of a database."""
    return {name: (p.pid, p.poll()) for name, p in servers.shop.processes.items() if name in {"worker", "beat"}}


def wait_for_orders(buyers: PersistentBuyers, count: int = 5) -> None:
    """Wait until so many more orders are acknowledged."""
    seen = len(buyers.journal)
    wait_for(lambda: len(buyers.journal) >= seen + count, what=f"{count} more orders")


def is_settled(servers: OwnServers) -> bool:
    """Whether all events are handled. What ended without its database is started again, as a supervisor does."""
    servers.shop.resume()
    return not Event.objects.filter(relayed_at=None).exists() and not Delivery.objects.exclude(state="done").exists()


def assert_promises_are_kept(servers: OwnServers, buyers: PersistentBuyers) -> None:
    """Every acknowledged order exists once, its work gets done, and the invariants hold."""
    buyers.stop()
    assert buyers.unexpected == []
    with servers.orm():
        wait_for(lambda: is_settled(servers), what=f"all is handled; {servers.shop.log('worker')[-1500:]}")
    numbers = [order["number"] for order in buyers.journal.values()]
    assert len(set(numbers)) == len(numbers)
    acknowledged = servers.shop.folder / "acknowledged.jsonl"
    acknowledged.write_text("".join(json.dumps({"number": number}) + "\n" for number in numbers))
    check = servers.shop.manage("check_invariants", "--acknowledged", str(acknowledged), "--json")
    assert {found["state"] for found in json.loads(check.stdout)["checks"]} == {"held"}, check.stdout


def test_frozen_for_some_seconds(servers, buyers):
    wait_for_orders(buyers)
    before = background(servers)
    in_line = {process: stood_in_line(process) for process in workers_of(servers.shop)}
    servers.freeze("postgres")
    frozen_at = time.monotonic()  # until then one after the other was stopped, and those that were not answered
    time.sleep(FROZEN_SECONDS)
    servers.thaw("postgres")
    thawed_at = time.monotonic()
    wait_for(
        lambda: any(seen.status == 201 and seen.began > thawed_at for seen in buyers.seen),
        what="an answer 201 after the thaw",
    )
    back_seconds = time.monotonic() - thawed_at
    wait_for_orders(buyers)
    during = [seen for seen in buyers.seen if seen.ended > frozen_at + 1 and seen.ended < thawed_at]
    assert {(seen.status, bool(seen.retry_after)) for seen in during} == {(503, True)}
    # Whoever came after the first wait in vain was refused at once: once per web process, at four threads each.
    slow = [seen.seconds for seen in during if seen.seconds > 1]
    assert len(slow) <= 8 < len(during)
    print(
        f"frozen {FROZEN_SECONDS:.0f} s: {len(slow)} waited, {max(slow):.1f} s at most; back after {back_seconds:.1f} s"
    )
    # A busy machine adds to single ones, or to all that came at one moment, a longer deadline to all.
    in_line_seconds = max(added(stood_in_line(process), at_first) for process, at_first in in_line.items())
    assert min(slow) < ANSWER_SECONDS + in_line_seconds, f"in line {in_line_seconds:.2f} s"
    assert not IS_LONG or max(*slow, back_seconds) < RECOVERY_SECONDS
    assert_promises_are_kept(servers, buyers)
    assert background(servers) == before


def test_killed_ten_times(servers, buyers):
    before = background(servers)
    recoveries = []
    for _ in range(KILLS):
        wait_for_orders(buyers, 2)
        servers.kill("postgres")
        servers.start()
        restarted_at = time.monotonic()
        wait_for_orders(buyers, 1)
        recoveries.append(time.monotonic() - restarted_at)
    # A busy machine adds to each of them, a pause in the code to all.
    assert min(recoveries) < RECOVERY_SECONDS
    assert {seen.status for seen in buyers.seen} <= {200, 201, 409, 503}
    assert all(seen.retry_after for seen in buyers.seen if seen.status == 503)
    assert_promises_are_kept(servers, buyers)
    assert background(servers) == before


def test_no_connection_left(servers):
    shop = servers.shop
    client = shop.client()
    cart = client.post("/api/v1/carts/", json={"items": [{"variant": servers.variant_id, "quantity": 1}]}).json()
    body = {
        "cart": cart["id"],
        "email": "full@buyers.example",
        "shipping_address": {"name": "Ada", "line1": "1 Lane", "city": "London", "postal_code": "E1", "country": "GB"},
        "shipping_method": "standard",
        "payment_provider": "manual",
    }
    background = [shop.processes[name].pid for name in ("worker", "beat")]
    taken: list[psycopg.Connection] = []
    for group in background:
        kill_group(group, signal.SIGSTOP)
    try:
        wait_for(lambda: take_every_connection(servers, taken), what="nobody else is connected")
        before = rows(taken[0])
        waits = []
        for _ in range(10):
            began = time.monotonic()
            answer = client.post("/api/v1/orders/", json=body)
            assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
            assert answer.headers["Retry-After"]
            waits.append(time.monotonic() - began)
        assert min(waits) < 1
        assert client.get("/admin/login/").status_code == 200
        assert client.post("/api/v1/auth/login/", json={"email": "a@b.example", "password": "x"}).status_code == 503
        assert rows(taken[0]) == before
    finally:
        for connection in taken:
            connection.close()
        for group in background:
            kill_group(group, signal.SIGCONT)
    wait_for(
        lambda: client.post("/api/v1/orders/", json=body).status_code in {200, 201},
        what="the order goes through",
    )


def take_every_connection(servers: OwnServers, taken: list[psycopg.Connection]) -> bool:
    """End everybody else's connections and take all there are; whether nobody else has one now."""
    try:
        while True:
            taken.append(psycopg.connect(servers.database_url, autocommit=True))
    except psycopg.OperationalError:
        mine = [connection.info.backend_pid for connection in taken]
        others = "FROM pg_stat_activity WHERE backend_type = 'client backend' AND NOT pid = ANY(%s)"
        taken[0].execute(f"SELECT pg_terminate_backend(pid, 1000) {others}", [mine])
        return len(mine) >= int(taken[0].execute("SHOW max_connections").fetchone()[0])


def rows(connection: psycopg.Connection) -> tuple:
    """How many rows there are of what an order writes."""
    counts = (
        "SELECT (SELECT count(*) FROM orders_order), (SELECT count(*) FROM orders_orderitem),"
        " (SELECT count(*) FROM payments_payment), (SELECT count(*) FROM inventory_reservation),"
        " (SELECT count(*) FROM outbox_event)"
    )
    return connection.execute(counts).fetchone()


def test_a_column_changes_under_prepared_statements(servers):
    def read() -> int:
        return servers.shop.client().get("/api/v1/categories/").status_code

    def read_often() -> Counter:
        """By more clients than the web has threads, so that each thread's connection is met."""
        return Counter(status for _ in range(8) for status in in_parallel([read] * 16))

    assert set(read_often()) == {200}  # prepared at the fifth
    with psycopg.connect(servers.database_url, autocommit=True) as database:
        database.execute("ALTER TABLE catalog_category ALTER position TYPE bigint")
    changed = read_often()
    assert set(changed) == {200, 503}
    # Each connection answers 503 once, and is another one from then on.
    assert changed[503] <= 8
    assert set(read_often()) == {200}


def test_everything_killed_at_once(servers, buyers):
    for _ in range(EVERYTHING_KILLED):
        wait_for_orders(buyers)
        servers.kill_everything()
        servers.start()
        servers.shop.start("mail", "worker", "beat", "web")
        wait_for_orders(buyers, 1)
    assert_promises_are_kept(servers, buyers)
