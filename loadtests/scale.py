"""`python -m loadtests scale`: what each journey costs with few products and with many.

Makes a database for each size (on the server of DATABASE_URL), seeds it, serves each by a web server of
its own, and sends the same kinds of requests to them in turns. Prints a Markdown table of the CPU
per request and the ratios, and how long seeding took beside a bare COPY of the same rows. On a server
of your own the databases stay, so that a second run measures at once.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

import psycopg
import requests
from psycopg import sql

from loadtests.journeys import JOURNEYS, SEARCH_JOURNEYS, Client, Request
from loadtests.processes import Tree, database_tree, web_tree
from loadtests.servers import free_port, started, wait_for
from loadtests.shop import ROOT, variable

TOKEN = "scale"  # noqa: S105 - of servers that live for the time of a measurement
TABLES = (
    *("catalog_producttype", "catalog_category", "catalog_product", "catalog_variant", "catalog_productlisting"),
    *("inventory_stockitem", "inventory_stockmovement", "catalog_searchdocument"),
)
HIGHEST_RATIO = 1.5
HIGHEST_RATIO_OF_SEARCH = 2.0
SEEDING_RATIO = 3.0
WARM_UP = 150
# CPU milliseconds per request of web and database, of each turn of a journey.
Blocks = dict[str, list[tuple[float, float]]]


@dataclass(slots=True)
class Shop:
    """A served database."""

    size: int
    client: Client
    web: Tree
    database: Tree
    blocks: Blocks

    def spent(self) -> tuple[float, float]:
        """CPU seconds of web and database so far."""
        return self.web.cpu_seconds(), self.database.cpu_seconds()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the verb."""
    parser.add_argument("--sizes", default="10000,1000000", help="numbers of products (default %(default)s)")
    parser.add_argument("--rounds", type=int, default=9, help="turns per journey (default %(default)s)")
    parser.add_argument("--requests", type=int, default=150, help="requests of a turn (default %(default)s)")
    parser.add_argument("--no-copy", action="store_true", help="do not time a bare COPY of the same rows")
    parser.add_argument("--json", type=Path, metavar="FILE", help="save what was measured")


def run(options: argparse.Namespace) -> int:
    """0 when every journey costs at most 1.5 times as much at the largest size as at the smallest, those of search
    and facets twice as much, and seeding took at most its share more than the bare COPY, where both were timed."""
    server = variable("DATABASE_URL")
    if not server:
        sys.exit("DATABASE_URL is not set: make scale brings a server of its own.")
    sizes = sorted(int(size) for size in options.sizes.split(","))
    seeding = {size: prepare(server, size) for size in sizes}
    copied = None if options.no_copy else bare_copy(server, sizes[-1])
    with ExitStack() as stack:
        shops = [serve(stack, server, size) for size in sizes]
        for number in range(-1, options.rounds):
            for name in JOURNEYS:
                for shop in shops:
                    turn(shop, name, options.requests if number >= 0 else WARM_UP, is_kept=number >= 0)
            print(f"round {number + 1} of {options.rounds}", file=sys.stderr, flush=True)
    rows = [row_of(name, shops) for name in JOURNEYS]
    print("\n".join(table(sizes, rows)))
    print(seeding_report(sizes[-1], seeding[sizes[-1]], copied))
    if options.json:
        options.json.write_text(json.dumps({"journeys": rows, "seeding": seeding, "bare_copy": copied}, indent=2))
    is_quick = is_quick_enough(seeding[sizes[-1]], copied)
    return 0 if is_quick and all(row["ratio"] <= highest_ratio(row["journey"]) for row in rows) else 1


def highest_ratio(journey: str) -> float:
    """What a journey may cost at the largest size, by what it costs at the smallest."""
    return HIGHEST_RATIO_OF_SEARCH if journey in SEARCH_JOURNEYS else HIGHEST_RATIO


def is_quick_enough(seeding: float | None, copied: float | None) -> bool:
    """Whether seeding kept within its share of a bare COPY; nothing is said where one was not timed."""
    return seeding is None or copied is None or seeding <= SEEDING_RATIO * copied


def prepare(server: str, size: int) -> float | None:
    """Make and seed the database, unless it is there; answers the seconds that seeding took."""
    url = url_of(server, size)
    if not make_database(server, name_of(size)):
        with psycopg.connect(url) as connection:
            found = connection.execute("SELECT to_regclass('catalog_product')").fetchone()[0]
            if found and connection.execute("SELECT count(*) FROM catalog_product").fetchone()[0] >= size:
                manage(url, "migrate")
                return None
    manage(url, "migrate")
    began = time.monotonic()
    manage(url, "seed_catalog", "--products", str(size), "--seed", "42")
    return time.monotonic() - began


