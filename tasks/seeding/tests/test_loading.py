"""`seed_catalog`: rows that obey every invariant, once, and more of them when more are wanted."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from market.catalog.models import Category, Product, ProductListing, SearchDocument, Variant
from market.catalog.services.searching import walk_catalog
from market.catalog.tests.factories import make_product
from market.inventory.models import StockItem, StockMovement
from tasks.invariants import check_invariants
from tasks.seeding.loading import seed_products

pytestmark = pytest.mark.django_db


def rows_of(model: type, *columns: str) -> list[tuple]:
    return list(model.objects.order_by("pk").values_list(*columns))


def everything() -> dict[str, list[tuple]]:
    """All that was seeded, without the ids, which other rows may have shifted."""
    return {
        "products": rows_of(Product, "title", "slug", "description", "status", "category__slug", "created_at"),
        "variants": rows_of(
            Variant, "sku", "title", "price", "compare_at_price", "cost", "is_active", "in_stock", "attributes"
        ),
        "listings": rows_of(ProductListing, "title", "price", "is_listed", "popularity", "default_variant__sku"),
        "attributes": rows_of(Product, "attributes", "is_featured", "listing__attribute_tokens"),
        "stock": rows_of(StockItem, "variant__sku", "on_hand", "reserved"),
        "ledger": rows_of(StockMovement, "variant__sku", "quantity", "kind", "location"),
    }


@pytest.mark.django_db(transaction=True)
def test_the_command_tells_how_far_it_is_and_every_invariant_holds():
    output = StringIO()
    call_command("seed_catalog", products=600, seed=42, stdout=output)
    assert "600 of 600" in output.getvalue()
    assert "added 600 products of seed 42" in output.getvalue()
    assert Product.objects.count() == 600
    assert Category.objects.count() == 372
    assert {result.state for result in check_invariants()} <= {"held", "not checked"}
    assert set(SearchDocument.objects.values_list("tier", flat=True)) == {0}
    assert SearchDocument.objects.count() == 600
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT reloptions FROM pg_class WHERE relname ~ '^search_tier_'")
        assert cursor.fetchall() == [(["fastupdate=off"],)]


def test_seeding_goes_on_where_it_stopped_and_leaves_the_rest_alone():
    seed_products(seed=42, count=300, progress=lambda done: None)
    whole = everything()
    Product.objects.all().delete()
    stranger = make_product(title="Not seeded")
    seed_products(seed=42, count=120, progress=lambda done: None)
    assert seed_products(seed=42, count=300, progress=lambda done: None) == 180
    assert seed_products(seed=42, count=300, progress=lambda done: None) == 0
    stranger.delete()
    assert everything() == whole
    assert seed_products(seed=7, count=10, progress=lambda done: None) == 10
    assert Product.objects.count() == 310


@pytest.mark.parametrize("wrong", [{"products": 0}, {"products": 10_000_001}, {"products": 1, "seed": -1}])
def test_a_catalog_that_cannot_be_made_is_refused(wrong):
    with pytest.raises(CommandError, match="--"):
        call_command("seed_catalog", **wrong)
    assert Category.objects.count() == 0


def test_what_is_found_by_a_word_is_what_is_called_so(api_client):
    seed_products(seed=42, count=200, progress=lambda done: None)
    walk_catalog(batches=10)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM catalog_productlisting WHERE is_listed AND title ILIKE '%lantern%'")
        ((count,),) = cursor.fetchall()
    answer = api_client.get("/api/v1/products/?search=lantern").json()
    assert answer["count"] == count > 0
