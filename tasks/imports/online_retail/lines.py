"""One line of the export: read, or refused with the first reason that applies."""

import csv
import gzip
import hashlib
import io
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import BinaryIO, TextIO

from core.spreadsheets import genuine
from tasks.imports.online_retail.findings import Finding, Kind, Reason

COLUMNS = ("InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country")
PRODUCT_CODE = re.compile(r"(\d{5})([A-Z]{0,2})|(DCGS[0-9A-Z]+)", re.ASCII)
HIGHEST_PRICE = Decimal("99999999.99")
CONTROL_CHARACTER = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
LONGEST_LINE = 1_000_000
# Ten times the whole export of the UCI.
MOST_CHARACTERS = 500_000_000
GZIP_MAGIC = b"\x1f\x8b"
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


class NotAnExport(Exception):
    """The file as a whole cannot be an Online Retail export; the message says why."""


class Refused(Exception):
    """A record cannot be used, for this reason."""

    def __init__(self, reason: Reason, detail: str) -> None:
        self.reason, self.detail = reason, detail
        super().__init__(detail)


@dataclass(frozen=True, slots=True)
class SaleLine:
    """One sold line that may become part of a product. `base` is the stock code without its suffix letters."""

    number: int
    stock_code: str
    base: str
    description: str
    unit_price: Decimal
    sold_at: datetime


@contextmanager
def open_export(path: Path) -> Iterator[TextIO]:
    """The file as text, as `text_of`."""
    with path.open("rb") as raw, text_of(raw) as text:
        yield text


@contextmanager
def text_of(raw: BinaryIO) -> Iterator[TextIO]:
    """The bytes as text, unpacked when they are gzip. What is no UTF-8 is marked, and refused line by line."""
    buffered = raw if hasattr(raw, "peek") else io.BufferedReader(raw)
    packed = buffered.peek(len(GZIP_MAGIC))[: len(GZIP_MAGIC)] == GZIP_MAGIC
    source: BinaryIO = gzip.GzipFile(fileobj=buffered) if packed else buffered
    with io.TextIOWrapper(source, encoding="utf-8-sig", errors="replace", newline="") as text:
        yield text


def bounded_lines(stream: TextIO) -> Iterator[str]:
    """The physical lines of the stream. Raises NotAnExport for one without end and for a stream without
    end, before it fills the memory: a small packed file can hold either."""
    read = 0
    while line := stream.readline(LONGEST_LINE):
        read += len(line)
        if len(line) == LONGEST_LINE or read > MOST_CHARACTERS:
            raise NotAnExport("a line is too long" if read <= MOST_CHARACTERS else "it is too large when unpacked")
        yield line


def read_lines(stream: TextIO) -> Iterator[SaleLine | Finding]:
    """Each record of the export as a sale line, or as the finding that refuses it.

    Memory grows with 16 bytes per kept line, to tell exact repeats. Raises NotAnExport when the
    header lacks a column, or the file breaks off or is no CSV.
    """
    seen: set[bytes] = set()
    for number, header, cells in read_records(stream):
        yield judge(number=number, header=header, cells=cells, seen=seen)


