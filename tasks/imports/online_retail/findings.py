"""What an import has to tell: refused lines and doubtful ones, each with its line and reason."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TextIO

from core.spreadsheets import csv_lines

COLUMNS = ("line", "kind", "reason", "stock_code", "detail")


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
    NO_CUSTOMER = "no_customer"
    EXACT_REPEAT = "exact_repeat"

    PRICE_SPREAD = "price_spread"
    SUFFIXES_SPLIT = "suffixes_split"
    NO_CATEGORY = "no_category"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. `line` is where the record begins in the file, the header being line 1.

    A refused record brings its `cells` by column, unless it has not as many as there are columns.
    """

    line: int
    kind: Kind
    reason: Reason
    stock_code: str
    detail: str
    cells: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)


def write_report(*, findings: Iterable[Finding], stream: TextIO) -> None:
    """The findings as CSV in the order of the file's lines. Cells that a spreadsheet would run are quoted with '."""
    ordered = sorted(findings, key=lambda finding: (finding.line, finding.kind, finding.reason))
    lines = [(found.line, found.kind, found.reason, found.stock_code, found.detail) for found in ordered]
    stream.writelines(csv_lines([COLUMNS, *lines]))


def count_by_reason(*, findings: Iterable[Finding], kind: Kind) -> dict[str, int]:
    """How many findings of the kind there are per reason, in the order of `Reason`."""
    counted = Counter(finding.reason for finding in findings if finding.kind is kind)
    return {str(reason): counted[reason] for reason in Reason if counted[reason]}
