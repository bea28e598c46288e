"""Simulations in tests: run over all orders, and what they found."""

from decimal import Decimal

from market.carts.tests.factories import make_cart, make_offer
from market.orders.models import Order
from market.orders.tests.factories import make_order
from market.pricing.models import Simulation
from tasks.operations.tests.working import run_of


def simulation_of(promotion, **params) -> Simulation:
    """What a run over all orders has found."""
    run = run_of("simulate_promotion", promotion=promotion.pk, **params)
    assert (run.state, run.last_error) == ("finished", "")
    return run.simulation


def outcomes(simulation: Simulation) -> list[str]:
    return list(simulation.run.simulated_orders.order_by("pk").values_list("outcome", flat=True))


def costs(simulation: Simulation) -> list[Decimal]:
    """What each order costs, in order."""
    return [order.total_before - order.total_after for order in simulation.run.simulated_orders.order_by("pk")]


def make_orders(*counts: int, **options) -> list[Order]:
    """An order of so many units at 10.00 for each count."""
    offer = make_offer(price="10.00", available=10_000)
    return [make_order(cart=make_cart(units={offer: count}), **options) for count in counts]
