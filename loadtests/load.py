"""`python -m loadtests load`: thirty seconds of people, what they cost, and the verdict as exit code.

Against the shop that runs, else against one started for the time. Prints Locust's table, the CPU per
request of web and database, how many times the CPU of a bare Django view that is, and which share of
the requests Silk has recorded if it is on. What is asked of the run is in its options.
"""

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

import requests

from loadtests import freezing, silk
from loadtests.plan import Plan
from loadtests.processes import Tree, broker_tree, database_tree, environment_of, web_tree
from loadtests.servers import free_port, granian, started, wait_for
from loadtests.shop import ROOT, data_folder, running_environment, shop_url, variable

LONGEST_RATIO = 1.2
START_SECONDS = 180
# Locust's exit code when requests failed; other codes say that the run itself did.
FAILED = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the verb."""
    parser.add_argument("--host", default=shop_url(), help="where the shop is (default %(default)s)")
    parser.add_argument("--seconds", type=int, default=30, help="how long Locust runs (default %(default)s)")
    parser.add_argument("--users", type=int, default=20, help="how many people (default %(default)s)")
    parser.add_argument("--think", type=float, default=0.1, help="factor of a person's thinking (default %(default)s)")
    parser.add_argument("--tags", nargs="*", default=[], help="only tasks with these tags, such as classic")
    parser.add_argument(
        "--until",
        action="append",
        default=[],
        metavar="NAME=COUNT",
        help="end before the seconds are over, when this was asked so often and a turn is measured",
    )
    parser.add_argument("--max-failures", type=int, default=0, help="more make exit code 1 (default %(default)s)")
    parser.add_argument("--max-p95", type=float, metavar="MS", help="a longer p95 of all requests makes exit code 1")
    parser.add_argument("--no-freeze", action="store_true", help="do not stop the broker to see what checkouts say")


def run(options: argparse.Namespace) -> int:
    """0 when every answer was right, and what the options ask for was held."""
    with ExitStack() as stack:
        if not answers(options.host):
            stack.enter_context(own_shop(options.host))
        results = data_folder() / "load"
        results.mkdir(parents=True, exist_ok=True)
        servers = running_environment() if options.host == shop_url() else {}
        database_url = servers.get("DATABASE_URL") or variable("DATABASE_URL")
        web, database = web_tree(options.host), database_tree(database_url)
        percent = silk_percent(web) if database_url else 0
        recorded_before = silk.recorded(database_url) if percent else 0
        code, measured = measure(options, web=web, database=database)
        print(cpu_report(measured["pairs"], web=web, database=database))
        total = measured["locust"].get("Aggregated", {"requests": 0, "failures": 0, "p95_ms": 0})
        missed = missed_by(total, code=code, max_failures=options.max_failures, max_p95=options.max_p95)
        sample = {}
        if percent:
            recorded = silk.recorded(database_url) - recorded_before
            sample = {"percent": percent, "recorded": recorded, "requests": total["requests"]}
            print(silk.share_report(**sample))
            missed += [] if silk.holds_share(**sample) else ["Silk's share of the requests"]
        frozen = frozen_report(options, servers.get("REDIS_URL") or variable("REDIS_URL"))
        print(frozen["text"])
        missed += ["checkouts with a stopped broker"] if frozen["failures"] else []
        missed += [] if measured["pairs"] else ["a measured turn"]
        save(results, {"missed": missed, **measured, "silk": sample, "frozen_broker": frozen})
        print(f"Missed: {'; '.join(missed)}." if missed else "Everything asked of the run was held.")
        return 1 if missed else 0


def measure(options: argparse.Namespace, *, web: Tree | None, database: Tree | None) -> tuple[int, dict[str, Any]]:
    """Locust's exit code, and what it and we have measured meanwhile."""
    port = free_port()
    bare_url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory(prefix="storefront-load-") as folder:
        variables = {"LOADTEST_BARE_FOLDER": folder}
        with started(granian("loadtests.bare:application", port), **variables) as bare:
            wait_for(lambda: answers(bare_url, path="/"), what="the bare view")
            plan = Plan(
                bare_url=bare_url,
                bare_folder=folder,
                web=list(web.roots) if web else [],
                bare=[bare.pid],
                database=list(database.roots) if database else [],
                result=f"{folder}/result.json",
            )
            Path(folder, "plan.json").write_text(json.dumps(asdict(plan)))
            code = run_locust(options, plan=Path(folder, "plan.json"))
        result = Path(plan.result)
        return code, json.loads(result.read_text()) if result.exists() else {"pairs": [], "locust": {}}


def missed_by(total: dict[str, Any], *, code: int, max_failures: int, max_p95: float | None) -> list[str]:
    """What Locust's run did not hold of what was asked of it."""
    missed = []
    if code not in {0, FAILED}:
        missed.append(f"Locust's run itself (exit code {code})")
    if total["failures"] > max_failures:
        missed.append(f"at most {max_failures} failures ({total['failures']})")
    if max_p95 is not None and total["p95_ms"] > max_p95:
        missed.append(f"a p95 of at most {max_p95:.0f} ms ({total['p95_ms']:.0f} ms)")
    return missed


def silk_percent(web: Tree | None) -> int:
    """The share of the requests that Silk records there: 0 but in development."""
    started_with = environment_of(web) if web else {}
    return int(started_with.get("SILK_PERCENT") or 0) if is_debug(started_with) else 0


def is_debug(started_with: Mapping[str, str]) -> bool:
    """Whether a web server runs as in development."""
    is_development = started_with.get("DJANGO_SETTINGS_MODULE", "").endswith("development")
    return is_development and started_with.get("DJANGO_DEBUG", "").lower() not in {"0", "false", "no", "off"}


