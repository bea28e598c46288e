"""CSV that is opened in a spreadsheet by somebody who trusts us."""

import csv
from collections.abc import Iterable, Iterator
from decimal import Decimal

from django.http import StreamingHttpResponse

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class _Echo:
    """A file whose `write` answers what it was given."""

    def write(self, text: str) -> str:
        return text


def inert(cell: str) -> str:
    """The cell, never a formula."""
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell


def genuine(cell: str) -> str:
    """What `inert` was given."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(FORMULA_STARTS) else cell


def csv_lines(rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """Each row as a line of CSV without formulas. A number is one, also below zero."""
    writer = csv.writer(_Echo())
    for row in rows:
        yield writer.writerow([cell if isinstance(cell, int | Decimal) else inert(str(cell)) for cell in row])


def csv_response(rows: Iterable[Iterable[object]], *, name: str) -> StreamingHttpResponse:
    """The rows as a file of that name, sent while they are read."""
    return StreamingHttpResponse(
        csv_lines(rows),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
    )
