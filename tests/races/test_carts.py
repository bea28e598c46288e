"""Units that many clients add to one cart at the same moment are all counted, on one line."""

from functools import partial

import pytest
import requests

from market.carts.models import Cart, CartItem
from market.carts.tests.factories import make_cart
from market.catalog.models import Variant
from tests.parallel import in_parallel
from tests.races.buying import assert_invariants, make_stocked, outcomes
from tests.running import Client, RunningShop

pytestmark = [pytest.mark.system, pytest.mark.django_db(transaction=True)]

ROUNDS = 10


def add(client: Client, cart: Cart, variant: Variant) -> requests.Response:
    """`POST /carts/{id}/items/` of one unit."""
    return client.post(f"/api/v1/carts/{cart.pk}/items/", json={"variant": variant.pk, "quantity": 1})


def add_at_once(running: RunningShop, cart: Cart, variant: Variant, clients: int) -> list[requests.Response]:
    return in_parallel([partial(add, running.client(), cart, variant) for _ in range(clients)])


def lines(cart: Cart) -> list[int]:
    """The quantities on the cart's lines."""
    return list(CartItem.objects.filter(cart_id=cart.pk).values_list("quantity", flat=True))


def test_two_hundred_parallel_additions_to_a_line_are_exact(shop):
    variant = make_stocked(units=1_000)
    cart = make_cart(units={variant: 1})

    answers = add_at_once(shop, cart, variant, 200)

    assert outcomes(answers) == {201: 200}
    assert lines(cart) == [201]
    assert Cart.objects.get().version == 200
    assert_invariants(shop, [])


def test_the_first_addition_by_eight_clients_makes_one_line(shop):
    variant = make_stocked(units=1_000)
    for _ in range(ROUNDS):
        cart = make_cart()

        answers = add_at_once(shop, cart, variant, 8)

        assert outcomes(answers) == {201: 8}
        assert lines(cart) == [8]


def test_parallel_additions_stop_at_what_is_available(shop):
    variant = make_stocked(units=10)
    cart = make_cart()

    answers = add_at_once(shop, cart, variant, 50)

    assert outcomes(answers) == {201: 10, (409, "insufficient_stock"): 40}
    assert lines(cart) == [10]


def test_twin_without_the_upsert_loses_units(twin):
    running = twin(guards=["cart_line_upsert"])
    with running.orm():
        variant = make_stocked(units=1_000)
        cart = make_cart(units={variant: 1})

    answers = add_at_once(running, cart, variant, 200)

    with running.orm():
        assert outcomes(answers) == {201: 200}
        assert lines(cart)[0] < 201


def test_twin_without_the_upsert_and_its_constraint_makes_several_lines(twin):
    running = twin(guards=["cart_line_upsert"], dropped_constraints=[("carts_cartitem", "cart_line_once")])
    with running.orm():
        variant = make_stocked(units=1_000)
        carts = [make_cart() for _ in range(ROUNDS)]

    for cart in carts:
        add_at_once(running, cart, variant, 8)

    with running.orm():
        assert any(len(lines(cart)) > 1 for cart in carts)
