"""Runs of operations among workers that are killed and stopped: each row is changed exactly once.

The short form kills the worker in three batches, each time before the commit. The long form goes over 40,000 products
with the leases of a real shop, a kill each second:
`REPRICED_PRODUCTS=40000 RUN_LEASE_SECONDS=10 make test PYTEST_ARGS="tests/system/test_operations.py -s --timeout 0"`.
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

import psutil
import pytest
from django.db import connection

from core.accounts.tests.factories import make_staff
from core.accounts.tokens import issue_tokens
from core.operations.models import Run, RunBatch
from market.catalog.models import Product, Variant
from market.catalog.services.imports import ProductImport, VariantImport, import_products
from tests.running import WAIT_SECONDS, Client, RunningShop, wait_for

pytestmark = [pytest.mark.system, pytest.mark.django_db(transaction=True)]

SHORT = 2_000
PRODUCTS = int(os.environ.get("REPRICED_PRODUCTS", SHORT))
# In the first batch, which fixes the plan, and in two of the four that change prices.
KILLED_IN = ("run.batch_done.1", "run.batch_done.3", "run.batch_done.5")
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


def finished(staff: Client, run_id: str) -> dict:
    """What the API says of the run when it is done."""

    def look() -> dict | None:
        run = staff.get(f"/api/v1/runs/{run_id}/").json()
        assert run["state"] in {"queued", "running", "finished"}, run
        return run if run["state"] == "finished" else None

    return wait_for(look, what=f"run {run_id} is finished")


def kill(shop: RunningShop, run: Run) -> bool:
    """`kill -9` of the process that works on the run, if it is a living child of the shop's worker: the number
    of one that died may be another's by now."""
    with suppress(psutil.NoSuchProcess):
        worker = psutil.Process(pid_of(run))
        is_dead = worker.status() == psutil.STATUS_ZOMBIE
        if worker.ppid() == shop.processes["worker"].pid and not is_dead:
            worker.kill()
            return True
    return False


def pid_of(run: Run) -> int:
    return int(run.worker.rpartition(":")[2])


def kill_every_second(shop: RunningShop, run_id: str) -> int:
    """Kill whoever works on the run each second until it is finished; how many were killed."""
    began = due_at = time.monotonic()
    killed = 0
    while (run := Run.objects.get(pk=run_id)).state != Run.State.FINISHED:
        assert run.state in Run.WORKABLE, run.last_error
        assert time.monotonic() - began < LONGEST_SECONDS
        # By the clock, whether somebody works or not: killed as soon as he begins nobody would ever get on.
        if time.monotonic() > due_at:
            killed += bool(run.worker) and kill(shop, run)
            due_at += SECONDS_BETWEEN_KILLS
        time.sleep(0.005)
    return killed


def test_a_worker_killed_every_second_changes_each_price_once(shop):
    seed(PRODUCTS)
    before = prices()
    staff = staff_of(shop)
    began, killed = time.monotonic(), len(KILLED_IN)
    if PRODUCTS == SHORT:
        shop.plant_fault(*KILLED_IN)
    run_id = start(staff, "reprice", params={"percent": 10}, reason="kills")
    if PRODUCTS > SHORT:
        killed = kill_every_second(shop, run_id)
    finished(staff, run_id)
    run = Run.objects.get(pk=run_id)
    print(f"{PRODUCTS:,} products, {killed} workers killed, {time.monotonic() - began:.0f} s")

    assert not shop.fault_is_pending()
    assert killed >= len(KILLED_IN)
    assert (run.processed, run.total, run.failed) == (PRODUCTS, PRODUCTS, 0)
    # Each that was killed had taken the run over from the one before.
    assert run.token > killed
    assert_each_changed_once(before)
    assert shop.violations() == ""


def test_a_stopped_worker_leaves_its_run_to_another(shop):
    seed(10_000)
    before = prices()
    staff = staff_of(shop)
    # Both are at work before the one is stopped: how long a worker takes to start is not the question.
    shop.programs["second worker"] = replace(shop.programs["worker"], name="second worker")
    shop.start("second worker")
    try:
        wait_for(lambda: " ready." in shop.log("second worker"), what="the second worker is ready")
        run_id = start(staff, "reprice", params={"percent": 10})
        first = wait_for(lambda: Run.objects.filter(pk=run_id, batches__gt=2).first(), what="it runs")
        # Frozen while the news spread, so that the run is not over before its worker hears of the stop.
        os.kill(pid_of(first), signal.SIGSTOP)
        frozen = Run.objects.get(pk=run_id)
        assert frozen.processed < 10_000
        parent = psutil.Process(pid_of(first)).ppid()
        name = next(name for name, process in shop.processes.items() if process.pid == parent)
        stops = shop.log(name).count("Warm shutdown")
        stopped_at = datetime.now(UTC)
        worker = shop.processes.pop(name)
        worker.send_signal(signal.SIGTERM)
        wait_for(lambda: shop.log(name).count("Warm shutdown") > stops, what="the worker was told to stop")
        os.kill(pid_of(first), signal.SIGCONT)
        assert worker.wait(timeout=WAIT_SECONDS) == 0
        answer = finished(staff, run_id)
        # The batch that he was in is done; the next is another's.
        resumed = RunBatch.objects.get(run=run_id, number=frozen.batches + 2)
        taken_over_seconds = (resumed.created_at - stopped_at).total_seconds()
        print(f"taken over after {taken_over_seconds:.1f} s")
        assert taken_over_seconds < 10
        assert Run.objects.get(pk=run_id).token == first.token + 1
    finally:
        if "second worker" in shop.processes:
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
    shop.plant_fault("run.claimed", "run.batch_done.1", "run.batch_done.3")
    run_id = start(staff, "import_online_retail", **body)
    run = finished(staff, run_id)
    assert not shop.fault_is_pending()

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
