"""Runs of simulations while orders and promotions change, and what becomes of them."""

import json
from datetime import timedelta

import pytest
from django.db.models import QuerySet
from django.utils import timezone

from core.operations import services
from core.operations.models import Run
from core.operations.services.working import claim_run, do_next_batch, prepared_operation
from market.catalog.tests.factories import make_category
from market.orders.models import Order
from market.pricing.models import SimulatedOrder
from market.pricing.services.editing import remove_promotion
from market.pricing.services.simulating import prune_simulations
from market.pricing.tests.factories import make_promotion
from tasks.operations.simulate_promotion import SimulatePromotion
from tasks.operations.tests.simulating import make_orders, outcomes, simulation_of
from tasks.operations.tests.working import worked_on

pytestmark = pytest.mark.django_db


def test_orders_that_are_canceled_while_it_begins_are_left_out(monkeypatch):
    make_orders(1, 1)
    count = QuerySet.count
    monkeypatch.setattr(QuerySet, "count", lambda rows: count(rows) + 1)
    simulation = simulation_of(make_promotion(status="draft"))
    assert (outcomes(simulation), simulation.run.total) == (["applied", "applied"], 2)


def begun(promotion, **params) -> Run:
    """A run that has done its first order of two."""
    make_orders(1, 1)
    run = services.create_run(operation=SimulatePromotion, params={"promotion": promotion.pk} | params)
    services.start_run(run_id=run.pk)
    lease = claim_run(run_id=run.pk, worker="tests:1")
    for _ in range(2):
        do_next_batch(lease=lease, operation=prepared_operation(lease=lease))
    Run.objects.filter(pk=run.pk).update(lease_until=None)
    return run


def test_a_draft_and_what_its_rules_name_may_be_deleted_once_the_run_has_begun(monkeypatch):
    monkeypatch.setattr(SimulatePromotion, "batch_size", 1)
    draft, category = make_promotion(status="draft"), make_category()
    rules = {"kind": "percentage", "value": "5", "goods": {"categories": [category.pk]}}
    run = begun(draft, rules=json.dumps(rules))
    remove_promotion(promotion_id=draft.pk)
    category.delete()
    run = worked_on(run)
    assert (run.state, run.last_error, outcomes(run.simulation)) == ("finished", "", ["no_matching_items"] * 2)


@pytest.mark.parametrize("state", ["failed", "paused"])
def test_what_a_run_that_rests_has_found_is_pruned_and_it_does_not_go_on_without(monkeypatch, settings, state):
    monkeypatch.setattr(SimulatePromotion, "batch_size", 1)
    run = begun(make_promotion(status="draft"))
    Run.objects.filter(pk=run.pk).update(state=state)
    assert prune_simulations(limit=9) == 0
    Run.objects.filter(pk=run.pk).update(created_at=timezone.now() - settings.EVENT_RETENTION - timedelta(days=1))
    assert (prune_simulations(limit=9), SimulatedOrder.objects.count()) == (1, 0)
    services.resume_run(run_id=run.pk)
    run = worked_on(run)
    assert (run.state, run.last_error) == ("failed", "What it has found was deleted, as it is old: simulate anew.")


def test_orders_in_other_currencies_are_left_out_and_counted():
    orders = make_orders(1, 1, 1, 1)
    Order.objects.filter(pk__in=[orders[0].pk, orders[2].pk]).update(currency="XTS")
    draft = make_promotion(status="draft")
    for params, left_out in (({}, 1), ({"orders": 1}, 0), ({"placed_before": orders[1].placed_at.isoformat()}, 0)):
        run = simulation_of(draft, **params).run
        numbers = set(run.simulated_orders.values_list("number", flat=True))
        assert numbers <= {orders[1].number, orders[3].number}
        assert run.counts.get("orders in other currencies, left out", 0) == left_out
