"""Which lines of an export are kept, and for which reason the others are refused."""

import gzip
import io

import pytest

from tasks.imports.online_retail.findings import Finding, Kind, Reason, write_report
from tasks.imports.online_retail.lines import COLUMNS, NotAnExport, SaleLine, open_export, read_lines

GOOD = {
    "InvoiceNo": "536365",
    "StockCode": "85123A",
    "Description": "WHITE HANGING HEART T-LIGHT HOLDER",
    "Quantity": "6",
    "InvoiceDate": "2010-12-01 08:26:00",
    "UnitPrice": "2.55",
    "CustomerID": "17850.0",
    "Country": "United Kingdom",
}


def export(*rows: dict[str, str]) -> io.StringIO:
    """An export with the given rows, each a good one with some cells changed."""
    lines = [",".join(COLUMNS)]
    lines += [",".join(f'"{cell}"' for cell in (GOOD | row).values()) for row in rows]
    return io.StringIO("\r\n".join(lines) + "\r\n", newline="")


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"InvoiceNo": "C536379"}, Reason.CANCELLATION),
        ({"InvoiceNo": "c536379", "Quantity": "-6"}, Reason.CANCELLATION),
        ({"InvoiceNo": "C536379", "StockCode": "POST"}, Reason.CANCELLATION),
        ({"StockCode": "POST"}, Reason.NOT_A_PRODUCT_CODE),
        ({"StockCode": "BANK CHARGES"}, Reason.NOT_A_PRODUCT_CODE),
        ({"StockCode": "C2"}, Reason.NOT_A_PRODUCT_CODE),
        ({"StockCode": "8512"}, Reason.NOT_A_PRODUCT_CODE),
        ({"StockCode": "85123ABC"}, Reason.NOT_A_PRODUCT_CODE),
        ({"StockCode": "DCGS"}, Reason.NOT_A_PRODUCT_CODE),
        ({"StockCode": "POST", "Description": ""}, Reason.NOT_A_PRODUCT_CODE),
        ({"Description": ""}, Reason.BLANK_DESCRIPTION),
        ({"Description": "   ", "UnitPrice": "0.0"}, Reason.BLANK_DESCRIPTION),
        ({"UnitPrice": "0.0"}, Reason.PRICE_NOT_POSITIVE),
        ({"UnitPrice": "-11062.06", "Quantity": "0"}, Reason.PRICE_NOT_POSITIVE),
        ({"Quantity": "0"}, Reason.QUANTITY_NOT_POSITIVE),
        ({"Quantity": "-2"}, Reason.QUANTITY_NOT_POSITIVE),
        ({"Quantity": "many"}, Reason.MALFORMED),
        ({"Quantity": "1.5"}, Reason.MALFORMED),
        ({"Quantity": "9" * 5000}, Reason.MALFORMED),
        ({"UnitPrice": "NaN"}, Reason.MALFORMED),
        ({"UnitPrice": "sNaN"}, Reason.MALFORMED),
        ({"UnitPrice": "-1e400"}, Reason.MALFORMED),
        ({"UnitPrice": "100000000"}, Reason.MALFORMED),
        ({"UnitPrice": "2.555"}, Reason.MALFORMED),
        ({"InvoiceDate": "01/12/2010 08:26"}, Reason.MALFORMED),
        ({"Description": "NUL \x00 BYTE"}, Reason.MALFORMED),
        ({"Description": "NO UTF-8 \N{REPLACEMENT CHARACTER}"}, Reason.MALFORMED),
    ],
)
def test_line_is_refused_with_its_line_and_reason(cells, reason):
    kept, refused = read_lines(export({}, cells))
    assert (kept.number, kept.stock_code) == (2, "85123A")
    assert isinstance(refused, Finding)
    assert (refused.line, refused.kind, refused.reason) == (3, Kind.REFUSED, reason)


