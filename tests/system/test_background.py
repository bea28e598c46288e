"""From an order over HTTP to the mail in the sink, whatever dies on the way."""

import json
import re
import signal
import time
from collections import Counter

import pytest
import redis
import requests

from core.models import Heartbeat
from core.notifications.models import Mail
from core.outbox.models import Delivery
from market.carts.tests.factories import make_cart
from market.catalog.models import Variant
from market.inventory.tests.factories import make_stocked_variant
from market.orders.tests.factories import checkout_body
from storefront.embedded.processes import kill_group
from tests.running import ROOT, RunningShop, wait_for

pytestmark = [pytest.mark.system, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def lamp() -> Variant:
    return make_stocked_variant(sku="LAMP", price="10.00", on_hand=1000)


def order(shop: RunningShop, lamp: Variant, email: str) -> requests.Response:
    return shop.client().post("/api/v1/orders/", json=checkout_body(make_cart(units={lamp: 1}), email=email))


def mails_to(shop: RunningShop, *addresses: str) -> list[dict]:
    return [line for line in shop.mail_ledger() if set(line["to"]) & set(addresses)]


def wait_for_mails(shop: RunningShop, *addresses: str) -> Counter:
    """Wait until each address has a mail; answers how often each Message-ID arrived."""
    wait_for(
        lambda: set(addresses) <= {address for line in shop.mail_ledger() for address in line["to"]},
        what=f"mails to {addresses}; worker:\n{shop.log('worker')[-2000:]}",
    )
    return Counter(line["message_id"] for line in mails_to(shop, *addresses))


def assert_invariants(shop: RunningShop, answers: list[requests.Response]) -> None:
    wait_for(lambda: not Delivery.objects.exclude(state="done").exists(), what="every delivery is done")
    assert shop.violations(acknowledged=[answer.json() for answer in answers]) == ""


def test_an_order_is_confirmed_by_mail(shop, lamp):
    answer = order(shop, lamp, "prompt@shop.example")
    assert answer.status_code == 201
    assert list(wait_for_mails(shop, "prompt@shop.example").values()) == [1]
    [line] = mails_to(shop, "prompt@shop.example")
    assert line["subject"] == f"Your order {answer.json()['number']} at Storefront"
    assert "multipart/alternative" in (shop.mail_directory / line["file"]).read_text()
    assert_invariants(shop, [answer])
    counted = re.compile(r'^storefront_tasks_total{state="success",task="outbox.deliver"} [1-9]', re.MULTILINE)
    # A task is counted after what it does is committed.
    wait_for(lambda: counted.search(shop.client().get("/metrics").text), what="a delivery is counted")


def test_orders_do_not_wait_for_a_mail_server_that_is_away(shop, lamp):
    addresses = [f"away{number}@shop.example" for number in range(5)]
    shop.kill("mail")
    answers = [order(shop, lamp, address) for address in addresses]
    assert [answer.status_code for answer in answers] == [201] * 5
    wait_for(lambda: Mail.objects.exclude(last_error="").count() == 5, what="each mail's sender met the outage")
    assert mails_to(shop, *addresses) == []
    shop.start("mail")
    assert set(wait_for_mails(shop, *addresses).values()) == {1}
    assert_invariants(shop, answers)


def test_a_broker_that_comes_back_empty_loses_nothing(shop, lamp):
    addresses = [f"empty{number}@shop.example" for number in range(10)]
    answers = []
    with redis.Redis.from_url(shop.environment["REDIS_URL"]) as broker:
        for address in addresses:
            answers.append(order(shop, lamp, address))
            broker.flushdb()
            time.sleep(0.2)
    assert [answer.status_code for answer in answers] == [201] * 10
    assert set(wait_for_mails(shop, *addresses).values()) == {1}
    assert_invariants(shop, answers)


# From an order to its mail: in and after each commit, before and after each message.
STEPS = (
    "relay.spreading",
    "relay.spread",
    "relay.taken",
    "delivery.claimed",
    "delivery.handled",
    "delivery.committed",
    "mail.taken",
    "mail.claimed",
    "mail.accepted",
    "mail.recorded",
)


def test_every_step_is_among_those_where_a_worker_is_killed():
    found = [
        name
        for package in ("tasks", "core/outbox", "core/notifications")
        for module in (ROOT / package).rglob("*.py")
        for name in re.findall(r'fault_point\("([^"]+)"\)', module.read_text())
        # Of operations: tests/system/test_operations.py; beat: tasks/tests/test_beat.py; tests/test_erasure_deaths.py.
        if not name.startswith(("run.", "beat.", "erasure."))
    ]
    assert sorted(found) == sorted(STEPS)


def test_a_worker_killed_at_any_step_is_made_up_for(shop, lamp):
    before = len(shop.mail_ledger())
    addresses = [f"{step}@shop.example" for step in STEPS]
    answers = []
    for step, address in zip(STEPS, addresses, strict=True):
        shop.plant_fault(step)
        answers.append(order(shop, lamp, address))
        wait_for(lambda: not shop.fault_is_pending(), what=f"the worker dies at {step}")
    last_kill_at = time.monotonic()
    wait_for_mails(shop, *addresses)
    wait_for(lambda: not Mail.objects.exclude(state="sent").exists(), what="every mail is known to be sent")
    assert_invariants(shop, answers)
    print(f"settled {time.monotonic() - last_kill_at:.1f} s after the last kill")
    # Between the server's yes and our commit: the one place where a kill may make a mail arrive twice.
    copies = Counter(line["to"][0] for line in shop.mail_ledger()[before:])
    assert sorted(copies.values()) == [1] * (len(STEPS) - 1) + [2]
    messages = Counter(line["message_id"] for line in shop.mail_ledger()[before:])
    assert sorted(messages.values()) == sorted(copies.values())


def test_the_doctor_names_a_silent_worker(shop):
    wait_for(lambda: Heartbeat.objects.count() == 6, what="beat and five queues give signs of life")
    assert [finding["name"] for finding in examined(shop) if finding["level"] == "error"] == []
    shop.pause()  # what the worker has just sent is committed before the deletion
    shop.kill("worker")
    Heartbeat.objects.exclude(name="beat").delete()
    kill_group(shop.processes["beat"].pid, signal.SIGCONT)
    seen_at = Heartbeat.objects.get().seen_at
    wait_for(lambda: Heartbeat.objects.get().seen_at > seen_at, what="beat goes on without a worker")
    errors = [finding["text"] for finding in examined(shop) if finding["level"] == "error"]
    queues = ("checkout", "notifications", "webhooks", "operations", "default")
    assert errors == [f"No worker serves the queue {queue!r}." for queue in queues]


def examined(shop: RunningShop) -> list[dict]:
    return json.loads(shop.manage("doctor", "--json").stdout)["findings"]
