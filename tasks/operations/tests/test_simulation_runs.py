"""Runs of simulations while orders and promotions change, and what becomes of them."""

import pytest
from django.db.models import QuerySet

from market.pricing.tests.factories import make_promotion
from tasks.operations.tests.simulating import make_orders, outcomes, simulation_of

pytestmark = pytest.mark.django_db


def test_orders_that_are_canceled_while_it_begins_are_left_out(monkeypatch):
    make_orders(1, 1)
    count = QuerySet.count
    monkeypatch.setattr(QuerySet, "count", lambda rows: count(rows) + 1)
    simulation = simulation_of(make_promotion(status="draft"))
    assert (outcomes(simulation), simulation.run.total) == (["applied", "applied"], 2)
