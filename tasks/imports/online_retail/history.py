"""The export as a history: who bought what when, and what was taken back."""

import json
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from itertools import groupby
from typing import TextIO

from tasks.imports.online_retail.findings import Finding, Reason
from tasks.imports.online_retail.lines import (
    COLUMNS,
    Refused,
    figures_of,
    finding_of,
    is_cancellation,
    product_code_of,
    read_records,
    refuse_garbled,
    refuse_repeat,
    row_of,
)

INVOICE = re.compile(r"[0-9A-Z]{1,11}", re.ASCII)
CUSTOMER = re.compile(r"([0-9]{1,12})(?:\.0+)?", re.ASCII)
LINES_PER_STATEMENT = 1000


@dataclass(frozen=True, slots=True)
class PastLine:
    """One line of a past invoice; `quantity` is positive also where it was taken back."""

    invoice: str
    stock_code: str
    quantity: int
    unit_price: Decimal
    at: datetime
    customer: str
    country: str
    is_cancellation: bool
    cells: Mapping[str, str]

    @property
    def amount(self) -> Decimal:
        return self.quantity * self.unit_price


@dataclass(frozen=True, slots=True)
class PastRow:
    """A sold invoice with its lines, or one line of a canceled one."""

    key: str
    lines: tuple[PastLine, ...]


def read_history(stream: TextIO) -> Iterator[PastLine | Finding]:
    """Each record of the export as a past line, or as the finding that refuses it. Raises NotAnExport.

    Memory grows with 16 bytes per kept line, to tell exact repeats.
    """
    seen: set[bytes] = set()
    for number, header, cells in read_records(stream):
        row: dict[str, str] = {}
        try:
            row = row_of(header=header, cells=cells)
            refuse_garbled(cells)
            line = past_line(row)
            refuse_repeat(row, cells, seen)
            yield line
        except Refused as refused:
            yield finding_of(number, row, refused)


def past_line(row: Mapping[str, str]) -> PastLine:
    """The record as a past line. Raises Refused."""
    invoice = row["InvoiceNo"].strip().upper()
    if not INVOICE.fullmatch(invoice):
        raise Refused(Reason.MALFORMED, f"{invoice[:50]!r} is no invoice number")
    stock_code, _ = product_code_of(dict(row))
    unit_price, quantity, at = figures_of(dict(row))
    canceled = is_cancellation(invoice)
    if unit_price <= 0:
        raise Refused(Reason.PRICE_NOT_POSITIVE, f"price {unit_price}")
    if (quantity < 0) != canceled or quantity == 0:
        raise Refused(Reason.QUANTITY_NOT_POSITIVE, f"quantity {quantity} on invoice {invoice}")
    customer = CUSTOMER.fullmatch(row["CustomerID"].strip())
    if customer is None:
        raise Refused(Reason.NO_CUSTOMER, f"customer {row['CustomerID'].strip()[:50]!r}")
    cells = {name: row[name] for name in COLUMNS}
    country = " ".join(row["Country"].split())
    return PastLine(invoice, stock_code, abs(quantity), unit_price, at, customer[1], country, canceled, cells)


class HistoryOnDisk:
    """Past lines in the order in which they are imported, sorted by SQLite in a file that goes with it.

    An export has its lines in any order, and an invoice must be whole before it is an order: so the
    lines are put aside on disk instead of in memory. Sales come first, by invoice; then what was taken
    back, oldest first, as it is paid back from what was bought before.
    """

    def __init__(self) -> None:
        # An empty name is a temporary file that nobody else sees.
        self._lines = sqlite3.connect("", isolation_level=None)
        self._lines.execute("CREATE TABLE line (key TEXT, number INTEGER PRIMARY KEY, cells TEXT)")
        self._count = 0

    def add(self, lines: Iterable[PastLine]) -> None:
        """Put the lines aside, to be read after `sort`."""
        batch = []
        self._lines.execute("BEGIN")
        for line in lines:
            self._count += 1
            batch.append((self._key(line), self._count, json.dumps([line.cells[name] for name in COLUMNS])))
            if len(batch) == LINES_PER_STATEMENT:
                self._lines.executemany("INSERT INTO line VALUES (?, ?, ?)", batch)
                batch = []
        self._lines.executemany("INSERT INTO line VALUES (?, ?, ?)", batch)
        self._lines.execute("COMMIT")
        self._lines.execute("CREATE INDEX line_key ON line (key, number)")

    def _key(self, line: PastLine) -> str:
        if line.is_cancellation:
            return f"2 {line.at.astimezone(UTC).isoformat()} {line.invoice} {self._count:09}"
        return f"1 {line.invoice}"

    def count(self) -> int:
        """How many rows there are."""
        return self._lines.execute("SELECT count(DISTINCT key) FROM line").fetchone()[0]

    def after(self, cursor: str, *, limit: int) -> list[PastRow]:
        """The next rows after the key `cursor`, in order."""
        keys = "SELECT DISTINCT key FROM line WHERE key > ? ORDER BY key LIMIT ?"
        return self._rows(self._lines.execute(keys, (cursor, limit)))

    def of(self, keys: Sequence[str]) -> list[PastRow]:
        """The rows of these keys, in order; one that is not there is left out."""
        return self._rows([(key,) for key in sorted(set(keys))])

    def _rows(self, keys: Iterable[tuple[str]]) -> list[PastRow]:
        wanted = [key for (key,) in keys]
        marks = ",".join("?" * len(wanted))
        lines = f"SELECT key, cells FROM line WHERE key IN ({marks}) ORDER BY key, number"  # noqa: S608
        found = self._lines.execute(lines, wanted)
        return [
            PastRow(key, tuple(past_line(dict(zip(COLUMNS, json.loads(cells), strict=True))) for _, cells in rows))
            for key, rows in groupby(found, key=lambda row: row[0])
        ]
