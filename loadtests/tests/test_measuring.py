"""CPU from `/proc`, and what is reckoned from it."""

import ast
import os
import signal
import socket
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import psutil
import pytest

from loadtests import freezing, journeys, load, scale, silk
from loadtests.processes import Tree, broker_tree, database_tree, listening_on, tree_of, web_tree
from loadtests.servers import wait_for

BURN = """
import subprocess, sys, time
spent = subprocess.run([sys.executable, "-c", "import time\\nwhile time.process_time() < 0.5: pass"])
child = subprocess.Popen([sys.executable, "-c", "import time\\nwhile time.process_time() < 0.5: pass\\ntime.sleep(60)"])
print("ready", flush=True)
child.wait()
"""


@pytest.fixture
def burner():
    process = subprocess.Popen([sys.executable, "-c", BURN], stdout=subprocess.PIPE, start_new_session=True)
    yield process
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def test_a_tree_counts_its_children_also_those_that_have_ended(burner):
    burner.stdout.readline()
    tree = Tree("burner", (burner.pid,))
    wait_for(lambda: tree.cpu_seconds() >= 0.9, what="the CPU seconds of both children")
    assert Tree("nobody", (2**22,)).cpu_seconds() == 0


def test_servers_are_found_by_their_ports_and_sockets(tmp_path):
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        assert listening_on(port) == {os.getpid()}
        own = tree_of("web", {os.getpid()})
        assert web_tree(f"http://localhost:{port}") == own
        assert database_tree(f"postgres://postgres@127.0.0.1:{port}/x").roots == own.roots
        assert broker_tree(f"redis://127.0.0.1:{port}/0").roots == own.roots
    assert web_tree(f"http://localhost:{port}") is None
    assert web_tree("https://shop.example") is None
    assert database_tree("postgres://elsewhere.example/x") is None
    (tmp_path / ".s.PGSQL.5432.lock").write_text(f"{os.getpid()}\n/data\n")
    assert database_tree(f"postgres://postgres@/x?host={tmp_path}").roots == own.roots
    assert database_tree(f"postgres:///{tmp_path}/x").roots == own.roots


@pytest.fixture
def sleeper():
    process = subprocess.Popen(["sleep", "60"])
    yield process
    process.kill()
    process.wait()


def is_stopped(process: subprocess.Popen) -> bool:
    return psutil.Process(process.pid).status() == psutil.STATUS_STOPPED


def test_a_stopped_process_goes_on_after_the_block(sleeper):
    with freezing.frozen(Tree("broker", (sleeper.pid,))):
        wait_for(lambda: is_stopped(sleeper), what="the stop")
    wait_for(lambda: not is_stopped(sleeper), what="the thaw")


def test_a_stopped_process_goes_on_if_whoever_stopped_it_is_killed(sleeper, monkeypatch):
    monkeypatch.setattr(freezing, "THAW_SECONDS", 0.5)
    sleeper.send_signal(signal.SIGSTOP)
    wait_for(lambda: is_stopped(sleeper), what="the stop")
    guard = freezing.thaw_later([sleeper.pid])
    wait_for(lambda: not is_stopped(sleeper), what="the thaw")
    guard.wait()


def block(requests: int, web: float, database: float = 0.0) -> dict:
    return {"requests": requests, "seconds": 1.0, "web": web, "database": database}


def test_the_ratio_is_the_median_of_the_turns():
    web = Tree("web", (2**22,))
    pairs = [
        {"shop": block(100, 0.30, 0.10), "bare": block(1000, 0.10)},
        {"shop": block(100, 0.50, 0.10), "bare": block(1000, 0.10)},
        {"shop": block(100, 9.00, 0.10), "bare": block(1000, 0.10)},
    ]
    report = load.cpu_report(pairs, web=web, database=web).splitlines()
    assert report[1].split() == ["the", "shop", "300", "32.67", "ms", "1.00", "ms", "33.67", "ms"]
    assert report[2].split()[-6:] == ["3,000", "0.10", "ms", "-", "0.10", "ms"]
    assert report[3] == (
        "the shop / the bare view: web 50.0, with database 60.0 (median of 3 interleaved turns, 30.0 to 900.0)"
    )
    assert "not measured" in load.cpu_report(pairs, web=None, database=None)


