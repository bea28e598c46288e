"""One cart claimed by two customers at once, and many carts by one: one owner, and every unit counted once."""

from functools import partial

import pytest
import requests

from core.accounts.models import User
from core.accounts.tokens import issue_tokens
from market.carts.models import Cart, CartItem
from market.carts.tests.factories import make_cart
from market.catalog.models import Variant
from market.orders.tests.factories import make_buyer
from tests.parallel import in_parallel
from tests.races.buying import make_stocked, outcomes
from tests.running import RunningShop

pytestmark = [pytest.mark.system, pytest.mark.django_db(transaction=True)]

ROUNDS = 30
RIGHT_ROUNDS = 3


def claims(running: RunningShop, carts: list[Cart], users: list[User]) -> list[requests.Response]:
    """Every cart claimed by the user beside it, all at one moment."""
    clients = [running.client(issue_tokens(user=user).access) for user in users]
    return in_parallel(
        [partial(client.post, f"/api/v1/carts/{cart.pk}/claim/") for client, cart in zip(clients, carts, strict=True)]
    )


def carts_of(users: list[User]) -> list[tuple[int, dict[int, int]]]:
    """The open carts of these users: whose, and the units of each variant."""
    return [
        (cart.customer.user_id, dict(cart.items.values_list("variant_id", "quantity")))
        for cart in Cart.objects.filter(customer__user__in=users).select_related("customer").order_by("customer_id")
    ]


def claimed_by_two(running: RunningShop, variant: Variant) -> tuple[list[requests.Response], list, list[User]]:
    """Ann, who has three units, and Bob, who has five, each claim a cart with one unit four times."""
    with running.orm():
        ann, bob = make_buyer(), make_buyer()
        make_cart(units={variant: 3}, customer=ann.customer)
        make_cart(units={variant: 5}, customer=bob.customer)
        cart = make_cart(units={variant: 1})
        answers = claims(running, [cart] * 8, [ann, bob] * 4)
        return answers, carts_of([ann, bob]), [ann, bob]


def is_right(answers: list[requests.Response], carts: list, users: list[User], variant: Variant) -> bool:
    """Whether one of the two won, with his units and those of the cart, and the other kept what he had."""
    ann, bob = (user.pk for user in users)
    one_won = outcomes(answers) == {200: 4, (404, "cart_not_found"): 4}
    ends = [[(ann, {variant.pk: 4}), (bob, {variant.pk: 5})], [(ann, {variant.pk: 3}), (bob, {variant.pk: 6})]]
    return one_won and carts in ends


def test_one_cart_claimed_eight_times_by_two_has_one_owner_and_exact_units(shop):
    variant = make_stocked(units=1_000)
    for _ in range(RIGHT_ROUNDS):
        answers, carts, users = claimed_by_two(shop, variant)
        assert is_right(answers, carts, users, variant), (outcomes(answers), carts)


def test_eight_carts_claimed_at_once_by_one_customer_become_one(shop):
    variant, ann = make_stocked(units=1_000), make_buyer()
    carts = [make_cart(units={variant: number}) for number in range(1, 9)]

    answers = claims(shop, carts, [ann] * 8)

    assert outcomes(answers).keys() <= {200, (404, "cart_not_found")}
    assert carts_of([ann]) == [(ann.pk, {variant.pk: 36})]
    assert CartItem.objects.count() == 1


def test_twin_without_the_locks_gives_a_cart_to_two_or_counts_units_twice(twin):
    running = twin(guards=["cart_binding"], dropped_constraints=[("carts_cart", "cart_open_once_per_customer")])
    with running.orm():
        variant = make_stocked(units=1_000)
    for _ in range(ROUNDS):
        if not is_right(*claimed_by_two(running, variant), variant):
            return
    pytest.fail(f"one owner and exact units in all of {ROUNDS} rounds")
