"""Planned prices that fall due: applied once by two workers, not at all when taken back before, whoever is killed."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction
from django.utils import timezone

from market.catalog.models import PastPrice, PlannedPrice, ProductListing, Variant
from market.catalog.services import (
    NewPriceChange,
    apply_due_price_changes,
    cancel_price_change,
    plan_price_changes,
)
from market.catalog.tests.factories import make_variant
from tests.databases import url_of, waiting_in
from tests.races.meeting import meet_before_commit
from tests.running import ROOT, WAIT_SECONDS, wait_for

pytestmark = [pytest.mark.system, pytest.mark.django_db(transaction=True)]
APPLY = "import django; django.setup(); from market.catalog.services import apply_due_price_changes as go; go(limit=9)"


@pytest.fixture
def due() -> PlannedPrice:
    """A price of 4.00 in place of 10.00, due since a minute ago."""
    variant, now = make_variant(price="10.00"), timezone.now()
    new = NewPriceChange(variant_id=variant.pk, starts_at=now + timedelta(hours=1), price=Decimal("4.00"))
    [planned] = plan_price_changes(changes=[new])
    PlannedPrice.objects.update(starts_at=now - timedelta(minutes=1), due_at=now - timedelta(minutes=1))
    return planned


def outcome() -> tuple[str, str, int]:
    """The price, what is said of the plan, and how often a price was noted as past."""
    return str(Variant.objects.get().price), PlannedPrice.objects.get().state, PastPrice.objects.count()


def twice(settings, *, guards: list[str]) -> tuple[str, str, int]:
    settings.DISABLED_GUARDS = frozenset(guards)
    meet_before_commit(lambda: apply_due_price_changes(limit=9), lambda: apply_due_price_changes(limit=9))
    return outcome()


def taken_back(planned: PlannedPrice, settings, *, guards: list[str]) -> tuple[str, str, int]:
    settings.DISABLED_GUARDS = frozenset(guards)
    meet_before_commit(
        lambda: cancel_price_change(price_change_id=planned.pk), lambda: apply_due_price_changes(limit=9)
    )
    return outcome()


def test_two_workers_apply_it_once(settings, due):
    assert twice(settings, guards=[]) == ("4.00", "applied", 1)


def test_twin_without_the_lock_applies_it_twice(settings, due):
    assert twice(settings, guards=["planned_price_lock"]) == ("4.00", "applied", 2)


def test_what_is_taken_back_at_that_moment_is_not_applied(settings, due):
    assert taken_back(due, settings, guards=[]) == ("10.00", "canceled", 0)


def test_twin_without_the_lock_applies_what_was_taken_back(settings, due):
    assert taken_back(due, settings, guards=["planned_price_lock"]) == ("4.00", "applied", 1)


def test_a_worker_that_is_killed_in_between_has_done_nothing_and_the_next_does_it(due):
    database = connection.settings_dict["NAME"]
    with transaction.atomic():
        ProductListing.objects.select_for_update().get()
        worker = subprocess.Popen(
            [sys.executable, "-c", APPLY], cwd=ROOT, env={**os.environ, "DATABASE_URL": url_of(database)}
        )
        wait_for(lambda: waiting_in(database) == 1, what="the prices are written, the listing is waited for")
        worker.send_signal(signal.SIGKILL)
        worker.wait(timeout=WAIT_SECONDS)
    wait_for(lambda: outcome() == ("10.00", "planned", 0), what="nothing of it is left")
    for _ in range(2):
        apply_due_price_changes(limit=9)
        assert outcome() == ("4.00", "applied", 1)
    assert ProductListing.objects.get().price == Decimal("4.00")