@pytest.mark.parametrize(
    ("code", "failures", "options", "missed"),
    [
        (0, 0, {}, []),
        (load.FAILED, 1, {}, ["at most 0 failures (1)"]),
        (load.FAILED, 2, {"max_failures": 2}, []),
        (0, 0, {"max_p95": 40.0}, []),
        (0, 0, {"max_p95": 39.0}, ["a p95 of at most 39 ms (40 ms)"]),
        (1, 0, {}, ["Locust's run itself (exit code 1)"]),
    ],
)
def test_thresholds(code, failures, options, missed):
    total = {"requests": 100, "failures": failures, "p95_ms": 40}
    assert load.missed_by(total, code=code, **{"max_failures": 0, "max_p95": None} | options) == missed


@pytest.mark.parametrize(("recorded", "holds"), [(15, True), (25, True), (14, False), (26, False)])
def test_silks_share_is_held_within_five_points(recorded, holds):
    assert silk.holds_share(percent=20, recorded=recorded, requests=100) is holds
    assert not silk.holds_share(percent=5, recorded=0, requests=0)


def test_what_silk_adds_is_reckoned_over_all_requests():
    without = {"list": [(3.0, 1.0), (3.0, 1.0)], "detail": [(1.0, 1.0), (1.0, 1.0)]}
    sampled = {"list": [(3.0, 1.0), (4.0, 1.0)], "detail": [(1.0, 1.0), (1.0, 1.2)]}
    assert silk.dearer_by(without, sampled) == pytest.approx(10.0)
    assert silk.report(5, without, sampled)[2:] == [
        "| list | 3.00 + 1.00 | 3.50 + 1.00 | 12 % |",
        "| detail | 1.00 + 1.00 | 1.00 + 1.10 | 5 % |",
        "Silk at 5 % makes requests 10.0 % dearer, wanted at most 15 %.",
    ]


def test_scale_names_what_grows_too_fast():
    def shop(size: int, cost: float) -> scale.Shop:
        tree = Tree("", ())
        return scale.Shop(size, None, tree, tree, {"detail": [(cost, 1.0), (cost, 1.0), (cost * 2, 1.0)]})

    row = scale.row_of("detail", [shop(10, 2.0), shop(1000, 5.0)])
    assert row["ratio"] == pytest.approx(2.0)
    assert scale.table([10, 1000], [row])[-1] == "| detail | 2.00 + 1.00 | 5.00 + 1.00 | 2.00 |"
    assert [scale.highest_ratio(name) for name in ("detail", "suggestions", "facets of a category")] == [1.5, 2.0, 2.0]
    assert journeys.JOURNEYS.keys() > journeys.SEARCH_JOURNEYS


def test_p95_is_the_nineteenth_of_twenty():
    assert freezing.p95([float(number) for number in range(1, 101)]) == pytest.approx(95.95)
    assert Decimal(str(freezing.Checkouts([1.0, 1.0], [2.0, 2.0]).ratio)) == 2


def test_the_classic_mix_is_two_lists_to_four_products_to_one_addition():
    # Read, not imported: Locust would change the sockets of the tests' own process.
    source = (Path(scale.__file__).parent / "personas/classic.py").read_text()
    [classic] = [found for found in ast.parse(source).body if isinstance(found, ast.ClassDef)]
    weights = {
        method.name: call.args[0].value
        for method in classic.body
        if isinstance(method, ast.FunctionDef)
        for call in method.decorator_list
        if call.func.id == "task"
    }
    assert weights == {"see_a_list": 2, "see_a_product": 4, "put_into_cart": 1}


@pytest.mark.parametrize(
    ("seeding", "copied", "is_quick"), [(30.0, 10.0, True), (30.1, 10.0, False), (None, 10.0, True), (99.0, None, True)]
)
def test_seeding_that_takes_more_than_its_share_fails(seeding, copied, is_quick):
    assert scale.is_quick_enough(seeding, copied) == is_quick
