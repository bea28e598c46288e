"""Prices by percent: which variants, to which amounts, and what the lists show then."""

from decimal import Decimal

import pytest

from core.errors import Invalid
from core.operations import services
from core.operations.registry import operation_named
from core.operations.services.working import claim_run, do_next_batch, prepared_operation
from market.catalog.models import ProductListing, Variant
from market.catalog.services import update_variant
from market.catalog.tests.factories import make_category, make_product, make_variant
from tasks.operations.reprice import Reprice
from tasks.operations.tests.working import run_of, worked_on

pytestmark = pytest.mark.django_db


def price_of(sku: str) -> str:
    return str(Variant.objects.get(sku=sku).price)


@pytest.fixture
def shelves() -> dict[str, object]:
    """Home > Lamps > Shades, and Garden, each with a product at 10.00 named after it."""
    home = make_category(slug="home")
    lamps = make_category(slug="lamps", parent=home)
    made = {"home": home, "lamps": lamps, "shades": make_category(slug="shades", parent=lamps)}
    made["garden"] = make_category(slug="garden")
    for slug, category in made.items():
        make_product(category=category, sku=slug.upper(), price="10.00")
    make_product(sku="NOWHERE", price="10.00")
    return made


def test_a_category_is_meant_with_all_below_it(shelves):
    run = run_of("reprice", percent=10, category="lamps")
    assert (run.total, run.processed, run.counts) == (2, 2, {"changed": 2, "unchanged": 0})
    prices = {sku: price_of(sku) for sku in ("HOME", "LAMPS", "SHADES", "GARDEN", "NOWHERE")}
    assert prices == {"HOME": "10.00", "LAMPS": "11.00", "SHADES": "11.00", "GARDEN": "10.00", "NOWHERE": "10.00"}
    assert ProductListing.objects.get(product__slug=Variant.objects.get(sku="SHADES").product.slug).price == 11


def test_without_a_category_everything_is_meant(shelves):
    run = run_of("reprice", percent="-25.5")
    assert (run.total, run.counts) == (5, {"changed": 5, "unchanged": 0})
    assert {str(price) for price in Variant.objects.values_list("price", flat=True)} == {"7.45"}


@pytest.mark.parametrize(
    ("price", "compare_at", "percent", "expected"),
    [
        ("10.00", None, "10", ("11.00", None)),
        ("0.05", None, "10", ("0.06", None)),  # half a cent goes up
        ("0.04", None, "10", ("0.04", None)),
        ("0.00", None, "50", ("0.00", None)),
        ("10.00", "12.00", "10", ("11.00", "12.00")),
        ("10.00", "11.00", "10", ("11.00", None)),  # nothing to strike through any more
        ("10.00", "10.50", "10", ("11.00", None)),
        ("99999999.99", None, "-10", ("89999999.99", None)),
    ],
)
def test_each_price(price, compare_at, percent, expected):
    make_variant(sku="LAMP", price=price, compare_at_price=compare_at)
    run_of("reprice", percent=percent)
    lamp = Variant.objects.get(sku="LAMP")
    assert (str(lamp.price), lamp.compare_at_price and str(lamp.compare_at_price)) == expected


def test_a_price_that_cannot_be_stored_fails_alone_and_can_be_tried_again():
    make_variant(sku="DEAR", price="95000000.00")
    make_variant(sku="LAMP", price="10.00")
    run = run_of("reprice", percent=10)
    assert (price_of("DEAR"), price_of("LAMP"), run.failed) == ("95000000.00", "11.00", 1)
    assert list(services.failed_rows(run=run)) == [
        ["sku", "price", "reason", "message"],
        ["DEAR", "95000000.00", "out_of_range", "104500000.00 is more than a price can be."],
    ]
    dear = Variant.objects.get(sku="DEAR")
    update_variant(product_id=dear.product_id, variant_id=dear.pk, changes={"price": Decimal("100.00")})
    run = worked_on(services.retry_failed_rows(run_id=run.pk))
    assert (price_of("DEAR"), price_of("LAMP"), run.failed, run.processed) == ("110.00", "11.00", 0, 2)


def test_a_dry_run_shows_the_differences_and_changes_nothing(shelves):
    before = list(Variant.objects.order_by("pk").values())
    listings = list(ProductListing.objects.order_by("pk").values())
    run = run_of("reprice", percent=10, dry_run=True)
    assert run.counts == {"changed": 5, "unchanged": 0}
    assert run.sample_changes[0] == {"row": "HOME", "field": "price", "before": "10.00", "after": "11.00"}
    assert list(Variant.objects.order_by("pk").values()) == before
    assert list(ProductListing.objects.order_by("pk").values()) == listings


def test_variants_that_are_made_meanwhile_keep_their_price(monkeypatch, shelves):
    monkeypatch.setattr(Reprice, "batch_size", 2)
    run = services.create_run(operation=operation_named("reprice"), params={"percent": 10})
    services.start_run(run_id=run.pk)
    lease = claim_run(run_id=run.pk, worker="tests:1")
    operation = prepared_operation(lease=lease)
    do_next_batch(lease=lease, operation=operation)
    do_next_batch(lease=lease, operation=operation)
    make_variant(sku="NEW", price="10.00")
    while do_next_batch(lease=lease, operation=operation):
        pass
    run.refresh_from_db()
    assert (price_of("NEW"), price_of("NOWHERE"), run.total, run.processed) == ("10.00", "11.00", 5, 5)


@pytest.mark.parametrize("percent", ["0", "-100", "1000.01", "1.234", "NaN", "ten", ""])
def test_percentages_that_make_no_sense_are_refused(percent):
    with pytest.raises(Invalid) as refusal:
        services.create_run(operation=operation_named("reprice"), params={"percent": percent})
    assert {error.field for error in refusal.value.errors} == {"params.percent"}


def test_a_batch_costs_the_same_however_large(count_statements):
    def cost(variants: int) -> int:
        ids = [make_variant().pk for _ in range(variants)]
        operation = Reprice({"percent": Decimal(10)})
        rows = operation.rows_of(keys=[str(pk) for pk in ids])
        with count_statements() as statements:
            operation.process_batch(rows)
        return len(statements)

    assert cost(1) == cost(20) == 7
