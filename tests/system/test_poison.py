"""Poison among many: dead letters after five tries, and nobody else waits long because of it.

A hundred rows with the backoffs and leases of the poison cut short; ten thousand with all of them, and with the
waiting times judged, are `POISONED_ROWS=10000 make test PYTEST_ARGS="tests/system/test_poison.py -s --timeout 0"`.
"""

import os
import statistics
from dataclasses import replace

import pytest
from django.db.models import F
from django.utils import timezone

from core.accounts.tests.factories import make_staff
from core.outbox.models import Delivery, Event
from tests.running import wait_for

pytestmark = [pytest.mark.system, pytest.mark.django_db(transaction=True)]
LONG_FORM = int(os.environ.get("POISONED_ROWS", "0"))
ROWS = LONG_FORM or 100
# Of each kind, spread among the others.
POISONS = 20 if LONG_FORM else 2
ATTEMPTS = 5
SECONDS = 900 if LONG_FORM else 300


@pytest.fixture
def poisonable(shop):
    """The shop with a worker that knows the handlers of `tests.system.poison`."""
    ordinary = shop.programs["worker"]
    shop.kill("worker")
    shop.programs["worker"] = replace(ordinary, command=[*ordinary.command, "--include", "tests.system.poison"])
    shop.start("worker")
    yield shop
    shop.kill("worker")
    shop.programs["worker"] = ordinary


def publish(*, poisons: int) -> None:
    """All rows at once, the poisons of both kinds evenly among them."""
    names = ["tests.harmless"] * ROWS
    for number in range(poisons):
        place = number * ROWS // poisons
        names[place : place + 2] = ["tests.killing", "tests.raising"]
    now = timezone.now()
    Event.objects.bulk_create([Event(name=name, payload={}, created_at=now) for name in names], batch_size=1000)


def is_settled(*, is_hurried: bool) -> bool:
    """Whether nothing waits any more; leases and backoffs of the poison are cut short if there is hurry."""
    if is_hurried:
        Delivery.objects.filter(state="pending", attempts__gt=0, due_at__gt=timezone.now()).update(
            due_at=timezone.now()
        )
    is_spread = not Event.objects.filter(relayed_at=None).exists()
    return is_spread and not Delivery.objects.filter(state="pending").exists()


def settle() -> None:
    wait_for(
        lambda: is_settled(is_hurried=not LONG_FORM),
        seconds=SECONDS,
        what="all is done or dead",
    )


def waiting_seconds() -> list[float]:
    """From each harmless event to its delivery's end, shortest first."""
    done = Delivery.objects.filter(handler="tests_do_nothing", state="done")
    return sorted(
        waited.total_seconds() for waited in done.values_list(F("done_at") - F("event__created_at"), flat=True)
    )


def test_poison_dies_after_five_tries_and_the_others_hardly_notice(poisonable, client):
    if LONG_FORM:
        publish(poisons=0)
        settle()
        without = waiting_seconds()
        assert len(without) == ROWS
        Event.objects.all().delete()

    publish(poisons=POISONS)
    settle()
    waited = waiting_seconds()

    assert len(waited) == ROWS - 2 * POISONS
    dead = Delivery.objects.exclude(state="done").values_list("handler", "state", "attempts", "last_error")
    assert sorted(dead) == [
        *[("tests_kill_the_worker", "dead", ATTEMPTS, "Its worker died in every attempt.")] * POISONS,
        *[("tests_raise", "dead", ATTEMPTS, "PoisonError: as always")] * POISONS,
    ]
    client.force_login(make_staff())
    page = client.get("/admin/outbox/delivery/?state__exact=dead").content.decode()
    assert page.count("tests_kill_the_worker") >= POISONS
    assert f"{2 * POISONS} deliveries" in page
    if LONG_FORM:
        figures = [
            (f(without), f(waited)) for f in (statistics.median, lambda w: statistics.quantiles(w, n=20)[-1], max)
        ]
        print(
            f"{ROWS} rows, {POISONS} of each poison; seconds waited without and with:",
            *(
                f"{name} {before:.1f} {after:.1f}"
                for name, (before, after) in zip(("median", "p95", "max"), figures, strict=True)
            ),
        )
        assert all(after < 2 * before for before, after in figures[:2])
