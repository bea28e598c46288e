"""Runs of operations among workers that are killed and stopped: each row is changed exactly once.

The long form goes over 40,000 products with the leases of a real shop, a kill each second:
`REPRICED_PRODUCTS=40000 RUN_LEASE_SECONDS=10 make test PYTEST_ARGS="tests/system/test_operations.py -s"`.
"""

import os
import signal
import time
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import connection

from core.accounts.tests.factories import make_staff
from core.accounts.tokens import issue_tokens
from core.operations.models import Run, RunBatch
from market.catalog.models import Product, Variant
from market.catalog.services.imports import ProductImport, VariantImport, import_products
from tests.running import Client, RunningShop, wait_for

pytestmark = [pytest.mark.system, pytest.mark.django_db(transaction=True)]

SHORT = 2_000
PRODUCTS = int(os.environ.get("REPRICED_PRODUCTS", SHORT))
SECONDS_BETWEEN_KILLS = 1.0
LONGEST_SECONDS = 600
SAMPLE = Path(__file__).resolve().parents[2] / "tasks/imports/data/online-retail-sample.csv.gz"


def seed(count: int) -> None:
    """So many products with one variant each, at prices from 1.00 on."""
    for start in range(0, count, 1000):
        import_products(
            products=[
                ProductImport(
                    f"Thing {number}",
                    f"thing-{number}",
                    "",
                    datetime(2020, 1, 1, tzinfo=UTC),
                    (VariantImport(f"T{number:06}", "", Decimal(100 + number % 5000) / 100),),
                )
                for number in range(start, min(start + 1000, count))
            ]
        )


def prices() -> dict[str, Decimal]:
    return dict(Variant.objects.values_list("sku", "price"))


def assert_each_changed_once(before: dict[str, Decimal]) -> None:
    """By arithmetic of its own: ten percent more, halves of a cent away from zero."""
    after = prices()
    wrong = {
        sku: (price, after[sku])
        for sku, price in before.items()
        if after[sku] != Decimal(int(price * 110 + Decimal("0.5"))) / 100
    }
    assert wrong == {}


def staff_of(shop: RunningShop) -> Client:
    return shop.client(issue_tokens(user=make_staff()).access)


def start(staff: Client, operation: str, **body: object) -> str:
    """The id of a run that was made and started over HTTP."""
    made = staff.post(f"/api/v1/operations/{operation}/runs/", json=body)
    assert made.status_code == 201, made.text
    run_id = made.json()["id"]
    assert staff.post(f"/api/v1/runs/{run_id}/start/").status_code == 200
    return run_id


def finished(staff: Client, run_id: str, *, seconds: float = 60) -> dict:
    """What the API says of the run when it is done."""

    def look() -> dict | None:
        run = staff.get(f"/api/v1/runs/{run_id}/").json()
        assert run["state"] in {"queued", "running", "finished"}, run
        return run if run["state"] == "finished" else None

    return wait_for(look, seconds=seconds, what=f"run {run_id} is finished")


def kill(run: Run) -> None:
    """`kill -9` of the process that works on the run, if it still lives."""
    with suppress(ProcessLookupError):
        os.kill(pid_of(run), signal.SIGKILL)


def pid_of(run: Run) -> int:
    return int(run.worker.rpartition(":")[2])


