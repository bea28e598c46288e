"""What races do: fill carts, order them over HTTP at one moment, and look at what came of it."""

from collections import Counter
from collections.abc import Sequence
from functools import partial

import requests

from core.outbox.models import Delivery, Event
from market.carts.models import Cart
from market.catalog.models import Variant
from market.catalog.tests.factories import make_variant
from market.inventory.services import open_stock
from market.orders.tests.factories import checkout_body
from tests.parallel import in_parallel
from tests.running import Client, RunningShop, wait_for

ORDERS = "/api/v1/orders/"
IN_PROGRESS = "idempotency_in_progress"
TRY_AGAIN = {IN_PROGRESS, "cart_changing"}


def make_stocked(*, units: int) -> Variant:
    """A variant of a product of its own with so many units, made by the services that the shop uses."""
    variant = make_variant()
    open_stock(units={variant.pk: units})
    return variant


def place(client: Client, cart: Cart, key: str | None = None, **overrides) -> requests.Response:
    """`POST /orders/` of a cart."""
    headers = {} if key is None else {"Idempotency-Key": key}
    return client.post(ORDERS, json=checkout_body(cart, **overrides), headers=headers)


def place_all(running: RunningShop, carts: Sequence[Cart]) -> list[requests.Response]:
    """Order all carts at the same moment, each by a client of its own."""
    return in_parallel([partial(place, running.client(), cart) for cart in carts])


def retried(
    running: RunningShop, cart: Cart, key: str | None = None, token: str | None = None, **overrides
) -> requests.Response:
    """As `place`, by a client that comes back while the server is gone, or says that the first is still running.

    A web server that gave up is started again, as the supervisor does: granian ends when a worker
    dies within 5.5 s of its start, which faults in a row bring about.
    """
    client = running.client(token)

    def attempt() -> list[requests.Response]:
        try:
            answer = place(client, cart, key, **overrides)
        except requests.ConnectionError:
            if running.processes["web"].poll() is not None:
                running.start("web")
            return []
        is_final = answer.status_code < 500 and answer.json().get("code") not in TRY_AGAIN
        return [answer] if is_final else []

    return wait_for(attempt, what="an answer that is final")[0]


def outcomes(answers: Sequence[requests.Response]) -> Counter:
    """How often each status, and for refusals each code, was answered."""
    return Counter((a.status_code, a.json().get("code")) if a.status_code >= 400 else a.status_code for a in answers)


def assert_invariants(shop: RunningShop, answers: Sequence[requests.Response]) -> None:
    """Wait until the background work is done; then the shop keeps its promises, and has every order
    that it acknowledged."""
    wait_until_handled()
    assert shop.violations(acknowledged=[answer.json() for answer in answers if answer.status_code < 300]) == ""


def wait_until_handled() -> None:
    """Wait until nothing is left to do of what has happened."""
    wait_for(
        lambda: (
            not Event.objects.filter(relayed_at=None).exists() and not Delivery.objects.filter(state="pending").exists()
        ),
        what="all events are handled",
    )