def save(folder: Path, summary: dict[str, Any]) -> None:
    """Everything as JSON, and Locust's table as CSV."""
    (folder / "load.json").write_text(json.dumps(summary, indent=2))
    with (folder / "load.csv").open("w", newline="") as file:
        rows = [{"name": name, **counted} for name, counted in summary["locust"].items()]
        writer = csv.DictWriter(file, list(rows[0]) if rows else ["name"])
        writer.writeheader()
        writer.writerows(rows)
    print(f"Saved in {folder}: load.json, load.csv")


def run_locust(options: argparse.Namespace, *, plan: Path) -> int:
    """Locust, headless, as anybody would run it; its exit code."""
    command = [
        *(sys.executable, "-m", "locust", "-f", str(ROOT / "loadtests/locustfile.py"), "--headless", "--only-summary"),
        *("--host", options.host, "--users", str(options.users), "--spawn-rate", str(options.users)),
        *("--run-time", f"{options.seconds}s", "--think", str(options.think), "--beside", str(plan)),
        # Whoever asks when the time is over still gets his answer, so that both sides count the same.
        *("--exit-code-on-error", str(FAILED), "--stop-timeout", "10"),
    ]
    command += [word for pair in options.until for word in ("--until", pair)]
    if options.tags:
        command += ["--tags", *options.tags]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def cpu_report(pairs: list[dict[str, Any]], *, web: Tree | None, database: Tree | None) -> str:
    """The table of CPU per request, and its ratio to the bare view: the median over the turns."""
    if not pairs or web is None:
        return "CPU per request: not measured, as the shop's web server does not run on this machine."
    lines = [
        f"{'CPU per request':<38}{'requests':>10}{'web':>10}{'database':>10}{'together':>10}",
        _row("the shop", [pair["shop"] for pair in pairs], has_database=database is not None),
        _row("a bare Django view, the same bytes", [pair["bare"] for pair in pairs], has_database=False),
    ]
    ratios = [(cost(pair["shop"], "web") / cost(pair["bare"], "web")) for pair in pairs]
    together = [cost(pair["shop"], "web", "database") / cost(pair["bare"], "web") for pair in pairs]
    turns = f"median of {len(pairs)} interleaved turns, {min(ratios):.1f} to {max(ratios):.1f}"
    lines.append(f"the shop / the bare view: web {median(ratios):.1f}, with database {median(together):.1f} ({turns})")
    if is_debug(environment_of(web)):
        lines.append("The shop runs with DJANGO_DEBUG, which keeps every statement in memory: production costs less.")
    return "\n".join(lines)


def cost(block: dict[str, float], *trees: str) -> float:
    """CPU seconds per request of a turn; a clock tick when nothing could be measured."""
    return max(sum(block[tree] for tree in trees), 0.01) / max(block["requests"], 1)


def _row(name: str, blocks: list[dict[str, float]], *, has_database: bool) -> str:
    requests_made = sum(block["requests"] for block in blocks)
    web = sum(block["web"] for block in blocks) / max(requests_made, 1) * 1000
    database = sum(block["database"] for block in blocks) / max(requests_made, 1) * 1000
    shown = f"{database:>7.2f} ms" if has_database else f"{'-':>10}"
    return f"{name:<38}{requests_made:>10,}{web:>7.2f} ms{shown}{web + database:>7.2f} ms"


def frozen_report(options: argparse.Namespace, broker_url: str) -> dict[str, Any]:
    """Checkouts with the broker stopped and running, in turns."""
    broker = broker_tree(broker_url) if broker_url and not options.no_freeze else None
    if broker is None:
        return {"text": "Checkouts with a stopped broker: not measured.", "failures": []}
    found = freezing.measure(options.host, broker)
    if found.failures or min(len(found.running), len(found.frozen)) < 2:
        first = found.failures[0] if found.failures else "too few orders"
        return {"text": f"Checkouts with a stopped broker: failed, {first}", "failures": found.failures or [first]}
    text = (
        f"POST /orders/ p95 with the broker stopped {freezing.p95(found.frozen):.0f} ms, running "
        f"{freezing.p95(found.running):.0f} ms: ratio {found.ratio:.2f}, wanted at most {LONGEST_RATIO} "
        f"({len(found.frozen)} and {len(found.running)} orders in turns)"
    )
    return {"text": text, "ratio": found.ratio, "failures": []}


def answers(url: str, *, path: str = "/health/ready/") -> bool:
    """Whether something well serves there."""
    try:
        return requests.get(url + path, timeout=5).status_code == 200
    except requests.RequestException:
        return False


@contextmanager
def own_shop(url: str) -> Iterator[None]:
    """A shop as `make run` starts it, for the time of the run."""
    if url != shop_url():
        sys.exit(f"No shop answers at {url}.")
    print(f"No shop answers at {url}: starting one for the time of the run.", flush=True)
    folder = data_folder()
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "load-shop.log"
    command = [sys.executable, "-m", "storefront.embedded", "run"]
    began = time.monotonic()
    with log.open("wb") as output, started(command, output=output) as shop:

        def is_ready() -> bool:
            if shop.poll() is not None:
                sys.exit(f"The shop did not start:\n{log.read_text(errors='replace')[-2000:]}")
            return "ready after" in log.read_text(errors="replace")

        wait_for(is_ready, what="the shop", seconds=START_SECONDS)
        print(f"It is ready after {time.monotonic() - began:.0f} s; its lines are in {log}.", flush=True)
        yield
