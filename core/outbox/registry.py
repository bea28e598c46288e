"""Who reacts to what: filled by `tasks.handlers`, read by the relay."""

from collections.abc import Callable
from dataclasses import dataclass

from core.outbox.events import EventType
from core.outbox.models import Event

HandlerFunction = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class Handler:
    """A reaction to one type of event. `name` is stored in rows, so it is never changed."""

    name: str
    event_name: str
    queue: str
    function: HandlerFunction


_handlers: dict[str, Handler] = {}


def handles(event_type: EventType, *, queue: str) -> Callable[[HandlerFunction], HandlerFunction]:
    """Register a function as handler of `event_type`; its name is the handler's name.

    The engine calls it inside the transaction that marks its delivery done. It writes to the
    database only. Raises ValueError when the name is taken.
    """

    def register(function: HandlerFunction) -> HandlerFunction:
        if function.__name__ in _handlers:
            raise ValueError(f"handler {function.__name__} is registered twice")
        _handlers[function.__name__] = Handler(function.__name__, event_type.name, queue, function)
        return function

    return register


def handlers_of(event_name: str) -> list[Handler]:
    """The handlers of an event, in the order of their registration."""
    return [handler for handler in _handlers.values() if handler.event_name == event_name]


def handler_named(name: str) -> Handler | None:
    """The handler of that name, or None if no code has it any more."""
    return _handlers.get(name)


def all_handlers() -> list[Handler]:
    """Every registered handler."""
    return list(_handlers.values())
