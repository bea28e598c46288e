"""Facts about the catalog."""

from core.outbox.events import EventType

# Published only for a search engine that keeps documents of its own.
documents_changed = EventType("catalog.documents_changed")
