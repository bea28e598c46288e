"""Data that staff rarely change and each request needs: read once per process and version.

The version is a column of a statement that the request makes anyway (`REFERENCE_VERSION`), so nobody is asked
whether the data is still good, and a change shows in the first request after its commit.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
# A scalar for the SELECT of another statement; its parameter is the topic.
REFERENCE_VERSION = "COALESCE((SELECT version FROM core_referenceversion WHERE topic = '{topic}'), 0)"


class Reference(Generic[T]):
    """One process's copy. `read` answers the present version and its data, of one snapshot."""

    def __init__(self, read: Callable[[], tuple[int, T]]) -> None:
        self._read = read
        self._kept: tuple[int, T] | None = None

    def at(self, version: int) -> T:
        """The data of this version, or of a later one: no statement, and one after a change."""
        kept = self._kept
        return self.refresh() if kept is None or kept[0] != version else kept[1]

    def refresh(self) -> T:
        """Read the data anew: one statement."""
        self._kept = kept = self._read()
        return kept[1]