@pytest.mark.parametrize(
    ("written", "stock_code", "base"),
    [
        ("85123A", "85123A", "85123"),
        ("85123a", "85123A", "85123"),
        (" 15056bl ", "15056BL", "15056"),
        ("22423", "22423", "22423"),
        ("DCGS0004", "DCGS0004", "DCGS0004"),
        ("dcgssgirl", "DCGSSGIRL", "DCGSSGIRL"),
    ],
)
def test_stock_code_is_folded_and_split_from_its_suffix(written, stock_code, base):
    (line,) = read_lines(export({"StockCode": written}))
    assert (line.stock_code, line.base) == (stock_code, base)


def test_exact_repeat_is_refused_and_any_difference_is_kept():
    others = [{"InvoiceNo": "536366"}, {"Quantity": "7"}, {"UnitPrice": "2.56"}, {"CustomerID": ""}]
    outcomes = list(read_lines(export({}, {}, *others, {})))
    assert [outcome.reason if isinstance(outcome, Finding) else "kept" for outcome in outcomes] == [
        "kept",
        Reason.EXACT_REPEAT,
        *["kept"] * len(others),
        Reason.EXACT_REPEAT,
    ]


def test_line_numbers_count_the_lines_of_the_file():
    rows = export({"Description": "TWO\r\nLINES"}, {"InvoiceNo": "C1"})
    first, second = read_lines(rows)
    assert (first.number, first.description) == (2, "TWO LINES")
    assert second.line == 4


def test_row_with_missing_cells_is_refused():
    stream = io.StringIO(",".join(COLUMNS) + "\n536365,85123A,HEART\n", newline="")
    (refused,) = read_lines(stream)
    assert (refused.line, refused.reason, refused.detail) == (2, Reason.MALFORMED, "3 cells under 8 columns")


@pytest.mark.parametrize("text", ["", "a,b,c\n1,2,3\n", '"' + ",".join(COLUMNS)])
def test_other_files_are_refused_as_a_whole(text):
    with pytest.raises(NotAnExport):
        list(read_lines(io.StringIO(text, newline="")))


def test_export_is_read_plain_and_packed_alike_and_a_broken_archive_is_named(tmp_path):
    text = export({}, {"Description": "CAFÉ SIGN"}).getvalue().encode("utf-8-sig")
    plain, packed, broken = tmp_path / "lines.csv", tmp_path / "lines.csv.gz", tmp_path / "broken.csv.gz"
    plain.write_bytes(text)
    packed.write_bytes(gzip.compress(text))
    broken.write_bytes(gzip.compress(text)[:-10])
    outcomes = []
    for path in (plain, packed):
        with open_export(path) as stream:
            outcomes.append(list(read_lines(stream)))
    assert outcomes[0] == outcomes[1]
    assert all(isinstance(outcome, SaleLine) for outcome in outcomes[0])
    with pytest.raises(NotAnExport), open_export(broken) as stream:
        list(read_lines(stream))


def test_bytes_that_are_not_utf_8_refuse_their_line_only(tmp_path):
    path = tmp_path / "latin.csv"
    path.write_bytes(export({}, {"Description": "CAFÉ"}).getvalue().encode("latin-1"))
    with open_export(path) as stream:
        kept, refused = read_lines(stream)
    assert isinstance(kept, SaleLine)
    assert (refused.reason, refused.detail) == (Reason.MALFORMED, "bytes that are not UTF-8")


def test_report_names_line_and_reason_and_holds_no_formula():
    stream = io.StringIO(newline="")
    findings = [
        Finding(9, Kind.WARNING, Reason.NO_CATEGORY, "22423", "+1 stand"),
        Finding(3, Kind.REFUSED, Reason.CANCELLATION, "=cmd", "invoice C1"),
    ]
    write_report(findings=findings, stream=stream)
    assert stream.getvalue().splitlines() == [
        "line,kind,reason,stock_code,detail",
        "3,refused,cancellation,'=cmd,invoice C1",
        "9,warning,no_category,22423,'+1 stand",
    ]
