"""Facts, handlers and their deliveries for tests."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from core.outbox import registry
from core.outbox.events import EventType
from core.outbox.models import Delivery, Event
from core.outbox.registry import handles
from core.outbox.services import spread_events

something_happened = EventType("tests.something_happened")


@contextmanager
def handler_of(event_type: EventType, function: Callable[[Event], None], *, name: str = "react") -> Iterator[None]:
    """Within the block, `function` handles the event under that name."""
    function.__name__ = name
    handles(event_type, queue="default")(function)
    try:
        yield
    finally:
        del registry._handlers[name]


def make_delivery(**payload) -> Delivery:
    """The delivery of a new event to the one handler of `something_happened`."""
    event = something_happened.publish(**payload)
    spread_events(limit=100)
    return Delivery.objects.get(event=event)
