"""The lab against a running shop: right answers and right refusals pass, wrong ones and throttling fail."""

import csv
import json
import re
import subprocess
import sys

import pytest
from django.db.models import F

from market.catalog.models import ProductListing
from market.inventory.models import StockItem, StockMovement
from tasks.invariants import check_invariants
from tasks.seeding.loading import seed_products
from tests.running import ROOT, RunningShop

pytestmark = [pytest.mark.system, pytest.mark.django_db(transaction=True)]
PRODUCTS = 300
# Runs end by what was asked; this only ends one that would never get there.
LONGEST_SECONDS = 300


KINDS = (
    *("GET /products/?category", "GET /products/{id}/", "GET /products/{id}/ again", "GET /categories/"),
    *("POST /carts/{id}/items/", "PUT /carts/{id}/delivery/", "POST /orders/", "GET /orders/{number}/"),
    *("POST /auth/register/", "POST /auth/login/"),
)


def seed() -> None:
    """A small catalog, a quarter of it with one unit left: buyers who want two are refused, rightly."""
    seed_products(seed=42, count=PRODUCTS, progress=lambda done: None)
    scarce = StockItem.objects.filter(on_hand__gt=1, variant__product_id__in=_every_fourth())
    variants = list(scarce.values_list("pk", flat=True))
    StockItem.objects.filter(pk__in=variants).update(on_hand=1)
    StockMovement.objects.filter(variant_id__in=variants).update(quantity=1)


def _every_fourth() -> list[int]:
    return list(ProductListing.objects.order_by("pk").values_list("pk", flat=True))[::4]


def python(shop: RunningShop, *command: str, **variables: str) -> tuple[int, str]:
    """A program of the lab, which finds this shop's token and servers in its environment: exit code and output."""
    outcome = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env=shop.environment | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=LONGEST_SECONDS + 60,
    )
    return outcome.returncode, outcome.stdout


def until(**asked: int) -> list[str]:
    """The options that end a run when each of these names was asked so often."""
    return [word for name, count in asked.items() for word in ("--until", f"{name}={count}")]


def locust(shop: RunningShop, *options: str, asked: dict[str, int], **variables: str):
    """Plain Locust, headless: its exit code, its output, and the requests and failures of its table by name."""
    code, output = python(
        shop,
        *("locust", "-f", "loadtests/locustfile.py", "--host", shop.url, "--headless", "--only-summary"),
        *("--users", "9", "--spawn-rate", "9", "--think", "0.05", "--run-time", f"{LONGEST_SECONDS}s", *options),
        *until(**asked),
        **variables,
    )
    rows = re.findall(r"^\w* +(\S.*?) +(\d+) +(\d+)\(", output, re.MULTILINE)
    return code, output, {name: (int(requests), int(failures)) for name, requests, failures in rows}


def test_thirty_seconds_in_short(shop, tmp_path):
    """`make load` with all personas: no failure, every kind of request, what it cost, the shop unharmed."""
    seed()
    length = ("--seconds", str(LONGEST_SECONDS), "--users", "12", "--think", "0.05")
    code, output = python(
        shop,
        *("loadtests", "load", "--host", shop.url, *length, "--no-freeze", *until(**dict.fromkeys(KINDS, 1))),
        DATA_DIR=str(tmp_path),
    )
    assert code == 0, output
    assert "Aggregated" in output
    assert "the shop / the bare view: web" in output
    saved = json.loads((tmp_path / "load/load.json").read_text())
    assert saved["missed"] == []
    counted = saved["locust"]
    assert counted.pop("Aggregated")["failures"] == 0
    table = csv.DictReader((tmp_path / "load/load.csv").read_text().splitlines())
    assert {row["name"]: int(row["requests"]) for row in table if row["name"] != "Aggregated"} == {
        name: row["requests"] for name, row in counted.items()
    }
    assert set(KINDS) <= set(counted)
    (pair, *_) = saved["pairs"]
    bare, measured = pair["bare"], pair["shop"]
    assert bare["requests"] / bare["seconds"] > measured["requests"] / measured["seconds"] > 0
    assert min(measured["web"], measured["database"]) > 0
    assert bare["web"] / bare["requests"] < measured["web"] / measured["requests"]
    assert [result for result in check_invariants() if result.state == "violated"] == []


def test_the_classic_mix_asks_for_lists_and_products_and_fills_carts(shop):
    seed()
    wanted = ("GET /products/?category", "GET /products/{id}/", "POST /carts/{id}/items/")
    code, output, counts = locust(shop, "--tags", "classic", "--think", "0.01", asked=dict.fromkeys(wanted, 3))
    assert code == 0, output
    assert set(counts) <= {
        *("GET /categories/", "GET /products/", "GET /products/?category", "GET /products/{id}/"),
        *("POST /carts/", "POST /carts/{id}/items/", "Aggregated"),
    }
    assert counts["Aggregated"][1] == 0
    assert min(counts[name][0] for name in wanted) >= 3


@pytest.fixture
def strict(twin) -> RunningShop:
    """A shop whose tokens end after five seconds, and who lets strangers ask ten times an hour."""
    shop = twin(guards=[], environment={"JWT_ACCESS_TOKEN_LIFETIME": str(5 / 60), "THROTTLE_ANON": "10/hour"})
    with shop.orm():
        seed()
    return shop


def test_expiry_goes_unnoticed_and_throttling_and_wrong_answers_are_failures(strict):
    wanted = {"POST /auth/refresh/": 1, "POST /orders/": 6}
    code, output, counts = locust(strict, "Buyer", asked=wanted)
    assert code == 0, output
    assert counts["Aggregated"][1] == 0
    assert all(counts[name][0] >= count for name, count in wanted.items())

    code, output, counts = locust(strict, "Browser", asked={"Aggregated": 20}, LOADTEST_TOKEN="another token")
    assert code == 1
    assert counts["Aggregated"][0] - counts["Aggregated"][1] == 10
    assert "WrongAnswer: 429 throttled" in output

    with strict.orm():
        ProductListing.objects.update(price=F("price") + 1)
    code, output, counts = locust(strict, "Browser", asked={"GET /products/{id}/": 1})
    assert code == 1
    assert counts["GET /products/{id}/"][1] == counts["GET /products/{id}/"][0] > 0
    assert "the price is not the default variant's" in output
