"""Fifty kills of workers at random moments while customers order: nothing is lost, nothing done twice.

Each time the worker is at work and a few more orders come in. The broker hands nothing out again here
(`BROKER_REDELIVERY` is off), so all recovery is from rows. The short form kills the whole group thrice and single
children else, as a group takes seconds to start again; the long form kills the group every time:
`KILLED_ORDERS=2000 make test PYTEST_ARGS="tests/system/test_fifty_kills.py -s --timeout 0"`.
"""

import os
import random
import threading
import time
from collections import Counter
from contextlib import suppress
from functools import partial

import psutil
import pytest

from core.notifications.models import Mail
from core.outbox.models import Delivery, Event
from market.carts.tests.factories import make_cart
from market.inventory.tests.factories import make_stocked_variant
from market.orders.tests.factories import checkout_body
from tests.running import WAIT_SECONDS, RunningShop, wait_for

pytestmark = [pytest.mark.system, pytest.mark.django_db(transaction=True)]

SEED = 16
KILLS = 50
LONG_FORM = int(os.environ.get("KILLED_ORDERS", "0"))
WHOLE_GROUPS = KILLS if LONG_FORM else 3
ORDERS = LONG_FORM or 150
LATEST_SECONDS = 3 if LONG_FORM else 0.4
CUSTOMERS = 3
# The clock judges the long form alone.
SETTLING_SECONDS = 60 if LONG_FORM else WAIT_SECONDS
RECOVERY_SECONDS = 30


class Customers:
    """They order carts made beforehand, as many as they are let, and write down what was acknowledged."""

    def __init__(self, shop: RunningShop, bodies: list[dict]) -> None:
        self.shop = shop
        self.bodies = iter(bodies)
        self.journal: list[dict] = []
        self.refused: list[str] = []
        self._next = threading.Lock()
        self._allowed = threading.Semaphore(0)
        self._threads = [threading.Thread(target=self._order, daemon=True) for _ in range(CUSTOMERS)]
        for thread in self._threads:
            thread.start()

    def order(self, count: int) -> None:
        """Let them place so many more, of which the first come at once."""
        self._allowed.release(count)

    def go_home(self) -> None:
        """Let them place what is left, and wait until they have."""
        self._allowed.release(ORDERS + CUSTOMERS)
        for thread in self._threads:
            thread.join(timeout=5 * WAIT_SECONDS)
            assert not thread.is_alive()

    def _order(self) -> None:
        client = self.shop.client()
        while self._allowed.acquire():
            with self._next:
                body = next(self.bodies, None)
            if body is None:
                return
            answer = client.post("/api/v1/orders/", json=body)
            if answer.status_code == 201:
                order = answer.json()
                self.journal.append(
                    {"number": order["number"], "cart": body["cart"], "grand_total": order["grand_total"]}
                    | {"email": body["email"]}
                )
            else:
                self.refused.append(f"{answer.status_code} {answer.text[:200]}")


class Worker:
    """The shop's worker, killed and started again as a supervisor does."""

    def __init__(self, shop: RunningShop) -> None:
        self._shop = shop
        self._began = 0

    def is_at_work(self) -> bool:
        """Whether it takes tasks. Started anew it does after seconds; killed before, it has done nothing."""
        if self._shop.processes["worker"].poll() is not None:
            self._start()
        return " ready." in self.log()

    def log(self) -> str:
        """What it has said since it was started here."""
        return self._shop.log("worker")[self._began :]

    def kill(self) -> None:
        """`kill -9` of the worker and all its children; then a new one."""
        self._shop.kill("worker")
        self._start()

    def kill_a_child(self, choice: random.Random) -> bool:
        """`kill -9` of one of the processes that do its tasks; the worker makes another. Whether there was one."""
        children = psutil.Process(self._shop.processes["worker"].pid).children()
        with suppress(psutil.NoSuchProcess, IndexError):
            choice.choice(children).kill()
            return True
        return False

    def _start(self) -> None:
        self._began = len(self._shop.log("worker"))
        self._shop.start("worker")


def what_waits() -> dict[str, Counter]:
    """How much still waits, by kind and state; empty when all is settled."""
    found = {
        "events": Counter(Event.objects.filter(relayed_at=None).values_list("name")),
        "deliveries": Counter(Delivery.objects.filter(state="pending").values_list("handler", "attempts")),
        "mails": Counter(Mail.objects.exclude(state="sent").values_list("state", "attempts", "deaths")),
    }
    return {kind: counted for kind, counted in found.items() if counted}


def test_fifty_kills_lose_nothing_and_double_nothing(shop):
    lamp = make_stocked_variant(sku="LAMP", price="10.00", on_hand=ORDERS)
    bodies = [
        checkout_body(make_cart(units={lamp: 1}), email=f"buyer{number}@shop.example") for number in range(ORDERS)
    ]
    mailed_before = len(shop.mail_ledger())
    customers, worker, choice = Customers(shop, bodies), Worker(shop), random.Random(SEED)
    whole = set(choice.sample(range(KILLS), WHOLE_GROUPS))
    began = time.monotonic()
    for number in range(KILLS):
        wait_for(worker.is_at_work, what=lambda: f"the worker is at work:\n{worker.log()[-3000:]}")
        customers.order(ORDERS // KILLS)
        time.sleep(choice.uniform(0.05, LATEST_SECONDS))  # the random moment
        if number in whole:
            worker.kill()
        else:
            wait_for(partial(worker.kill_a_child, choice), what="a child is killed")
    last_kill_at = time.monotonic()
    customers.go_home()
    waited = what_waits()
    wait_for(
        lambda: worker.is_at_work() and not what_waits(),
        seconds=SETTLING_SECONDS,
        what=lambda: f"all is settled: {what_waits()}, after the last kill {waited}; worker:\n{worker.log()[-3000:]}",
    )
    recovery_seconds = time.monotonic() - last_kill_at
    deaths = {f"<{mail.key}@storefront.example>": mail.deaths for mail in Mail.objects.all()}
    again = Delivery.objects.filter(attempts__gt=1).count()
    print(
        f"{len(customers.journal)} orders, {KILLS} kills in {last_kill_at - began:.0f} s, {len(whole)} of the whole"
        f" group; {again} deliveries and {sum(deaths.values())} mails were hit; waiting after the last kill: {waited};"
        f" settled {recovery_seconds:.1f} s after it"
    )
    assert not LONG_FORM or (recovery_seconds < RECOVERY_SECONDS and again and sum(deaths.values()))
    assert (len(customers.journal), customers.refused) == (ORDERS, [])
    assert shop.violations(acknowledged=customers.journal) == ""
    ledger = shop.mail_ledger()[mailed_before:]
    arrived = Counter(address for line in ledger for address in line["to"])
    assert set(arrived) == {entry["email"] for entry in customers.journal}
    # Twice only where a sender died between the server's yes and our commit, at most once per kill.
    copies = Counter(line["message_id"] for line in ledger)
    assert {key for key, count in copies.items() if count > 1 + deaths[key]} == set()
    assert sum(deaths.values()) <= KILLS + WHOLE_GROUPS  # a whole group is two
    assert not Delivery.objects.exclude(state="done").exists()
