"""The sample loaded for real: what is sold afterwards, and that a second load changes nothing."""

import csv
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Count, F, Sum

from market.catalog.models import Category, Product, ProductListing, Variant
from market.catalog.services import update_product
from market.catalog.services.imports import ProductImport, VariantImport, import_products
from market.inventory.models import StockItem, StockMovement
from tasks.imports import online_retail

SAMPLE = Path(online_retail.__file__).parents[1] / "data" / "online-retail-sample.csv.gz"
TABLES = (
    "catalog_category",
    "catalog_product",
    "catalog_variant",
    "catalog_productlisting",
    "inventory_stockitem",
    "inventory_stockmovement",
)


def contents() -> dict[str, str]:
    """A digest of each table that an import writes."""
    with connection.cursor() as cursor:
        digests = {}
        for table in TABLES:
            cursor.execute(f"SELECT md5(string_agg(t::text, chr(10) ORDER BY t::text)) FROM {table} t")  # noqa: S608
            digests[table] = cursor.fetchone()[0]
    return digests


def write_export(path: Path, *rows: str) -> Path:
    """A small export: each row is `code,description,price`."""
    header = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
    lines = []
    for number, row in enumerate(rows, start=536365):
        code, description, price = row.split(",")
        lines.append(f"{number},{code},{description},1,2010-12-01 08:26:00,{price},17850.0,United Kingdom")
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


@pytest.mark.django_db
def test_sample_becomes_the_catalog_and_a_second_run_changes_nothing(tmp_path, capsys, api_client):
    report = tmp_path / "report.csv"
    call_command("import_online_retail", SAMPLE, report=report)
    printed = capsys.readouterr().out
    assert "30,000 lines are 2,757 products with 2,959 variants" in printed
    assert "refused 790 lines: cancellation 620, not_a_product_code 109, blank_description 15" in printed
    assert "added 2,757 products, 2,959 variants and 43 categories" in printed

    with report.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 790 + 138
    assert rows[0] == {
        "line": "47",
        "kind": "refused",
        "reason": "cancellation",
        "stock_code": "22625",
        "detail": "invoice C580762",
    }

    active = Product.objects.filter(status=Product.Status.ACTIVE)
    assert (active.count(), Variant.objects.count()) == (2_757, 2_959)
    assert ProductListing.objects.filter(is_listed=True, in_stock=True).count() == 2_757
    assert Product.objects.filter(category=None).count() == 8
    assert Category.objects.filter(parent=None).count() == 12
    assert StockItem.objects.aggregate(Sum("on_hand"), Sum("reserved")) == {
        "on_hand__sum": 299_756,
        "reserved__sum": 0,
    }
    ledger = StockMovement.objects.values("kind").annotate(lines=Count("pk"), units=Sum("quantity"))
    assert list(ledger) == [{"kind": "opening", "lines": 2_959, "units": 299_756}]
    assert not StockMovement.objects.exclude(variant__stock__on_hand=F("quantity")).exists()
    heart = Variant.objects.select_related("product__category").get(sku="85123A")
    assert (heart.product.title, heart.price, heart.product.category.slug) == (
        "White Hanging Heart T-Light Holder",
        Decimal("2.95"),
        "candles-and-light-holders-and-lanterns",
    )
    listed = api_client.get("/api/v1/products/?category=candles-and-light&search=hanging heart t-light").json()
    assert "White Hanging Heart T-Light Holder" in [product["title"] for product in listed["results"]]

    before = contents()
    call_command("import_online_retail", SAMPLE)
    assert "added 0 products, 0 variants and 0 categories" in capsys.readouterr().out
    assert contents() == before


@pytest.mark.django_db
def test_dry_run_reports_and_writes_nothing(tmp_path, capsys):
    before = contents()
    report = tmp_path / "report.csv"
    call_command("import_online_retail", SAMPLE, report=report, dry_run=True)
    assert len(report.read_text().splitlines()) == 1 + 790 + 138
    assert "dry run: nothing was loaded" in capsys.readouterr().out
    assert contents() == before


@pytest.mark.django_db
def test_later_export_adds_what_is_missing_and_leaves_what_staff_changed(tmp_path):
    first = write_export(tmp_path / "first.csv", "84997A,CHILDRENS CUTLERY GREEN,3.75", "22423,CAKE STAND,12.75")
    call_command("import_online_retail", first)
    stand = Product.objects.get(variants__sku="22423")
    update_product(product_id=stand.pk, changes={"title": "Staff's own title", "slug": "own-slug"})
    Variant.objects.filter(sku="22423").update(price="9.99")

    second = write_export(
        tmp_path / "second.csv",
        "84997A,CHILDRENS CUTLERY GREEN,4.15",
        "84997B,CHILDRENS CUTLERY RED,4.15",
        "22423,CAKE STAND,12.75",
        "22424,JAM POT,1.00",
    )
    call_command("import_online_retail", second)
    prices = dict(Variant.objects.values_list("sku", "price"))
    assert prices == {
        "84997A": Decimal("3.75"),
        "84997B": Decimal("4.15"),
        "22423": Decimal("9.99"),
        "22424": Decimal("1.00"),
    }
    assert Product.objects.count() == 3
    cutlery = Product.objects.get(variants__sku="84997B")
    assert list(cutlery.variants.values_list("sku", flat=True)) == ["84997A", "84997B"]
    stand.refresh_from_db()
    assert (stand.title, stand.slug) == ("Staff's own title", "own-slug")
    assert StockMovement.objects.count() == 4


@pytest.mark.django_db(transaction=True)
def test_two_imports_at_once_add_each_row_once(tmp_path):
    export = write_export(tmp_path / "export.csv", *(f"{code},MUG NUMBER {code},1.50" for code in range(20000, 20100)))

    def run():
        try:
            call_command("import_online_retail", export)
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=3) as pool:
        for running in [pool.submit(run) for _ in range(3)]:
            running.result()
    assert (Product.objects.count(), Variant.objects.count(), StockMovement.objects.count()) == (100, 100, 100)


@pytest.mark.django_db
@pytest.mark.parametrize("content", [None, "not,an,export\n1,2,3\n"])
def test_what_is_no_export_is_refused_by_name(tmp_path, content):
    path = tmp_path / "export.csv"
    if content is not None:
        path.write_text(content)
    with pytest.raises(CommandError, match=r"export\.csv was not imported"):
        call_command("import_online_retail", path)
    assert not Product.objects.exists()


@pytest.mark.django_db
def test_a_batch_costs_the_same_however_large(count_statements):
    def batch(first: int, size: int) -> list[ProductImport]:
        variants = [
            VariantImport(sku=f"{number}", title="", price=Decimal("1.00")) for number in range(first, first + size)
        ]
        return [
            ProductImport(f"Mug {item.sku}", f"mug-{item.sku}", "", datetime(2011, 1, 1, tzinfo=UTC), (item,))
            for item in variants
        ]

    with count_statements() as small:
        import_products(products=batch(10_000, 1))
    with count_statements() as large:
        import_products(products=batch(20_000, 300))
    assert len(small) == len(large) <= 12
    assert ProductListing.objects.filter(is_listed=True).count() == 301
