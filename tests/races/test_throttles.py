"""Parallel requests of one caller to two web processes: exactly the limit passes, with a Redis that is
given the few milliseconds of production on a machine that is busy, and so is away now and then."""

from functools import partial
from uuid import uuid4

import pytest

from tests.parallel import in_parallel
from tests.running import RunningShop

pytestmark = [pytest.mark.system, pytest.mark.django_db(transaction=True)]
LIMIT = 30
CALLS = 120
LIMITED = {
    "THROTTLE_AUTH": f"{LIMIT}/hour",
    "LOGIN_ATTEMPTS_ELSEWHERE": f"{LIMIT}/hour",
    "TRUSTED_PROXIES": "127.0.0.1",
    "REDIS_DEADLINE_SECONDS": "0.01",
}


def statuses(running: RunningShop, *, is_one_account: bool = False) -> list[int]:
    """What somebody gets who tries a password 120 times at once: from one network for 120 accounts, each
    time with another forged hop in front of the address that our proxy saw; or from 120 for one account."""
    run = uuid4().hex[:8]
    network = f"2001:db8:{run[:4]}:{run[4:]}::1"
    attempts = []
    for number in range(CALLS):
        email = f"nobody-{run}-{0 if is_one_account else number}@example.com"
        address = f"2001:db8:{run[:4]}:{number:x}::1" if is_one_account else network
        ask = partial(
            running.client().post,
            "/api/v1/auth/login/",
            json={"email": email, "password": "guess"},
            headers={"X-Forwarded-For": f"198.51.100.{number}, {address}"},
        )
        attempts.append(ask)
    return [answer.status_code for answer in in_parallel(attempts)]


def test_exactly_the_limit_passes(twin):
    running = twin(guards=[], environment=LIMITED)
    for is_one_account in (False, True):
        answers = statuses(running, is_one_account=is_one_account)
        assert (answers.count(401), answers.count(429)) == (LIMIT, CALLS - LIMIT)


def test_twin_that_reads_then_writes_lets_more_pass(twin):
    answers = statuses(twin(guards=["throttle_count"], environment=LIMITED))
    assert answers.count(401) > LIMIT
