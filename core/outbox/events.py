"""Facts: declared by the packages that make them true, published in the commit that does."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from structlog.contextvars import get_contextvars

from core.outbox.models import Event


@dataclass(frozen=True, slots=True)
class EventType:
    """A kind of fact, named `package.past_tense`. Declared once, in its package's `events.py`."""

    name: str

    def publish(self, **payload: Any) -> Event:
        """Write the fact to the outbox: one statement, in the caller's transaction.

        `payload` is small and JSON: ids and what is true at this moment, no secrets, no addresses.
        """
        return Event.objects.create(
            name=self.name, payload=payload, request_id=str(get_contextvars().get("request_id", ""))
        )

    def publish_each(self, payloads: Iterable[Mapping[str, Any]]) -> None:
        """Write one fact per payload, as `publish`: one statement."""
        publish_together((self, payload) for payload in payloads)


def publish_together(facts: Iterable[tuple[EventType, Mapping[str, Any]]]) -> None:
    """Write facts of several kinds with their payloads, as `EventType.publish`: one statement."""
    request_id = str(get_contextvars().get("request_id", ""))
    Event.objects.bulk_create(
        Event(name=kind.name, payload=dict(payload), request_id=request_id) for kind, payload in facts
    )
