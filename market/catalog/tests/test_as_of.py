"""Prices of another moment, for staff: what they were as far as that is recorded, what they will be as planned."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.utils import timezone

from core.accounts.tests.factories import make_user
from market.catalog.models import PriceSpan, Variant
from market.catalog.rules import TOLD_BACK
from market.catalog.services import NewPriceChange, plan_price_changes, reprice_variants, update_variant
from market.catalog.services.prices import prune_price_spans
from market.catalog.tests.factories import make_price_change, make_product, make_variant
from market.orders.tests.factories import make_staff

pytestmark = pytest.mark.django_db
KEEPER = "catalog.view_variant"


def iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


@pytest.fixture
def told(client_of):
    """Asks what a variant's page says of its price at a moment."""
    client = client_of(make_staff(KEEPER))

    def ask(variant: Variant, moment: datetime) -> tuple:
        answer = client.get(f"/api/v1/products/{variant.product_id}/variants/{variant.pk}/", {"as_of": iso(moment)})
        assert answer.status_code == 200, answer.json()
        document = answer.json()
        assert document["as_of"] == iso(moment)
        assert document["price_is_known"] == (document["price_known_since"] is None)
        names = ("price", "compare_at_price", "price_basis", "price_known_since")
        return tuple(document[name] for name in names)

    return ask


def test_past_prices_are_those_that_were_whoever_changed_them(told):
    variant = make_variant(price="10.00")
    born = timezone.now()
    update_variant(
        product_id=variant.product_id, variant_id=variant.pk, changes={"price": Decimal(8), "compare_at_price": 10}
    )
    on_sale = timezone.now()
    reprice_variants(variant_ids=[variant.pk], percent=Decimal(50))
    repriced = timezone.now()
    Variant.objects.filter(pk=variant.pk).update(price=7)  # past all services

    assert told(variant, born) == ("10.00", None, "past", None)
    assert told(variant, on_sale) == ("8.00", "10.00", "past", None)
    assert told(variant, repriced) == ("12.00", None, "past", None)
    assert told(variant, timezone.now()) == ("7.00", None, "present", None)
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    assert told(variant, long_ago) == ("10.00", None, "past", iso(variant.created_at)), "the earliest that is known"


def test_what_is_no_longer_recorded_is_told_as_unknown(told):
    variant, still = make_variant(price="10.00"), make_variant(price="3.00")
    years_ago = timezone.now() - timedelta(days=1000)
    Variant.objects.update(created_at=years_ago)
    update_variant(product_id=variant.product_id, variant_id=variant.pk, changes={"price": Decimal(8)})
    update_variant(product_id=variant.product_id, variant_id=variant.pk, changes={"price": Decimal(9)})
    first, _ = PriceSpan.objects.order_by("pk")
    assert first.began_at == years_ago
    then = timezone.now() - timedelta(days=800)
    PriceSpan.objects.filter(pk=first.pk).update(ended_at=then)
    PriceSpan.objects.exclude(pk=first.pk).update(began_at=then)
    assert prune_price_spans(limit=10) == 1

    price, _, basis, known_since = told(variant, then - timedelta(days=1))
    assert (price, basis) == ("8.00", "past")
    earliest = timezone.now() - TOLD_BACK
    assert abs(datetime.fromisoformat(known_since) - earliest) < timedelta(hours=1)
    price, _, _, known_since = told(still, then)
    assert price == "3.00" and known_since is not None
    assert told(still, earliest + timedelta(days=1)) == ("3.00", None, "present", None)


def test_future_prices_are_those_that_are_planned(told):
    variant = make_variant(price="10.00")
    now = timezone.now()
    hours = [now + timedelta(hours=hour) for hour in range(5)]
    make_price_change(variant, starts_at=hours[1], ends_at=hours[3], price=Decimal(8), compare_at_price=Decimal(10))
    make_price_change(variant, starts_at=hours[2], price=Decimal(9))
    assert [told(variant, hour) for hour in hours] == [
        ("10.00", None, "present", None),
        ("8.00", "10.00", "planned", None),
        ("9.00", "10.00", "planned", None),
        *[("9.00", None, "planned", None)] * 2,
    ]


