"""Two workers at one run: each row is changed once."""

import subprocess
import sys
from collections import Counter
from decimal import Decimal
from functools import partial

import pytest

from core.accounts.tests.factories import make_staff
from core.accounts.tokens import issue_tokens
from core.operations.models import Run
from market.catalog.models import Variant
from market.catalog.services import refresh_listings
from market.catalog.tests.factories import make_product
from tests.parallel import in_parallel
from tests.running import ROOT, WAIT_SECONDS, RunningShop

pytestmark = [pytest.mark.system, pytest.mark.django_db(transaction=True)]

VARIANTS = 3_000
# On a busy machine one worker may be through before the other begins.
ROUNDS = 15
ADVANCE = """
import django, sys
django.setup()
from tasks.operations.engine import advance
print("ready", flush=True)
sys.stdin.readline()
advance(sys.argv[1], 0)
"""


def make_variants(count: int) -> None:
    """So many variants at 10.00."""
    product = make_product(price="10.00")
    Variant.objects.bulk_create(
        Variant(product=product, sku=f"MANY-{number}", price=Decimal("10.00")) for number in range(count - 1)
    )
    refresh_listings(product_ids=[product.pk])


def started_over_http(running: RunningShop) -> str:
    """The id of a run that raises all prices by a tenth, made and started by staff."""
    staff = running.client(issue_tokens(user=make_staff()).access)
    body = {"params": {"percent": "10"}, "reason": "race"}
    made = staff.post("/api/v1/operations/reprice/runs/", json=body)
    assert made.status_code == 201, made.text
    assert staff.post(f"/api/v1/runs/{made.json()['id']}/start/").json()["state"] == "queued"
    return made.json()["id"]


def advance_by_two(running: RunningShop, run_id: str) -> None:
    """Two workers get the same message at the same moment."""
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", ADVANCE, run_id],
            cwd=ROOT,
            env=running.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for worker in workers:
        assert worker.stdout.readline() == "ready\n"
    in_parallel([partial(worker.communicate, "\n", timeout=WAIT_SECONDS) for worker in workers])


def prices() -> Counter:
    return Counter(str(price) for price in Variant.objects.values_list("price", flat=True))


def test_two_workers_with_the_same_message_change_each_row_once(twin):
    running = twin(guards=[])
    with running.orm():
        make_variants(VARIANTS)
        run_id = started_over_http(running)
        advance_by_two(running, run_id)
        run = Run.objects.get()
        assert (run.state, run.processed, run.failed) == ("finished", VARIANTS, 0)
        assert prices() == {"11.00": VARIANTS}
        assert running.violations() == ""


def test_without_the_lease_rows_are_changed_twice(twin):
    running = twin(guards=["run_lease"], dropped_constraints=[("operations_runbatch", "run_batch_once")])
    with running.orm():
        make_variants(VARIANTS)
        for _ in range(ROUNDS):
            Variant.objects.update(price=Decimal("10.00"))
            run_id = started_over_http(running)
            advance_by_two(running, run_id)
            if prices()["12.10"]:
                return
    pytest.fail(f"no price was changed twice in {ROUNDS} rounds")