def read_records(stream: TextIO) -> Iterator[tuple[int, list[str], list[str]]]:
    """Each record with the line on which it begins, the header, and its cells. Raises NotAnExport as `read_lines`."""
    try:
        reader = csv.reader(bounded_lines(stream), strict=True)
        header = [name.strip() for name in next(reader, [])]
        missing = [name for name in COLUMNS if name not in header]
        if missing:
            raise NotAnExport(f"the header lacks {', '.join(missing)}")
        begin = reader.line_num + 1
        for cells in reader:
            if cells:
                if "'" in "".join(cells):
                    cells = [genuine(cell) for cell in cells]  # from a report that was mended and fed again
                yield begin, header, cells
            begin = reader.line_num + 1
    except (csv.Error, EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise NotAnExport(f"it cannot be read after line {reader.line_num}: {error}") from error


def judge(*, number: int, header: list[str], cells: list[str], seen: set[bytes]) -> SaleLine | Finding:
    """The record as a sale line or as a finding; remembers a kept record's digest in `seen`."""
    row: dict[str, str] = {}
    try:
        row = row_of(header=header, cells=cells)
        refuse_garbled(cells)
        return _sale_line(number, row, cells, seen)
    except Refused as refused:
        return finding_of(number, row, refused)


def _sale_line(number: int, row: dict[str, str], cells: list[str], seen: set[bytes]) -> SaleLine:
    invoice = row["InvoiceNo"].strip()
    if is_cancellation(invoice):
        raise Refused(Reason.CANCELLATION, f"invoice {invoice}")
    stock_code, base = product_code_of(row)
    description = " ".join(row["Description"].split())
    if not description:
        raise Refused(Reason.BLANK_DESCRIPTION, f"quantity {row['Quantity']}, price {row['UnitPrice']}")
    unit_price, quantity, sold_at = figures_of(row)
    if unit_price <= 0:
        raise Refused(Reason.PRICE_NOT_POSITIVE, f"price {unit_price}: {description}")
    if quantity <= 0:
        raise Refused(Reason.QUANTITY_NOT_POSITIVE, f"quantity {quantity}: {description}")
    refuse_repeat(row, cells, seen)
    return SaleLine(number, stock_code, base, description, unit_price, sold_at)


def finding_of(number: int, row: dict[str, str], refused: Refused) -> Finding:
    """What is told of a refused record; a `row` that could not be read is empty."""
    code = row["StockCode"].strip() if row else ""
    cells = {name: row[name] for name in COLUMNS if row}
    return Finding(number, Kind.REFUSED, refused.reason, code, refused.detail, cells=cells)


def row_of(*, header: list[str], cells: list[str]) -> dict[str, str]:
    """The cells by column. Raises Refused when there are more or fewer."""
    if len(cells) != len(header):
        raise Refused(Reason.MALFORMED, f"{len(cells)} cells under {len(header)} columns")
    return dict(zip(header, cells, strict=True))


def refuse_garbled(cells: list[str]) -> None:
    """Raises Refused for what is no readable text."""
    text = "".join(cells)
    if REPLACEMENT in text:
        raise Refused(Reason.MALFORMED, "bytes that are not UTF-8")
    if CONTROL_CHARACTER.search(text):
        raise Refused(Reason.MALFORMED, "control characters")


def is_cancellation(invoice: str) -> bool:
    """Whether the invoice takes back what another one sold."""
    return invoice.upper().startswith("C")


def product_code_of(row: dict[str, str]) -> tuple[str, str]:
    """The stock code, and the same without its suffix letters. Raises Refused for postage, fees and the like."""
    stock_code = row["StockCode"].strip().upper()
    code = PRODUCT_CODE.fullmatch(stock_code)
    if not code:
        raise Refused(Reason.NOT_A_PRODUCT_CODE, " ".join(row["Description"].split()))
    return stock_code, code[1] or stock_code


def figures_of(row: dict[str, str]) -> tuple[Decimal, int, datetime]:
    """Unit price in cents, quantity, and when, in UTC. Raises Refused for what is none of these."""
    try:
        unit_price = Decimal(row["UnitPrice"].strip())
        quantity = int(row["Quantity"].strip())
        at = datetime.fromisoformat(row["InvoiceDate"].strip())
    except (InvalidOperation, ValueError):
        numbers = f"quantity {row['Quantity']!r}, price {row['UnitPrice']!r}, date {row['InvoiceDate']!r}"
        raise Refused(Reason.MALFORMED, f"unreadable {numbers}") from None
    if not unit_price.is_finite() or abs(unit_price) > HIGHEST_PRICE or unit_price != round(unit_price, 2):
        raise Refused(Reason.MALFORMED, f"price {row['UnitPrice'].strip()} is no amount in cents")
    return unit_price.quantize(Decimal("0.01")), quantity, at if at.tzinfo else at.replace(tzinfo=UTC)


def refuse_repeat(row: dict[str, str], cells: list[str], seen: set[bytes]) -> None:
    """Remember the record's digest. Raises Refused when it is there already."""
    digest = hashlib.blake2b("\x1f".join(cells).encode(), digest_size=16).digest()
    if digest in seen:
        description = " ".join(row["Description"].split())
        raise Refused(Reason.EXACT_REPEAT, f"invoice {row['InvoiceNo'].strip()}: {description}")
    seen.add(digest)