def test_a_worker_killed_every_second_changes_each_price_once(shop):
    seed(PRODUCTS)
    before = prices()
    staff = staff_of(shop)
    run_id = start(staff, "reprice", params={"percent": 10}, reason="kills")
    began = killed_at = time.monotonic()
    killed, batches_seen = set(), 0
    while (run := Run.objects.get(pk=run_id)).state != Run.State.FINISHED:
        assert run.state in Run.WORKABLE, run.last_error
        assert time.monotonic() - began < LONGEST_SECONDS
        # The whole short run takes a second, so that there each worker is killed in its second batch.
        is_due = (
            run.batches > batches_seen if PRODUCTS == SHORT else time.monotonic() - killed_at > SECONDS_BETWEEN_KILLS
        )
        if is_due and run.worker:
            kill(run)
            killed.add(run.worker)
            killed_at, batches_seen = time.monotonic(), run.batches
        time.sleep(0.005)
    print(f"{PRODUCTS:,} products, {len(killed)} workers killed, {time.monotonic() - began:.0f} s")

    assert len(killed) >= 3
    assert (run.processed, run.total, run.failed) == (PRODUCTS, PRODUCTS, 0)
    assert run.token >= len(killed)
    assert_each_changed_once(before)
    check = shop.manage("check_invariants")
    assert check.returncode == 0, check.stdout


def test_a_stopped_worker_leaves_its_run_to_another(shop):
    seed(10_000)
    before = prices()
    staff = staff_of(shop)
    shop.programs["second worker"] = replace(shop.programs["worker"], name="second worker")
    run_id = start(staff, "reprice", params={"percent": 10})
    stops = shop.log("worker").count("Warm shutdown")
    first = wait_for(lambda: Run.objects.filter(pk=run_id, batches__gt=2).first(), what="it runs")
    # Frozen while the news spread, so that the run is not over before its worker hears of the stop.
    os.kill(pid_of(first), signal.SIGSTOP)
    try:
        shop.start("second worker")
        stopped_at = datetime.now(UTC)
        worker = shop.processes.pop("worker")
        worker.send_signal(signal.SIGTERM)
        wait_for(lambda: shop.log("worker").count("Warm shutdown") > stops, what="the worker was told to stop")
        os.kill(pid_of(first), signal.SIGCONT)
        assert worker.wait(timeout=30) == 0
        stopped = Run.objects.get(pk=run_id)
        assert (stopped.attempts, stopped.last_error) == (0, "")
        assert stopped.processed < 10_000
        resumed = wait_for(
            lambda: RunBatch.objects.filter(run=run_id, number__gt=stopped.batches).order_by("number").first(),
            what="somebody goes on",
        )
        assert (resumed.created_at - stopped_at).total_seconds() < 10
        assert Run.objects.get(pk=run_id).worker != first.worker
        answer = finished(staff, run_id)
    finally:
        shop.kill("second worker")
        del shop.programs["second worker"]
        shop.resume()
    assert (answer["processed"], answer["failed"], answer["percent"]) == (10_000, 0, 100)
    assert_each_changed_once(before)


def test_an_import_killed_at_its_worst_moments_is_complete(shop):
    staff = staff_of(shop)
    with SAMPLE.open("rb") as stream:
        file = staff.post("/api/v1/operations/import_online_retail/files/", files={"file": stream})
    assert file.status_code == 201, file.text
    body = {"params": {"file": file.json()["id"]}, "reason": "first catalog"}
    shop.plant_fault("run.claimed")
    run_id = start(staff, "import_online_retail", **body)
    wait_for(lambda: not shop.fault_is_pending(), what="a kill before the first batch")
    shop.plant_fault("run.batch_done")
    wait_for(lambda: not shop.fault_is_pending(), what="a kill before a commit")
    run = finished(staff, run_id)

    assert (run["total"], run["processed"], run["failed"]) == (2757 + 790, 2757 + 790, 790)
    assert (run["counts"]["products added"], run["counts"]["variants added"]) == (2757, 2959)
    assert (Product.objects.count(), Variant.objects.count()) == (2757, 2959)
    failed = staff.get(f"/api/v1/runs/{run_id}/failed-rows.csv")
    assert failed.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert len(failed.text.splitlines()) == 1 + 790
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM operations_runbatch GROUP BY run_id, number HAVING count(*) > 1")
        assert cursor.fetchall() == []
    assert Counter(Variant.objects.values_list("is_active", flat=True)) == {True: 2959}
