"""What an import has to tell: refused lines and doubtful ones, each with its line and reason."""

import csv
from collections import Counter
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from enum import StrEnum
from typing import TextIO


class Kind(StrEnum):
    REFUSED = "refused"
    WARNING = "warning"


class Reason(StrEnum):
    """Why a line was refused (in the order in which a line is judged), or what is doubtful."""

    MALFORMED = "malformed"
    CANCELLATION = "cancellation"
    NOT_A_PRODUCT_CODE = "not_a_product_code"
    BLANK_DESCRIPTION = "blank_description"
    PRICE_NOT_POSITIVE = "price_not_positive"
    QUANTITY_NOT_POSITIVE = "quantity_not_positive"
    EXACT_REPEAT = "exact_repeat"

    PRICE_SPREAD = "price_spread"
    SUFFIXES_SPLIT = "suffixes_split"
    NO_CATEGORY = "no_category"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. `line` is where the record begins in the file, the header being line 1."""

    line: int
    kind: Kind
    reason: Reason
    stock_code: str
    detail: str


def write_report(*, findings: Iterable[Finding], stream: TextIO) -> None:
    """The findings as CSV in the order of the file's lines. Cells that a spreadsheet would run are quoted with '."""
    writer = csv.writer(stream)
    writer.writerow(["line", "kind", "reason", "stock_code", "detail"])
    for finding in sorted(findings, key=lambda finding: (finding.line, finding.kind, finding.reason)):
        writer.writerow([inert(str(value)) for value in astuple(finding)])


def inert(cell: str) -> str:
    """The cell, never a formula."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def count_by_reason(*, findings: Iterable[Finding], kind: Kind) -> dict[str, int]:
    """How many findings of the kind there are per reason, in the order of `Reason`."""
    counted = Counter(finding.reason for finding in findings if finding.kind is kind)
    return {str(reason): counted[reason] for reason in Reason if counted[reason]}
