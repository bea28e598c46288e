"""One token used by many at one moment: one of them gets the new pair, or verifies the address."""

from functools import partial

import pytest

from core.accounts.mailed_tokens import VERIFY_EMAIL, token_for
from core.accounts.models import RefreshFamily
from core.accounts.tests.factories import make_user
from core.accounts.tokens import issue_tokens
from tests.parallel import in_parallel
from tests.running import RunningShop

pytestmark = [pytest.mark.system, pytest.mark.django_db(transaction=True)]


def refresh_at_once(running: RunningShop, *, clients: int) -> list[int]:
    """The statuses that so many clients with the same token get."""
    with running.orm():
        refresh = issue_tokens(user=make_user()).refresh
    body = {"refresh": refresh}
    answers = in_parallel([partial(running.client().post, "/api/v1/auth/refresh/", json=body) for _ in range(clients)])
    return sorted(answer.status_code for answer in answers)


def verify_at_once(running: RunningShop, *, clients: int) -> list[int]:
    """The statuses that so many clients with the same mailed token get."""
    with running.orm():
        user = make_user()
    body = {"token": token_for(purpose=VERIFY_EMAIL, user=user, email=user.email)}
    calls = [partial(running.client().post, "/api/v1/auth/verify-email/", json=body) for _ in range(clients)]
    return sorted(answer.status_code for answer in in_parallel(calls))


def test_ten_parallel_refreshes_of_one_token_give_one_success(shop):
    assert refresh_at_once(shop, clients=10) == [200] + [401] * 9
    assert RefreshFamily.objects.get().revoked_at is not None


def test_a_mailed_token_used_ten_times_at_once_works_once(shop):
    assert verify_at_once(shop, clients=10) == [204] + [400] * 9


def test_twin_without_the_conditions_lets_several_through(twin):
    running = twin(guards=["refresh_rotation", "mailed_token"])
    assert any(verify_at_once(running, clients=10).count(204) > 1 for _ in range(30))
    assert any(refresh_at_once(running, clients=10).count(200) > 1 for _ in range(30))
