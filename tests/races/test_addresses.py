"""Many addresses that all want to be the default, saved at one moment: one of them is it."""

from functools import partial

import pytest

from core.accounts.tests.factories import make_user
from core.accounts.tokens import issue_tokens
from market.customers.models import Address
from market.customers.tests.test_addresses import ADDRESSES, HOME
from tests.parallel import in_parallel
from tests.running import RunningShop

pytestmark = [pytest.mark.system, pytest.mark.django_db(transaction=True)]


def defaults_after(running: RunningShop, *, clients: int) -> tuple[set[int], int]:
    """The statuses that so many parallel savings of a default get, and how many defaults there are then."""
    with running.orm():
        user = make_user()
        headers = {"Authorization": f"Bearer {issue_tokens(user=user).access}"}
    body = HOME | {"is_default_shipping": True}
    calls = [partial(running.client().post, ADDRESSES, json=body, headers=headers) for _ in range(clients)]
    statuses = {answer.status_code for answer in in_parallel(calls)}
    with running.orm():
        return statuses, Address.objects.filter(customer__user=user, is_default_shipping=True).count()


def test_there_is_one_default_however_many_are_saved_at_once(shop):
    assert defaults_after(shop, clients=10) == ({201}, 1)


def test_twin_without_the_lock_has_several_defaults(twin):
    running = twin(
        guards=["address_default"], dropped_constraints=[("customers_address", "address_default_shipping_once")]
    )
    assert any(defaults_after(running, clients=10)[1] > 1 for _ in range(30))
