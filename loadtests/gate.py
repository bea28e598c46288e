"""Holds all shoppers back for a moment, so that something else can be measured beside them."""

from gevent.event import Event

DRAIN_SECONDS = 30


class Gate:
    """Open at first. `close` waits until nobody is inside."""

    def __init__(self) -> None:
        self._open = Event()
        self._open.set()
        self._empty = Event()
        self._empty.set()
        self._inside = 0

    def pass_through(self) -> None:
        """Go in, when it is open."""
        self._open.wait()
        self._inside += 1
        self._empty.clear()

    def leave(self) -> None:
        """Come out again."""
        self._inside -= 1
        if not self._inside:
            self._empty.set()

    def close(self) -> bool:
        """Let nobody in; whether all who were inside came out in time."""
        self._open.clear()
        return self._empty.wait(DRAIN_SECONDS)

    def open(self) -> None:
        """Let everybody in."""
        self._open.set()
