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
                yield judge(number=begin, header=header, cells=cells, seen=seen)
            begin = reader.line_num + 1
    except (csv.Error, EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise NotAnExport(f"it cannot be read after line {reader.line_num}: {error}") from error


def judge(*, number: int, header: list[str], cells: list[str], seen: set[bytes]) -> SaleLine | Finding:
    """The record as a sale line or as a finding; remembers a kept record's digest in `seen`."""

    def refuse(reason: Reason, detail: str) -> Finding:
        code = row["StockCode"].strip() if row else ""
        return Finding(number, Kind.REFUSED, reason, code, detail, cells={name: row[name] for name in COLUMNS if row})

    row = dict(zip(header, cells, strict=True)) if len(cells) == len(header) else {}
    if not row:
        return refuse(Reason.MALFORMED, f"{len(cells)} cells under {len(header)} columns")
    text = "".join(cells)
    if REPLACEMENT in text:
        return refuse(Reason.MALFORMED, "bytes that are not UTF-8")
    if CONTROL_CHARACTER.search(text):
        return refuse(Reason.MALFORMED, "control characters")
    if row["InvoiceNo"].strip().upper().startswith("C"):
        return refuse(Reason.CANCELLATION, f"invoice {row['InvoiceNo'].strip()}")
    stock_code = row["StockCode"].strip().upper()
    code = PRODUCT_CODE.fullmatch(stock_code)
    if not code:
        return refuse(Reason.NOT_A_PRODUCT_CODE, " ".join(row["Description"].split()))
    description = " ".join(row["Description"].split())
    if not description:
        return refuse(Reason.BLANK_DESCRIPTION, f"quantity {row['Quantity']}, price {row['UnitPrice']}")
    try:
        unit_price = Decimal(row["UnitPrice"].strip())
        quantity = int(row["Quantity"].strip())
        sold_at = datetime.fromisoformat(row["InvoiceDate"].strip())
    except (InvalidOperation, ValueError):
        numbers = f"quantity {row['Quantity']!r}, price {row['UnitPrice']!r}, date {row['InvoiceDate']!r}"
        return refuse(Reason.MALFORMED, f"unreadable {numbers}")
    if not unit_price.is_finite() or abs(unit_price) > HIGHEST_PRICE or unit_price != round(unit_price, 2):
        return refuse(Reason.MALFORMED, f"price {row['UnitPrice'].strip()} is no amount in cents")
    if unit_price <= 0:
        return refuse(Reason.PRICE_NOT_POSITIVE, f"price {unit_price}: {description}")
    if quantity <= 0:
        return refuse(Reason.QUANTITY_NOT_POSITIVE, f"quantity {quantity}: {description}")
    digest = hashlib.blake2b("\x1f".join(cells).encode(), digest_size=16).digest()
    if digest in seen:
        return refuse(Reason.EXACT_REPEAT, f"invoice {row['InvoiceNo'].strip()}: {description}")
    seen.add(digest)
    return SaleLine(
        number=number,
        stock_code=stock_code,
        base=code[1] or stock_code,
        description=description,
        unit_price=unit_price.quantize(Decimal("0.01")),
        sold_at=sold_at if sold_at.tzinfo else sold_at.replace(tzinfo=UTC),
    )
