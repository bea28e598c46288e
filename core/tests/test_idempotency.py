"""Work done once per key: outcomes and refusals come back, everything else releases the key."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from core.errors import Conflict, FieldError, InProgress, Invalid
from core.idempotency import Done, KeyReused, fingerprint_of, prune_idempotency_keys, run_once
from core.models import Heartbeat, IdempotencyKey
from tests.running import WAIT_SECONDS

pytestmark = pytest.mark.django_db


def beat(name: str) -> Done:
    """Some work that leaves a trace."""
    Heartbeat.objects.create(name=name, seen_at=timezone.now())
    return Done(reference=name, status=201, result="made")


def once(name: str, *, scope="test:1", key="k", fingerprint="f"):
    return run_once(scope=scope, key=key, fingerprint=fingerprint, work=lambda: beat(name))


def names() -> list[str]:
    return list(Heartbeat.objects.order_by("name").values_list("name", flat=True))


def test_a_repeat_gets_the_first_outcome_and_does_nothing():
    first, second = once("a"), once("b")
    assert (first.reference, first.status, first.replayed, first.result) == ("a", 201, False, "made")
    assert (second.reference, second.status, second.replayed, second.result) == ("a", 201, True, None)
    assert names() == ["a"]


@pytest.mark.parametrize("other", [{"scope": "test:2"}, {"key": "other"}, {"key": None}])
def test_another_scope_or_key_is_independent(other):
    once("a")
    assert once("b", **other).reference == "b"
    assert names() == ["a", "b"]


def test_another_body_under_the_same_key_is_refused():
    once("a")
    with pytest.raises(KeyReused):
        once("b", fingerprint="g")
    assert names() == ["a"]


def test_a_refusal_undoes_the_work_and_is_remembered():
    def refuse() -> Done:
        beat("a")
        raise Conflict(
            "Sold out.", code="sold_out", errors=[FieldError("items.0", "short", "2 left")], extra={"left": 2}
        )

    first = run_once(scope="s", key="k", fingerprint="f", work=refuse)
    again = run_once(scope="s", key="k", fingerprint="f", work=lambda: beat("b"))
    for outcome, replayed in ((first, False), (again, True)):
        refusal = outcome.refusal
        assert (refusal.code, refusal.detail, refusal.title) == ("sold_out", "Sold out.", Conflict.title)
        assert (refusal.errors, refusal.extra) == ([FieldError("items.0", "short", "2 left")], {"left": 2})
        assert (outcome.status, outcome.replayed, outcome.reference) == (409, replayed, "")
    assert names() == []


def test_without_a_key_a_refusal_is_an_outcome_too():
    def refuse() -> Done:
        raise Conflict(code="sold_out")

    outcome = run_once(scope="s", key=None, fingerprint="f", work=refuse)
    assert (outcome.refusal.code, IdempotencyKey.objects.count()) == ("sold_out", 0)


def test_an_invalid_request_releases_the_key():
    def fail() -> Done:
        beat("a")
        raise Invalid()

    with pytest.raises(Invalid):
        run_once(scope="test:1", key="k", fingerprint="f", work=fail)
    assert (names(), IdempotencyKey.objects.count()) == ([], 0)
    assert once("b").reference == "b"


def test_an_expired_key_counts_as_absent():
    once("a")
    IdempotencyKey.objects.update(created_at=timezone.now() - settings.IDEMPOTENCY_KEY_LIFETIME - timedelta(seconds=1))
    again = once("b", fingerprint="g")
    assert (again.reference, again.replayed) == ("b", False)
    assert (IdempotencyKey.objects.get().fingerprint, names()) == ("g", ["a", "b"])


def test_pruning_deletes_the_expired_in_bounded_batches():
    for number in range(5):
        once(f"n{number}", key=f"k{number}")
    IdempotencyKey.objects.exclude(key="k4").update(created_at=timezone.now() - timedelta(hours=25))
    assert [prune_idempotency_keys(limit=3) for _ in range(3)] == [3, 1, 0]
    assert IdempotencyKey.objects.get().key == "k4"


def test_claim_and_record_cost_two_statements(count_statements):
    with count_statements() as first:
        run_once(scope="s", key="k", fingerprint="f", work=lambda: Done("x", 201))
    with count_statements() as replay:
        run_once(scope="s", key="k", fingerprint="f", work=lambda: Done("x", 201))
    assert (len(first), len(replay)) == (2, 1)


def test_fingerprint_ignores_the_order_of_members_only():
    assert fingerprint_of({"a": 1, "b": [1, 2]}) == fingerprint_of({"b": [1, 2], "a": 1})
    assert len({fingerprint_of({"a": 1}), fingerprint_of({"a": "1"}), fingerprint_of({"a": 1}, 7)}) == 3


@pytest.mark.django_db(transaction=True)
def test_while_the_first_is_running_others_are_told_to_come_back():
    started, finish = threading.Event(), threading.Event()

    def slow() -> Done:
        started.set()
        assert finish.wait(WAIT_SECONDS)
        return beat("a")

    def first():
        try:
            return run_once(scope="s", key="k", fingerprint="f", work=slow)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(first)
        assert started.wait(WAIT_SECONDS)
        try:
            with pytest.raises(InProgress):
                run_once(scope="s", key="k", fingerprint="f", work=lambda: beat("b"))
        finally:
            finish.set()
        assert running.result(WAIT_SECONDS).reference == "a"
    again = run_once(scope="s", key="k", fingerprint="f", work=lambda: beat("b"))
    assert (again.reference, again.replayed, names()) == ("a", True, ["a"])
