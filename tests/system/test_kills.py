"""Each process killed once while customers order: the shop is back by itself, and keeps what it promised."""

import json
import signal
from collections import Counter

import pytest

from storefront.embedded.processes import is_alive
from tests.running import read_ledger, wait_for
from tests.system.buyer import Buyer
from tests.system.supervised import SupervisedShop

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def supervised(reachable_folder):
    shop = SupervisedShop(reachable_folder / "data", LOADTEST_TOKEN="kill-test")
    shop.start()
    yield shop
    shop.discard()


@pytest.fixture
def buyer(supervised):
    ordering = Buyer(supervised.url)
    ordering.start()
    yield ordering
    ordering.stop()


def mailed(shop: SupervisedShop) -> Counter:
    """How many mails the sink accepted for each address."""
    return Counter(address for line in read_ledger(shop.data / "mail" / "ledger.jsonl") for address in line["to"])


def assert_promises_are_kept(shop: SupervisedShop, buyer: Buyer) -> None:
    """Every acknowledged order is there, and its confirmation arrives."""
    assert buyer.unexpected == []
    lost = [number for number in buyer.promised if not buyer.is_kept(number)]
    assert lost == []
    addresses = {promise["email"] for promise in buyer.promised.values()}
    wait_for(lambda: addresses <= set(mailed(shop)), what=f"{len(addresses)} confirmations")
    acknowledged = shop.data.parent / "acknowledged.jsonl"
    acknowledged.write_text("".join(json.dumps({"number": number}) + "\n" for number in buyer.promised))
    check = shop.manage("check_invariants", "--acknowledged", str(acknowledged))
    assert check.returncode == 0, check.stdout + check.stderr


@pytest.mark.parametrize("name", ["postgres", "valkey", "web", "worker", "beat", "mail"])
def test_killed_process_is_back_and_nothing_promised_is_lost(supervised, buyer, name):
    wait_for(lambda: len(buyer.promised) >= 3, what="three orders before the kill")
    killed = wait_for(lambda: supervised.process_of(name), what=f"{name} runs")

    killed.send_signal(signal.SIGKILL)

    wait_for(lambda: not is_alive(killed), what=f"{name} is dead")
    wait_for(lambda: supervised.process_of(name), what=f"{name} is back")
    wait_for(supervised.is_healthy, what="the shop is healthy")
    seen = len(buyer.promised)
    wait_for(lambda: len(buyer.promised) >= seen + 3, what="three orders after the kill")
    buyer.stop()
    assert_promises_are_kept(supervised, buyer)


def test_killed_supervisor_leaves_no_orphan_and_the_next_start_has_everything(supervised, buyer):
    wait_for(lambda: len(buyer.promised) >= 3, what="three orders before the kill")
    family = supervised.running()

    supervised.process.kill()
    supervised.process.wait()

    wait_for(lambda: not any(map(is_alive, family)), what="all children are gone")
    wait_for(lambda: not supervised.running(), what="what they have started meanwhile is gone as well")
    supervised.start()
    seen = len(buyer.promised)
    wait_for(lambda: len(buyer.promised) >= seen + 3, what="three orders after the start")
    buyer.stop()
    assert_promises_are_kept(supervised, buyer)


def test_sigterm_ends_everything_in_order(supervised):
    assert supervised.stop() == 0

    assert supervised.running() == []
    assert supervised.output().endswith("Everything has stopped; the data is kept.\n")
