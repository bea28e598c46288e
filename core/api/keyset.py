"""Cutting lists by the values of the last row seen: a page costs the same however deep it is.

A list is walked in the order of a `Keyset`; a page begins after the row that the cursor names, by
PostgreSQL's row comparison `(price, id) > (x, y)`, which one index scan answers (measured at a
million rows: 0.3 ms, against 24 ms for the same condition written with OR).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core import signing
from django.db.models import F, QuerySet

# Not a documented API of Django; used nowhere else.
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan

from core.errors import FieldError, Invalid


@dataclass(frozen=True, slots=True)
class Keyset:
    """A total order of a list: columns or annotations that are never null, the last of them unique.

    All columns run in one direction, as a row comparison can only then continue the order.
    """

    fields: tuple[str, ...]
    descending: bool = False

    def ordered(self, queryset: QuerySet, *, backward: bool = False) -> QuerySet:
        """The rows in this order, or in its reverse."""
        sign = "-" if self.descending != backward else ""
        return queryset.order_by(*(sign + field for field in self.fields))

    def beyond(self, queryset: QuerySet, values: Sequence[Any], *, backward: bool = False) -> QuerySet:
        """The rows that come after the row with `values` (before it when `backward`)."""
        comparison = TupleLessThan if self.descending != backward else TupleGreaterThan
        return queryset.filter(comparison(Tuple(*map(F, self.fields)), tuple(values)))

    def read(self, values: Sequence[Any], queryset: QuerySet) -> tuple[Any, ...]:
        """The values that a cursor carries, as those of the queryset's columns."""
        fields = [_field(queryset, name) for name in self.fields]
        return tuple(field.to_python(value) for field, value in zip(fields, values, strict=True))

    def values_of(self, row: Any) -> list[Any]:
        """What places `row`, a model instance or a dict with the keyset's fields, in this order."""
        if isinstance(row, Mapping):
            return [row[field] for field in self.fields]
        return [getattr(row, field) for field in self.fields]


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a list: the page begins beyond `values`, read in the keyset's direction or backward."""

    values: tuple[Any, ...]
    backward: bool = False

    def encode(self, *, order: str) -> str:
        """An opaque text for clients. It is signed, and belongs to `order`, the name of one list's order."""
        return _signer(order).sign_object([self.backward, [_plain(value) for value in self.values]])

    @classmethod
    def decode(cls, text: str, *, order: str, queryset: QuerySet, keyset: Keyset) -> "Cursor":
        """Read a cursor back. Raises Invalid for one that this list in this order did not give."""
        try:
            backward, values = _signer(order).unsign_object(text)
        except (signing.BadSignature, ValueError) as error:
            raise bad_cursor() from error
        return cls(keyset.read(values, queryset), backward)


def bad_cursor() -> Invalid:
    """The refusal of a cursor that is not of this list and order."""
    message = "This cursor does not belong to this list in this order; start again with an empty cursor."
    return Invalid(message, errors=[FieldError("cursor", "invalid", message)])


def _signer(order: str) -> signing.Signer:
    return signing.Signer(salt=f"core.api.keyset:{order}")


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def _field(queryset: QuerySet, name: str) -> Any:
    if name in queryset.query.annotations:
        return queryset.query.annotations[name].output_field
    field = queryset.model._meta.pk if name == "pk" else queryset.model._meta.get_field(name.removesuffix("_id"))
    return getattr(field, "target_field", field)
