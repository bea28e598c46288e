"""Abandoned carts and expired reservations are cleared in bounded batches while customers order the same product.

The long form has 10,000 carts and 1,000 orders in batches as the worker's:
`ABANDONED_CARTS=10000 EXPIRED_ORDERS=1000 make test PYTEST_ARGS="tests/system/test_clearing.py -s --timeout 0"`.
"""

import os
import threading
import time
from collections import Counter
from contextlib import contextmanager
from datetime import timedelta

import psycopg
import pytest
from django.db import connection, reset_queries
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.outbox.models import Event
from market.carts.models import Cart, CartItem
from market.carts.tests.factories import make_cart
from market.inventory.models import Reservation, StockItem
from market.orders.models import Order
from market.orders.tests.factories import make_order
from tasks import housekeeping
from tests.databases import url_of
from tests.races.buying import make_stocked
from tests.running import WAIT_SECONDS, RunningShop, wait_for
from tests.system.persistent_buyer import PersistentBuyers

pytestmark = [pytest.mark.system, pytest.mark.django_db(transaction=True)]

CARTS = int(os.environ.get("ABANDONED_CARTS", "450"))
ORDERS = int(os.environ.get("EXPIRED_ORDERS", "50"))
IS_LONG = CARTS >= 10_000
# In short the batches are as small as the crowd.
CARTS_PER_BATCH = housekeeping.BATCH if IS_LONG else 100
ORDERS_PER_RUN = housekeeping.ORDERS_PER_RUN if IS_LONG else 20
# Order, payments, history, event, reservations, stock, lists, and the buyer's next order where he has one: of one
# order, whatever the number of them.
STATEMENTS_PER_ORDER = 14
# PostgreSQL ends a request's wait after 2 s. Judged in the long form alone: how long a transaction of one
# order takes, the machine decides.
LONGEST_WAIT = timedelta(seconds=1)


def abandon_carts(variant, count: int) -> None:
    """Carts with a line each that expired a minute ago."""
    past = timezone.now() - timedelta(minutes=1)
    carts = Cart.objects.bulk_create([Cart(expires_at=past) for _ in range(count)], batch_size=1_000)
    CartItem.objects.bulk_create(
        [CartItem(cart=cart, variant=variant, quantity=1, unit_price=variant.price) for cart in carts]
    )


def let_orders_expire(variant, count: int) -> None:
    """Placed orders of one unit each that nobody paid."""
    for _ in range(count):
        make_order(cart=make_cart(units={variant: 1}))
    past = timezone.now() - timedelta(seconds=1)
    Order.objects.update(reserved_until=past)
    Reservation.objects.update(expires_at=past)


class LockWatch:
    """Looks every few milliseconds for who waits for a lock, and remembers the longest wait."""

    def __init__(self, database: str) -> None:
        self.longest = timedelta(0)
        self.waits = 0
        self._database = database
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    @contextmanager
    def watching(self):
        self._thread.start()
        yield self
        self._ending.set()
        self._thread.join(timeout=WAIT_SECONDS)

    def _watch(self) -> None:
        query = (
            "SELECT clock_timestamp() - waitstart FROM pg_locks JOIN pg_stat_activity USING (pid)"
            " WHERE datname = %s AND waitstart IS NOT NULL"
        )
        with psycopg.connect(url_of("postgres"), autocommit=True) as watcher:
            while not self._ending.wait(0.003):
                for (waited,) in watcher.execute(query, [self._database]):
                    self.waits += 1
                    self.longest = max(self.longest, waited)


def cleared(task, left) -> list[tuple[int, int, int]]:
    """Run the worker's task until nothing is left: (rows cleared, statements, transactions) of each run."""
    runs = []
    while before := left():
        reset_queries()  # only so many are kept, less than a long form makes
        with CaptureQueriesContext(connection) as captured:
            task()
        begun = sum(query["sql"] == "BEGIN" for query in captured)
        runs.append((before - left(), len(captured), begun))
        assert runs[-1][0] > 0, runs
    return runs


def clear_everything(lock_watch: LockWatch) -> tuple[list, list]:
    """What the worker does every ten seconds, and what it does every minute, again and again."""
    with lock_watch.watching():
        orders = cleared(housekeeping.release_unpaid_orders, lambda: Order.objects.overdue(timezone.now()).count())
        expired = Cart.objects.filter(order_number=None, expires_at__lt=timezone.now())
        carts = cleared(lambda: housekeeping.prune_kind(housekeeping.delete_expired_carts), expired.count)
    return orders, carts


def test_checkouts_go_on_while_carts_and_reservations_are_cleared(twin, monkeypatch):
    monkeypatch.setattr(housekeeping, "BATCH", CARTS_PER_BATCH)
    monkeypatch.setattr(housekeeping, "ORDERS_PER_RUN", ORDERS_PER_RUN)
    running: RunningShop = twin(guards=[])  # without a worker: this test does its work and counts
    with running.orm():
        variant = make_stocked(units=100_000)
        abandon_carts(variant, CARTS)
        let_orders_expire(variant, ORDERS)
        buyers, watch = PersistentBuyers(running, variant_id=variant.pk, count=2), LockWatch(running.database)
        buyers.start()
        wait_for(lambda: len(buyers.journal) >= 2, what="customers order")
        before, began = len(buyers.journal), time.monotonic()
        orders, carts = clear_everything(watch)
        seconds = time.monotonic() - began
        wait_for(lambda: len(buyers.journal) >= before + 2, what="customers still order")
        buyers.stop()
        slowest = max(seen.seconds for seen in buyers.seen)
        print(f"{len(buyers.journal)} orders beside {seconds:.1f} s of clearing, the slowest answer {slowest:.3f} s")
        print(f"{watch.waits} looks saw a wait, the longest of {watch.longest}; runs {orders} {carts}")

        assert (sum(rows for rows, *_ in orders), sum(rows for rows, *_ in carts)) == (ORDERS, CARTS)
        assert max(rows for rows, *_ in orders) == ORDERS_PER_RUN
        # One transaction for each order: no lock is held longer than one of them takes.
        assert [begun for *_, begun in orders] == [rows for rows, *_ in orders]
        assert max(statements - rows * STATEMENTS_PER_ORDER for rows, statements, _ in orders) <= 1
        most = CARTS_PER_BATCH * housekeeping.BATCHES_PER_RUN
        assert all(rows <= most and statements <= housekeeping.BATCHES_PER_RUN for rows, statements, _ in carts)
        assert buyers.unexpected == []
        if IS_LONG:
            assert watch.longest < LONGEST_WAIT
            assert Counter(seen.status for seen in buyers.seen).keys() == {201}
        assert StockItem.objects.get().reserved == len(buyers.journal)
        assert Counter(Order.objects.values_list("status", flat=True)) == {
            "canceled": ORDERS,
            "pending": len(buyers.journal),
        }
        # No relay runs here, and a long form takes longer than an event may wait for it.
        Event.objects.update(created_at=timezone.now())
    assert running.violations(acknowledged=buyers.journal.values()) == ""
