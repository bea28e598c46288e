"""A cart outlives the processes that made it."""

import pytest

from market.carts.tests.factories import make_offer

pytestmark = [pytest.mark.system, pytest.mark.django_db(transaction=True)]


def test_a_cart_survives_a_restart_of_the_web(shop):
    made = shop.client().post("/api/v1/carts/", json={"items": [{"variant": make_offer().pk, "quantity": 2}]}).json()

    shop.restart_web()

    assert shop.client().get(f"/api/v1/carts/{made['id']}/").json() == made
