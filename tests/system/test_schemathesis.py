"""What the API answers is what its OpenAPI document says, asked by schemathesis over HTTP.

In the suite a fixed seed and a few examples for each operation, and the coverage of an operation for
those whom it lets in: the others get one answer to all of it, so that they ask once. What is malformed is
refused alike whoever sends it, so that the first who is let in sends it for all; methods that a path does not have
are asked for by staff. `make fuzz` goes on for ten minutes (FUZZ_SECONDS) with the same checks and
everything for everybody.
"""

import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import yaml

from core.accounts.tests.factories import make_staff
from core.accounts.tokens import issue_tokens
from market.carts.models import CartItem
from market.carts.tests.factories import make_cart, make_offer
from market.catalog.tests.factories import make_category
from market.orders.tests.factories import make_buyer, make_order
from market.payments.models import Payment
from market.pricing.tests.factories import make_coupon
from market.reviews.tests.factories import make_review
from tests.running import LOADTEST_TOKEN, ROOT, WAIT_SECONDS
from tests.test_access import POLICY, PUBLIC, SIGNED_IN, STAFF

pytestmark = [pytest.mark.system, pytest.mark.django_db(transaction=True)]

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
FUZZ_SECONDS = int(os.environ.get("FUZZ_SECONDS", "0"))
# Of an actor, on a machine that is busy with other things.
LONGEST_SECONDS = 1200
SEED = 20261121
# Each actor is let in where those before him are, and at the level beside him.
ACTORS = ("anonymous", "customer", "staff")
LEVELS = (PUBLIC, SIGNED_IN, STAFF)


def known_things(buyer) -> dict[str, object]:
    """One of each thing that a path or a body can name, the orders and carts those of `buyer` or of a guest."""
    variant = make_offer(available=100_000)
    cart = make_cart(units={variant: 2}, customer=buyer.customer if buyer else None)
    order = make_order(buyer=buyer)
    return {
        "cart_id": str(cart.pk),
        "cart": str(cart.pk),
        "code": "AUTUMN",
        "item_id": CartItem.objects.get(cart=cart).pk,
        "number": order.number,
        "product_id": variant.product_id,
        "slug": variant.product.slug,
        "variant": variant.pk,
        "variant_id": variant.pk,
        "category": make_category().pk,
        "review": make_review(author=buyer, product=variant.product, status="approved").pk,
        "payment": str(Payment.objects.get(order=order).pk),
        "quantity": 1,
        "shipping_method": "standard",
        "payment_provider": "manual",
        "country": "GB",
        "name": "reprice",
    }


def levels_of_operations() -> dict[str, str]:
    """Who gets past the door of each operation, by the name that schemathesis gives it."""
    levels = {(method.upper(), path): level for path, policy in POLICY.items() for method, level in policy.items()}
    names = {re.sub(r"<\w+>", "{}", path): path for path in POLICY}
    document = yaml.safe_load((ROOT / "docs/openapi.yaml").read_text())
    return {
        f"{method.upper()} {path}": levels[method.upper(), names[re.sub(r"{\w+}", "{}", path.removeprefix("/api/v1/"))]]
        for path, operations in document["paths"].items()
        for method in operations
    }


def short_form(actor: str) -> str:
    """What this actor leaves to others: operations that are closed to him but for one request, what cannot be
    understood where those before him were let in, and methods that a path does not have."""
    rank = ACTORS.index(actor)
    closed = "phases.coverage.enabled = false\nphases.fuzzing.generation.max-examples = 1\n"
    understood = 'phases.coverage.generation.mode = "positive"\n'
    entries = ["[generation]\nmax-examples = 1\n"]
    if actor != ACTORS[-1]:
        entries.append("[phases.coverage]\nunexpected-methods = []\n")
    for name, level in levels_of_operations().items():
        if LEVELS.index(level) != rank:
            left_out = closed if LEVELS.index(level) > rank else understood
            entries.append(f"[[operations]]\ninclude-name = {json.dumps(name)}\n{left_out}")
    return "\n".join(entries)


def ask(shop, actor: str, token: str, things: dict[str, object]) -> subprocess.CompletedProcess[str]:
    """One run of schemathesis; its exit code is 0 when every answer was as documented."""
    settings = shop.folder / f"{actor}.toml"
    settings.write_text("" if FUZZ_SECONDS else short_form(actor))
    length = ["--max-time", str(FUZZ_SECONDS)] if FUZZ_SECONDS else ["--seed", str(SEED)]
    # It waits ten seconds for the document and for each answer; how soon a busy machine answers is not the question.
    patience = ["--wait-for-schema", str(WAIT_SECONDS), "--request-timeout", str(WAIT_SECONDS)]
    headers = ["-H", f"X-Loadtest-Token: {LOADTEST_TOKEN}"]
    headers += ["-H", f"Authorization: Bearer {token}"] if token else []
    return subprocess.run(
        [
            *(
                sys.executable,
                "-m",
                "schemathesis.cli",
                "--config-file",
                settings,
                "run",
                f"{shop.url}/api/schema/?format=json",
            ),
            *("--checks", CHECKS, "--phases", "coverage,fuzzing", "--continue-on-failure", "--no-color"),
            *("--generation-database", "none", "--suppress-health-check", "all", "--warnings", "off"),
            *headers,
            *length,
            *patience,
        ],
        cwd=shop.folder,
        env=shop.environment
        | {
            "PYTHONPATH": str(ROOT),
            "SCHEMATHESIS_HOOKS": "tests.system.known_things",
            "KNOWN_THINGS": json.dumps(things),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=FUZZ_SECONDS + LONGEST_SECONDS,
    )


@pytest.mark.timeout(FUZZ_SECONDS + LONGEST_SECONDS + 100)
def test_answers_are_as_documented(twin):
    shop = twin(guards=[])
    with shop.orm():
        buyer, staff = make_buyer(), make_staff()
        make_coupon("AUTUMN")
        asked = {
            "anonymous": ("", known_things(None)),
            "customer": (issue_tokens(user=buyer).access, known_things(buyer)),
            "staff": (issue_tokens(user=staff).access, known_things(make_buyer())),
        }
    with ThreadPoolExecutor() as threads:
        runs = {name: threads.submit(ask, shop, name, token, things) for name, (token, things) in asked.items()}
    outcomes = {name: run.result() for name, run in runs.items()}
    for name, outcome in outcomes.items():
        print(f"== {name}\n{outcome.stdout}{outcome.stderr}")
    assert {name: outcome.returncode for name, outcome in outcomes.items()} == dict.fromkeys(asked, 0)
