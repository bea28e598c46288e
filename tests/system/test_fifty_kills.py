"""Fifty kills of workers at random moments while customers order: nothing is lost, nothing done twice.

The broker hands nothing out again here (`BROKER_REDELIVERY` is off), so all recovery is from rows. The long form
kills the whole group every time and spreads the kills over its orders: `KILLED_ORDERS=2000 make test
PYTEST_ARGS="tests/system/test_fifty_kills.py -s --timeout 0"`.
"""

import json
import os
import random
import threading
import time
from collections import Counter

import psutil
import pytest

from core.notifications.models import Mail
from core.outbox.models import Delivery, Event
from market.carts.tests.factories import make_cart
from market.inventory.tests.factories import make_stocked_variant
from market.orders.tests.factories import checkout_body
from tests.running import RunningShop, wait_for

pytestmark = [pytest.mark.system, pytest.mark.django_db(transaction=True)]

SEED = 16
KILLS = 50
LONG_FORM = int(os.environ.get("KILLED_ORDERS", "0"))
WHOLE_GROUPS = KILLS if LONG_FORM else 3
MOST_ORDERS = LONG_FORM or 150
# In short what has piled up by the last kill is a fraction of what a worker settles in a minute, also where
# others work on the same two cores.
PAUSE_SECONDS = 0.15 if LONG_FORM else 0.3
# The short form ends with single kills: a whole group costs seconds of CPU to start again.
LAST_WHOLE_GROUP = KILLS if LONG_FORM else KILLS - 10
SETTLING_SECONDS = 60
RECOVERY_SECONDS = 30


class Customers:
    """Three who order carts made beforehand, one after the other, and write down what was acknowledged."""

    def __init__(self, shop: RunningShop, bodies: list[dict]) -> None:
        self.shop = shop
        self.bodies = iter(bodies)
        self.journal: list[dict] = []
        self.refused: list[str] = []
        self._next = threading.Lock()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._order, daemon=True) for _ in range(3)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=60)

    def _order(self) -> None:
        client = self.shop.client()
        while not self._stop.wait(PAUSE_SECONDS):
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


def children_of(shop: RunningShop) -> list[psutil.Process]:
    """The processes of the worker that do its tasks. A worker whose children were killed as it began has
    ended; it is started again, as a supervisor does."""
    if shop.processes["worker"].poll() is not None:
        shop.start("worker")
    return psutil.Process(shop.processes["worker"].pid).children()


def kill_one(shop: RunningShop, choice: random.Random, *, is_whole_group: bool) -> None:
    """`kill -9` of a child of the worker, or of the worker with all its children."""
    children = wait_for(
        lambda: children_of(shop), seconds=60, what=f"the worker has children\n{shop.log('worker')[-3000:]}"
    )
    if is_whole_group:
        shop.kill("worker")
        shop.start("worker")
        return
    victim = choice.choice(children)
    try:
        victim.kill()
    except psutil.NoSuchProcess:
        return


def is_settled() -> bool:
    """Whether nothing waits any more."""
    return not (
        Event.objects.filter(relayed_at=None).exists()
        or Delivery.objects.filter(state="pending").exists()
        or Mail.objects.exclude(state="sent").exists()
    )


def test_fifty_kills_lose_nothing_and_double_nothing(shop):
    lamp = make_stocked_variant(sku="LAMP", price="10.00", on_hand=MOST_ORDERS)
    bodies = [
        checkout_body(make_cart(units={lamp: 1}), email=f"buyer{number}@shop.example") for number in range(MOST_ORDERS)
    ]
    mailed_before = len(shop.mail_ledger())
    customers, choice = Customers(shop, bodies), random.Random(SEED)
    whole = set(choice.sample(range(LAST_WHOLE_GROUP), WHOLE_GROUPS))
    customers.start()
    for number in range(KILLS):
        due = LONG_FORM * number // KILLS
        wait_for(lambda due=due: len(customers.journal) >= due, seconds=60, what=f"{due} orders before the next kill")
        time.sleep(choice.uniform(0.05, 3 if LONG_FORM else 0.4))  # the random moment
        kill_one(shop, choice, is_whole_group=number in whole)
    last_kill_at = time.monotonic()
    if LONG_FORM:
        wait_for(lambda: len(customers.journal) == LONG_FORM, seconds=120, what="the last order")
    customers.stop()
    wait_for(
        lambda: children_of(shop) and is_settled(),
        seconds=SETTLING_SECONDS,
        what=f"all is settled; worker:\n{shop.log('worker')[-2000:]}",
    )
    recovery_seconds = time.monotonic() - last_kill_at
    orders = len(customers.journal)
    print(f"{orders} orders, {KILLS} kills, {len(whole)} of the whole group; settled after {recovery_seconds:.1f} s")
    assert not LONG_FORM or recovery_seconds < RECOVERY_SECONDS
    assert customers.refused == []
    journal = shop.folder / "journal.jsonl"
    journal.write_text("".join(json.dumps(entry) + "\n" for entry in customers.journal))
    check = shop.manage("check_invariants", "--acknowledged", str(journal))
    assert check.returncode == 0, check.stdout + check.stderr
    ledger = shop.mail_ledger()[mailed_before:]
    arrived = Counter(address for line in ledger for address in line["to"])
    assert set(arrived) == {entry["email"] for entry in customers.journal}
    # Twice only where a sender died between the server's yes and our commit, at most once per kill.
    deaths = {f"<{mail.key}@storefront.example>": mail.deaths for mail in Mail.objects.all()}
    copies = Counter(line["message_id"] for line in ledger)
    assert {key for key, count in copies.items() if count > 1 + deaths[key]} == set()
    assert sum(deaths.values()) <= KILLS + WHOLE_GROUPS  # a whole group is two
    assert not Delivery.objects.exclude(state="done").exists()
