"""Lists whose rows are read at once and stand in an order that no column has."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core.api.keyset import Keyset

Rows = Sequence[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class OrderOfPlaces(Keyset):
    """The order of rows that are there already, each with its `id` and its `place`, from 0."""

    fields: tuple[str, ...] = ("place", "id")

    def ordered(self, rows: Rows, *, backward: bool = False) -> Rows:
        """They stand in this order already."""
        return rows[::-1] if backward else rows

    def beyond(self, rows: Rows, values: Sequence[Any], *, backward: bool = False) -> Rows:
        """Those behind the row that a cursor names; when it is gone, behind where it stood."""
        place, pk = values
        for index, row in enumerate(rows):
            if row["id"] == pk:
                return rows[index + 1 :]
        return [row for row in rows if (row["place"] < place if backward else row["place"] >= place)]

    def read(self, values: Sequence[Any], queryset: Any) -> tuple[Any, ...]:
        """The place that a cursor names, and the row that stood there."""
        place, pk = values
        return int(place), int(pk)


def placed(rows: Rows) -> Rows:
    """The rows, each with its place."""
    return [row | {"place": place} for place, row in enumerate(rows)]
