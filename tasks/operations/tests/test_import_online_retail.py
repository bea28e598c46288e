"""The import as an operation: which files, what it adds, how refused lines come back."""

import gzip
from pathlib import Path

import pytest

from core.errors import Invalid
from core.operations import services
from core.operations.models import RunFile
from core.operations.registry import operation_named
from core.spreadsheets import csv_lines
from market.catalog.models import Product, Variant
from market.inventory.models import StockItem
from tasks.imports.online_retail import lines
from tasks.operations.import_online_retail import ImportOnlineRetail
from tasks.operations.tests.working import run_of, worked_on

pytestmark = pytest.mark.django_db
SAMPLE = Path(__file__).resolve().parents[2] / "imports/data/online-retail-sample.csv.gz"
HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
LAMP = "536365,10001,RED LAMP,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom\n"
MUG = "536366,10002,BLUE MUG,6,2010-12-01 08:26:00,1.25,17850.0,United Kingdom\n"
POSTAGE = "536370,POST,=POSTAGE,3,2010-12-01 08:45:00,18.0,12583.0,France\n"


def test_products_are_added_with_stock_and_refused_lines_are_told():
    run = run_of("import_online_retail", file=(HEADER + LAMP + POSTAGE + MUG).encode())
    assert (run.state, run.total, run.processed, run.failed) == ("finished", 3, 3, 1)
    assert run.counts == {
        "lines": 3, "lines refused": 1, "warnings": 0, "products added": 2, "variants added": 2,
    }  # fmt: skip
    assert run.sample_changes[0] == {"row": "10001", "field": "variant", "before": None, "after": "Red Lamp, 2.55"}
    assert StockItem.objects.count() == 2
    assert "".join(csv_lines(services.failed_rows(run=run))).splitlines()[1] == (
        "536370,POST,'=POSTAGE,3,2010-12-01 08:45:00,18.0,12583.0,France,3,not_a_product_code,'=POSTAGE"
    )


def test_refused_lines_are_mended_and_fed_again():
    run = run_of("import_online_retail", file=(HEADER + LAMP + POSTAGE).encode())
    mended = "".join(csv_lines(services.failed_rows(run=run))).replace(",POST,", ",10003,")
    run = run_of("import_online_retail", file=mended.encode())
    assert (run.failed, run.counts["products added"]) == (0, 1)
    assert Variant.objects.get(sku="10003").product.title == "=Postage"


def test_what_is_there_stays_as_it_is():
    run_of("import_online_retail", file=(HEADER + LAMP).encode())
    Variant.objects.update(price="9.99")
    run = run_of("import_online_retail", file=(HEADER + LAMP + MUG).encode())
    assert (run.counts["products added"], run.counts["variants added"]) == (1, 1)
    assert [change["row"] for change in run.sample_changes] == ["10002"]
    assert str(Variant.objects.get(sku="10001").price) == "9.99"


def test_the_sample_in_several_batches_gives_what_the_command_gives():
    dry = run_of("import_online_retail", file=SAMPLE, dry_run=True)
    assert not Product.objects.exists()
    run = run_of("import_online_retail", file=SAMPLE)
    for told in (dry, run):
        assert (told.processed, told.failed, told.steps.count()) == (2757 + 790, 790, 8)
        assert (told.counts["products added"], told.counts["variants added"]) == (2757, 2959)
    assert (Product.objects.count(), Variant.objects.count()) == (2757, 2959)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"%PDF-1.7 export", "not_an_export"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "not_an_export"),
        (b"\x1f\x8b" + b"no gzip", "not_an_export"),
        (gzip.compress((HEADER + LAMP).encode(), mtime=0)[:40], "not_an_export"),
        (HEADER.encode(), "empty"),
        (HEADER.replace("UnitPrice", "Price").encode() + LAMP.encode(), "not_an_export"),
        (gzip.compress(b"x" * 3_000_000, mtime=0), "not_an_export"),
    ],
)
def test_a_file_is_judged_by_its_content(content, code):
    with pytest.raises(Invalid) as refusal:
        run_of("import_online_retail", file=content)
    assert [(error.field, error.code) for error in refusal.value.errors] == [("file", code)]
    assert not RunFile.objects.exists()


def test_a_small_file_that_unpacks_without_end_ends_the_run(monkeypatch):
    monkeypatch.setattr(lines, "MOST_CHARACTERS", 100_000)
    run = run_of("import_online_retail", file=gzip.compress((HEADER + LAMP * 10_000).encode()))
    assert (run.state, run.last_error) == ("failed", "The file cannot be read: it is too large when unpacked.")
    assert not Product.objects.exists()


def test_a_file_that_was_deleted_ends_the_run():
    with SAMPLE.open("rb") as stream:
        file = services.store_file(operation=ImportOnlineRetail, name="f", stream=stream, user_id=None)
    run = services.create_run(operation=operation_named("import_online_retail"), params={"file": str(file.pk)})
    services.start_run(run_id=run.pk)
    RunFile.objects.all().delete()
    assert worked_on(run).last_error == "Its file was deleted."
