"""Events and handlers for tests of poison, known to workers that are started with `--include tests.system.poison`."""

import os
import signal

from core.outbox.events import EventType
from core.outbox.models import Event
from core.outbox.registry import handles

harmless = EventType("tests.harmless")
killing = EventType("tests.killing")
raising = EventType("tests.raising")


class PoisonError(Exception):
    """What the raising handler raises."""


@handles(harmless, queue="notifications")
def tests_do_nothing(event: Event) -> None:
    """The engine's own work is what is measured."""


@handles(killing, queue="notifications")
def tests_kill_the_worker(event: Event) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@handles(raising, queue="notifications")
def tests_raise(event: Event) -> None:
    raise PoisonError("as always")
