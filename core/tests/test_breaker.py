"""The breaker: one failure opens it, nobody waits meanwhile, a probe closes it."""

import os
import threading
from collections.abc import Iterator

import pytest

from core.breaker import Breaker, BreakerOpen
from core.postgres.availability import breaker_of
from tests.running import WAIT_SECONDS


class Dependency:
    """Fails until it is mended, and counts who asked."""

    def __init__(self) -> None:
        self.is_well = False
        self.calls = 0
        self.probes = 0
        self.probed = threading.Event()

    def work(self) -> str:
        self.calls += 1
        if not self.is_well:
            raise ConnectionError("away")
        return "done"

    def probe(self) -> None:
        self.probes += 1
        self.probed.set()
        if not self.is_well:
            raise ConnectionError("away")


@pytest.fixture
def dependency() -> Dependency:
    return Dependency()


@pytest.fixture
def breaker(dependency) -> Iterator[Breaker]:
    """Its thread has ended when the test has, so that the next test counts its own."""
    made = Breaker("test", probe=dependency.probe, failures=(ConnectionError,))
    yield made
    made.stop()


def test_a_healthy_dependency_is_just_called(dependency, breaker):
    dependency.is_well = True
    assert [breaker.call(dependency.work) for _ in range(3)] == ["done"] * 3
    assert dependency.probes == 0


def test_after_one_failure_nobody_asks_until_the_probe_is_answered(dependency, breaker):
    for _ in range(50):
        with pytest.raises(BreakerOpen):
            breaker.call(dependency.work)
    assert dependency.calls == 1
    assert dependency.probed.wait(WAIT_SECONDS)
    assert breaker.is_open
    dependency.is_well = True
    assert breaker.wait_until_closed(WAIT_SECONDS)
    assert breaker.call(dependency.work) == "done"


def test_a_probe_that_breaks_is_asked_again(dependency, breaker, monkeypatch):
    answers = iter([AttributeError("a wrong greeting"), None])
    reached = threading.Event()

    def probe() -> None:
        if answer := next(answers):
            reached.set()
            raise answer

    monkeypatch.setattr(breaker, "_probe", probe)
    with pytest.raises(BreakerOpen):
        breaker.call(dependency.work)
    assert reached.wait(WAIT_SECONDS)
    assert breaker.wait_until_closed(WAIT_SECONDS)


def test_a_stopped_breaker_is_closed_and_probes_no_more(dependency, breaker):
    breaker.stop()
    for _ in range(2):
        with pytest.raises(BreakerOpen):
            breaker.call(dependency.work)
        assert breaker.is_open
        breaker.stop()
        assert not breaker.is_open
        assert not any(thread.name == "breaker-test" for thread in threading.enumerate())


def test_many_failures_at_once_start_one_probe(dependency, breaker):
    for _ in range(20):
        breaker.trip(ConnectionError())
    threads = [thread for thread in threading.enumerate() if thread.name == "breaker-test"]
    assert len(threads) == 1
    dependency.is_well = True
    assert breaker.wait_until_closed(WAIT_SECONDS)


def test_a_breaker_whose_probe_cannot_start_does_not_stay_open(dependency, breaker, monkeypatch):
    def no_thread(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", no_thread)
        for calls in (1, 2):
            with pytest.raises(BreakerOpen):
                breaker.call(dependency.work)
            assert (dependency.calls, breaker.is_open) == (calls, False)
    with pytest.raises(BreakerOpen):
        breaker.call(dependency.work)
    assert breaker.is_open
    dependency.is_well = True
    assert breaker.wait_until_closed(WAIT_SECONDS)


def test_a_child_process_asks_the_database_itself(monkeypatch):
    parents = breaker_of("forked")
    monkeypatch.setattr(parents, "_open", True)
    child = os.fork()
    if child == 0:
        os._exit(breaker_of("forked").is_open)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert breaker_of("forked") is parents


def test_other_errors_are_the_callers_own(breaker):
    with pytest.raises(ZeroDivisionError):
        breaker.call(lambda: 1 / 0)
    assert not breaker.is_open
