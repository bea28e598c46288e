"""Parallel requests of one caller to two web processes: exactly the limit passes."""

from functools import partial
from uuid import uuid4

import pytest

from tests.parallel import in_parallel
from tests.running import RunningShop

pytestmark = [pytest.mark.system, pytest.mark.django_db(transaction=True)]
LIMIT = 30
CALLS = 120
LIMITED = {"THROTTLE_AUTH": f"{LIMIT}/hour", "TRUSTED_PROXIES": "127.0.0.1"}


def statuses(running: RunningShop) -> list[int]:
    """What one caller gets who tries a password 120 times at once, each time with another forged hop
    in front of the address that our proxy saw."""
    address = f"2001:db8:{uuid4().hex[:4]}:{uuid4().hex[:4]}::1"
    body = {"email": "nobody@example.com", "password": "guess"}
    attempts = [
        partial(
            running.client().post,
            "/api/v1/auth/login/",
            json=body,
            headers={"X-Forwarded-For": f"198.51.100.{number}, {address}"},
        )
        for number in range(CALLS)
    ]
    return [answer.status_code for answer in in_parallel(attempts)]


def test_exactly_the_limit_passes(twin):
    answers = statuses(twin(guards=[], environment=LIMITED))
    assert (answers.count(401), answers.count(429)) == (LIMIT, CALLS - LIMIT)


def test_twin_that_reads_then_writes_lets_more_pass(twin):
    answers = statuses(twin(guards=["throttle_count"], environment=LIMITED))
    assert answers.count(401) > LIMIT