def test_a_page_shows_the_variant_that_was_cheapest(client_of):
    product = make_product(variants=[{"price": "10.00"}, {"price": "12.00"}])
    dear, cheap = product.variants.order_by("price")
    before = timezone.now()
    update_variant(product_id=product.pk, variant_id=cheap.pk, changes={"price": Decimal(5)})
    client = client_of(make_staff(KEEPER, "catalog.view_product"))
    for path in (f"{product.pk}/", f"slug/{product.slug}/"):
        then = client.get(f"/api/v1/products/{path}", {"as_of": iso(before)}).json()
        assert (then["price"], then["default_variant"], then["prices_are_known"]) == ("10.00", dear.pk, True)
        assert [row["price"] for row in then["variants"]] == ["10.00", "12.00"]
        now = client.get(f"/api/v1/products/{path}").json()
        assert (now["price"], now["default_variant"], "as_of" in now) == ("5.00", cheap.pk, False)


def test_noting_many_prices_reads_no_table_through():
    variants = [make_variant(price="10.00") for _ in range(20)]
    reprice_variants(variant_ids=[variants[0].pk], percent=Decimal(10))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE catalog_pricespan")  # of one row: not worth an index, one would think

        def rows_read_through() -> int:
            cursor.execute("SELECT seq_tup_read FROM pg_stat_xact_user_tables WHERE relname = 'catalog_pricespan'")
            return cursor.fetchone()[0]

        before = rows_read_through()
        reprice_variants(variant_ids=[variant.pk for variant in variants], percent=Decimal(10))
        assert (rows_read_through() - before, PriceSpan.objects.count()) == (0, 21)


def paths_of(variant: Variant) -> list[str]:
    at = f"/api/v1/products/{variant.product_id}/"
    return [at, f"/api/v1/products/slug/{variant.product.slug}/", f"{at}variants/", f"{at}variants/{variant.pk}/"]


def test_it_is_for_staff_who_may_and_nobody_keeps_it(api_client, client_of):
    variant = make_variant()
    moment = iso(timezone.now())
    may_not = [client_of(make_user()), client_of(make_staff("catalog.change_variant", "pricing.view_promotion"))]
    for path in paths_of(variant):
        refused = api_client.get(path, {"as_of": moment})
        assert (refused.status_code, "public" in refused["Cache-Control"]) == (401, False)
        assert [client.get(path, {"as_of": moment}).status_code for client in may_not] == [403, 403]
        answer = client_of(make_staff(KEEPER)).get(path, {"as_of": moment})
        assert (answer.status_code, answer["Cache-Control"]) == (200, "private, no-store")
        assert "ETag" not in answer
        assert "public" in api_client.get(path)["Cache-Control"]
        assert "as_of" not in api_client.get(path).content.decode()
    own = f"/api/v1/products/{variant.product_id}/"
    for shelf in ("/api/v1/products/", "/api/v1/products/facets/", f"{own}related/", f"{own}images/"):
        refused = client_of(make_staff()).get(shelf, {"as_of": moment})
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "as_of"), "they sort by what is now"


@pytest.mark.parametrize("bad", ["", "soon", "2026-01-01", "2026-01-01T00:00:00", "2026-13-01T00:00:00Z", "9999"])
def test_a_moment_that_is_none_is_refused_by_its_name(client_of, bad):
    client = client_of(make_staff(KEEPER))
    for path in paths_of(make_variant()):
        refused = client.get(path, {"as_of": bad})
        assert (refused.status_code, [error["field"] for error in refused.json()["errors"]]) == (400, ["as_of"])
    for edge in ("0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-12:00"):
        assert client.get(f"{path}?as_of={edge}").status_code == 400
    assert client.get(f"{path}?as_of=2026-01-01T00:00:00+02:00").json()["as_of"] == "2025-12-31T22:00:00Z"


@pytest.mark.parametrize("days", [-1, 1])
def test_statements_are_the_same_with_any_number_of_variants_changes_and_plans(client_of, count_statements, days):
    client, costs = client_of(make_staff()), {}
    for number in (1, 20):
        product = make_product(variants=[{"price": "10.00"} for _ in range(number)])
        variants = list(product.variants.all())
        for percent in (10, -5) if number > 1 else (10,):
            reprice_variants(variant_ids=[variant.pk for variant in variants], percent=Decimal(percent))
        start = timezone.now() + timedelta(hours=1)
        changes = [NewPriceChange(variant_id=variant.pk, starts_at=start, price=Decimal(1)) for variant in variants]
        plan_price_changes(changes=changes)
        moment = iso(timezone.now() + timedelta(days=days))
        counts = []
        for path in (f"{product.pk}/", f"{product.pk}/variants/"):
            with count_statements() as counted:
                assert client.get(f"/api/v1/products/{path}", {"as_of": moment}).status_code == 200
            counts.append(len(counted))
        costs[number] = counts
    assert costs[1] == costs[20] == [5, 6]
