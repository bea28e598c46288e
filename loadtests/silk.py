"""`python -m loadtests silk`: what Silk costs at 5 % of the requests.

Serves one database several times (on the server of DATABASE_URL), without Silk and with it, each by a
web server of its own, and sends the same kinds of requests to them in turns. Prints a Markdown table of
the CPU per request and how much dearer Silk makes them.
"""

import argparse
import sys
from contextlib import ExitStack
from statistics import fmean

import psycopg

from loadtests import scale
from loadtests.journeys import JOURNEYS
from loadtests.shop import variable

PRODUCTS = 10_000
DEVELOPMENT = {"DJANGO_SETTINGS_MODULE": "storefront.settings.development", "DJANGO_DEBUG": "true"}
HIGHEST_EXTRA = 15.0
# How far Silk's share of the requests may be from what was asked for, in points.
TOLERANCE = 5.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the verb."""
    parser.add_argument("--percent", type=int, default=5, help="Silk's share of the requests (default %(default)s)")
    parser.add_argument("--rounds", type=int, default=9, help="turns per journey (default %(default)s)")
    parser.add_argument("--requests", type=int, default=150, help="requests of a turn (default %(default)s)")


def run(options: argparse.Namespace) -> int:
    """0 when Silk makes requests at most 15 % dearer."""
    server = variable("DATABASE_URL")
    if not server:
        sys.exit("DATABASE_URL is not set: make silk brings a server of its own.")
    scale.prepare(server, PRODUCTS)
    sampled = {**DEVELOPMENT, "SILK_PERCENT": str(options.percent)}
    scale.manage(scale.url_of(server, PRODUCTS), "migrate", **sampled)
    with ExitStack() as stack:
        shops = [
            scale.serve(stack, server, PRODUCTS, **(DEVELOPMENT | {"SILK_PERCENT": "0"})),
            scale.serve(stack, server, PRODUCTS, **sampled),
        ]
        for number in range(-1, options.rounds):
            for name in JOURNEYS:
                for shop in shops if number % 2 else shops[::-1]:
                    scale.turn(shop, name, options.requests if number >= 0 else scale.WARM_UP, is_kept=number >= 0)
            print(f"round {number + 1} of {options.rounds}", file=sys.stderr, flush=True)
    print("\n".join(report(options.percent, *(shop.blocks for shop in shops))))
    return 0 if dearer_by(*(shop.blocks for shop in shops)) <= HIGHEST_EXTRA else 1


def report(percent: int, without: scale.Blocks, sampled: scale.Blocks) -> list[str]:
    """The outcome in Markdown. Means, as a sample's cost lies in few requests."""
    lines = [f"| journey | without Silk: web + database ms | Silk at {percent} % | dearer by |", "|---|---|---|---|"]
    for name in without:
        cells = [" + ".join(f"{fmean(part):.2f}" for part in zip(*of[name], strict=True)) for of in (without, sampled)]
        lines.append(
            f"| {name} | {' | '.join(cells)} | {dearer_by(_only(without, name), _only(sampled, name)):.0f} % |"
        )
    total = dearer_by(without, sampled)
    return [*lines, f"Silk at {percent} % makes requests {total:.1f} % dearer, wanted at most {HIGHEST_EXTRA:.0f} %."]


def dearer_by(without: scale.Blocks, sampled: scale.Blocks) -> float:
    """By how many percent the CPU of all requests is higher."""
    before, after = (sum(sum(block) for blocks in of.values() for block in blocks) for of in (without, sampled))
    return (after / before - 1) * 100


def recorded(database_url: str) -> int:
    """How many requests to the API Silk has recorded so far."""
    with psycopg.connect(database_url) as connection:
        return connection.execute("SELECT count(*) FROM silk_request WHERE path LIKE '/api/%'").fetchone()[0]


def holds_share(*, percent: int, recorded: int, requests: int) -> bool:
    """Whether so many records are that share of the requests, give or take five points."""
    return requests > 0 and abs(recorded / requests * 100 - percent) <= TOLERANCE


def share_report(*, percent: int, recorded: int, requests: int) -> str:
    """Silk's own count beside Locust's."""
    share = recorded / max(requests, 1) * 100
    return f"Silk recorded {recorded:,} of {requests:,} requests: {share:.1f} %, wanted {percent} +- {TOLERANCE:.0f}"


def _only(blocks: scale.Blocks, name: str) -> scale.Blocks:
    return {name: blocks[name]}
