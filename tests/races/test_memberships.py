"""Orders of one customer that are completed at one moment: his tier follows from all of them."""

import subprocess
import sys
from decimal import Decimal

import pytest
from django.utils import timezone

from market.carts.tests.factories import make_cart
from market.orders.models import Order
from market.orders.tests.factories import make_buyer, make_order
from market.payments.models import Payment
from tests.races.buying import make_stocked
from tests.running import ROOT, RunningShop

pytestmark = [pytest.mark.system, pytest.mark.django_db(transaction=True)]

ORDERS = 8
ROUNDS = 500  # until one forgets
# Each thread completes one order and recomputes, as the handler of that order's event does.
COMPLETE = """
import django, sys
from decimal import Decimal
from functools import partial
django.setup()
from django.db import connection
from market.checkout.services import reward_order
from market.customers.models import Membership
from market.orders.models import Order
from tests.parallel import in_parallel

expected, orders = Decimal(sys.argv[2]), [int(pk) for pk in sys.argv[3:]]

def complete(pk):
    Order.objects.filter(pk=pk).update(status="delivered")
    reward_order(order_id=pk)
    connection.close()

for _ in range(int(sys.argv[1])):
    Order.objects.filter(pk__in=orders).update(status="shipped")
    Membership.objects.all().delete()
    in_parallel([partial(complete, pk) for pk in orders])
    spent = Membership.objects.get().spent_12m
    print(spent, flush=True)
    if spent != expected:
        break
"""


def paid_orders() -> list[int]:
    """Shipped and paid orders of one customer, copies of one: placing each would take longer than the race."""
    buyer = make_buyer()
    placed = make_order(buyer=buyer, cart=make_cart(units={make_stocked(units=10): 1}))
    fields = Order.objects.filter(pk=placed.pk).values().get()
    new = {"id": None, "cart_uuid": None, "payment_status": "complete"}
    copies = Order.objects.bulk_create(Order(**fields | new | {"number": f"M{n}"}) for n in range(ORDERS))
    Payment.objects.bulk_create(
        Payment(
            order=order,
            provider="manual",
            amount=order.grand_total,
            currency="GBP",
            status=Payment.Status.COMPLETE,
            captured_at=timezone.now(),
        )
        for order in copies
    )
    return [order.pk for order in copies]


def spent_after(running: RunningShop, *, rounds: int) -> tuple[set[Decimal], Decimal]:
    """What the membership says after each round, up to the first that is wrong; and what it should say."""
    with running.orm():
        ids = paid_orders()
        expected = Order.objects.get(pk=ids[0]).grand_total * ORDERS
        done = subprocess.run(
            [sys.executable, "-c", COMPLETE, str(rounds), str(expected), *map(str, ids)],
            cwd=ROOT,
            env=running.environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=400,
        )
    return {Decimal(line) for line in done.stdout.split()}, expected


def test_a_tier_follows_from_all_orders_completed_at_once(shop):
    seen, expected = spent_after(shop, rounds=5)
    assert seen == {expected}


def test_twin_without_the_lock_forgets_some(twin):
    seen, expected = spent_after(twin(guards=["membership_lock"]), rounds=ROUNDS)
    assert min(seen) < expected