def bare_copy(server: str, size: int) -> float:
    """Seconds that COPY of the same rows into the same empty tables takes, indexes and triggers included."""
    target = f"{name_of(size)}_copy"
    make_database(server, target)
    url = urlsplit(server)._replace(path=f"/{target}").geturl()
    manage(url, "migrate")
    with tempfile.TemporaryDirectory(prefix="storefront-scale-") as folder:
        with psycopg.connect(url_of(server, size)) as connection:
            for table_name in TABLES:
                with (
                    connection.cursor().copy(_copy_statement(connection, table_name, "TO STDOUT")) as rows,
                    (Path(folder) / table_name).open("wb") as file,
                ):
                    for chunk in rows:
                        file.write(chunk)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("TRUNCATE catalog_producttype, catalog_category, catalog_product, core_change CASCADE")
            began = time.monotonic()
            for table_name in TABLES:
                statement = _copy_statement(connection, table_name, "FROM STDIN")
                started_at = time.monotonic()
                with connection.cursor().copy(statement) as rows, (Path(folder) / table_name).open("rb") as file:
                    while chunk := file.read(1 << 20):
                        rows.write(chunk)
                print(f"COPY {table_name}: {time.monotonic() - started_at:.0f} s", file=sys.stderr, flush=True)
            took = time.monotonic() - began
    with psycopg.connect(postgres_of(server), autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(target)))
    return took


def _copy_statement(connection: psycopg.Connection, table_name: str, direction: str) -> sql.Composed:
    found = connection.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND is_generated = 'NEVER'"
        " ORDER BY ordinal_position",
        [table_name],
    )
    columns = sql.SQL(", ").join(sql.Identifier(name) for (name,) in found)
    return sql.SQL("COPY {} ({}) {}").format(sql.Identifier(table_name), columns, sql.SQL(direction))


def serve(stack: ExitStack, server: str, size: int, **variables: str) -> Shop:
    """A web server on the database of that size: one process with two threads, as CPU is what counts."""
    port = free_port()
    url, database_url = f"http://127.0.0.1:{port}", url_of(server, size)
    command = [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)),
        *("--workers", "1", "--blocking-threads", "2", "storefront.wsgi:application"),
    ]
    known = {"DATABASE_URL": database_url, "DJANGO_DEBUG": "false", "LOADTEST_TOKEN": TOKEN}
    stack.enter_context(started(command, **known | variables))
    wait_for(lambda: _is_alive(url), what=f"the shop with {size:,} products")
    web, database = web_tree(url), database_tree(server)
    if web is None or database is None:
        sys.exit("The processes of web and database must run on this machine.")
    client = Client(url, token=TOKEN, products=size, seed=1)
    return Shop(size, client, web, database, {name: [] for name in JOURNEYS})


def _is_alive(url: str) -> bool:
    try:
        return requests.get(f"{url}/health/live/", timeout=5).status_code == 200
    except requests.RequestException:
        return False


def turn(shop: Shop, name: str, count: int, *, is_kept: bool) -> None:
    """Send so many requests of a journey, and note what they cost."""
    prepared: list[Request] = JOURNEYS[name](shop.client, count)
    before = shop.spent()
    for request in prepared:
        shop.client.send(request)
    if is_kept:
        web, database = (after - earlier for after, earlier in zip(shop.spent(), before, strict=True))
        shop.blocks[name].append((web / count * 1000, database / count * 1000))


def row_of(name: str, shops: list[Shop]) -> dict[str, Any]:
    """The medians of a journey in milliseconds, and how much dearer the largest shop is than the smallest."""
    costs = {
        shop.size: {
            "web": median(web for web, _ in shop.blocks[name]),
            "database": median(database for _, database in shop.blocks[name]),
        }
        for shop in shops
    }
    turns = zip(shops[0].blocks[name], shops[-1].blocks[name], strict=True)
    return {"journey": name, "costs": costs, "ratio": median(sum(large) / sum(small) for small, large in turns)}


def table(sizes: list[int], rows: list[dict[str, Any]]) -> list[str]:
    """The outcome in Markdown."""
    heads = " | ".join(f"{size:,} products: web + database ms" for size in sizes)
    lines = [f"| journey | {heads} | ratio |", f"|---{'|---' * (len(sizes) + 1)}|"]
    for row in rows:
        cells = " | ".join(f"{cost['web']:.2f} + {cost['database']:.2f}" for cost in row["costs"].values())
        lines.append(f"| {row['journey']} | {cells} | {row['ratio']:.2f} |")
    return lines


def seeding_report(size: int, seeding: float | None, copied: float | None) -> str:
    """How long seeding took, beside a bare COPY."""
    if seeding is None:
        return "Seeding: not measured, the database was there."
    text = f"Seeding {size:,} products took {seeding:.0f} s"
    if copied is None:
        return f"{text}."
    return (
        f"{text}, a bare COPY of the same rows {copied:.0f} s: ratio {seeding / copied:.2f} (wanted {SEEDING_RATIO})."
    )


def make_database(server: str, name: str) -> bool:
    """Make the database; whether it was missing."""
    with psycopg.connect(postgres_of(server), autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            return False
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return True


def name_of(size: int) -> str:
    """The database of that many products."""
    return f"storefront_scale_{size}"


def url_of(server: str, size: int) -> str:
    """Its URL."""
    return urlsplit(server)._replace(path=f"/{name_of(size)}").geturl()


def postgres_of(server: str) -> str:
    """The server's own database, to make others from."""
    return urlsplit(server)._replace(path="/postgres").geturl()


def manage(url: str, *arguments: str, **variables: str) -> None:
    """A management command on that database, its lines shown."""
    subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *arguments],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url, "DJANGO_DEBUG": "false", **variables},
        stdout=sys.stderr,
        check=True,
    )
