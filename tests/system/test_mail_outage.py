"""The mail server away while customers order: every confirmation arrives afterwards, once.

In short only frozen: `tests/system/test_background.py` has the one that refuses. Both, and ten minutes long, are
`MAIL_OUTAGE_SECONDS=600 make test PYTEST_ARGS="tests/system/test_mail_outage.py -s --timeout 0"`. That no number
of minutes uses up a mail's attempts is reckoned with a clock of its own in `tasks/tests/test_mail.py`.
"""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable

import pytest

from core.notifications.models import Mail
from core.outbox.models import Delivery
from market.carts.tests.factories import make_cart
from market.inventory.tests.factories import make_stocked_variant
from market.orders.tests.factories import checkout_body
from storefront.embedded.processes import kill_group
from tests.running import RunningShop, wait_for

pytestmark = [pytest.mark.system, pytest.mark.django_db(transaction=True)]
OUTAGE_SECONDS = float(os.environ.get("MAIL_OUTAGE_SECONDS", "0"))
ORDERS = 12 if OUTAGE_SECONDS else 4


def refuse(shop: RunningShop) -> None:
    shop.kill("mail")


def accept(shop: RunningShop) -> None:
    shop.start("mail")


def freeze(shop: RunningShop) -> None:
    kill_group(shop.processes["mail"].pid, signal.SIGSTOP)


def thaw(shop: RunningShop) -> None:
    kill_group(shop.processes["mail"].pid, signal.SIGCONT)


def order(shop: RunningShop, body: dict) -> float:
    """Order; answers how many seconds the answer took."""
    began = time.monotonic()
    assert shop.client().post("/api/v1/orders/", json=body).status_code == 201
    return time.monotonic() - began


@pytest.mark.parametrize(("begin", "end"), [(refuse, accept), (freeze, thaw)] if OUTAGE_SECONDS else [(freeze, thaw)])
def test_every_mail_arrives_once_after_the_mail_server_was_away(shop, begin: Callable, end: Callable):
    lamp = make_stocked_variant(sku="LAMP", price="10.00", on_hand=ORDERS)
    addresses = [f"{begin.__name__}{number}@shop.example" for number in range(ORDERS)]
    bodies = [checkout_body(make_cart(units={lamp: 1}), email=address) for address in addresses]

    def arrived() -> Counter:
        return Counter(address for line in shop.mail_ledger() for address in line["to"] if address in addresses)

    begin(shop)
    try:
        began = time.monotonic()
        seconds = []
        for number, body in enumerate(bodies):
            time.sleep(max(0.0, began + OUTAGE_SECONDS * number / ORDERS - time.monotonic()))
            seconds.append(order(shop, body))
        # Each was tried: the server's absence is known, and the work that is not the server's got done.
        wait_for(
            lambda: Mail.objects.exclude(last_error="").count() == ORDERS, what="each mail's sender met the outage"
        )
        wait_for(lambda: not Delivery.objects.exclude(state="done").exists(), what="all else is done meanwhile")
        time.sleep(max(0.0, began + OUTAGE_SECONDS - time.monotonic()))
        # The server's fault is not the mails': none is given up, and no attempt is counted.
        assert set(Mail.objects.values_list("state", "attempts")) == {("queued", 0)}
        assert arrived() == {}
    finally:
        end(shop)
    ended = time.monotonic()
    wait_for(lambda: set(arrived()) == set(addresses), what="every mail arrives")
    took = time.monotonic() - ended
    wait_for(lambda: not Mail.objects.exclude(state="sent").exists(), what="and is known to have")
    print(
        f"{begin.__name__}: away {ended - began:.0f} s, slowest order {max(seconds) * 1000:.0f} ms, all {ORDERS} mails"
        f" {took:.1f} s after its return"
    )
    assert set(arrived().values()) == {1}
    assert shop.violations() == ""
