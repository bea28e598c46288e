"""The lowest price of the 30 days before a reduced one, over years of changes, by whoever makes them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from market.catalog.models import PastPrice, Variant
from market.catalog.services import reprice_variants, update_variant
from market.catalog.tests.factories import make_product

START = datetime(2026, 1, 1, tzinfo=UTC)


def at_day(day: int) -> time_machine.travel:
    return time_machine.travel(START + timedelta(days=day), tick=False)


def lowest_by_history(steps: list[tuple[int, Decimal, Decimal | None]], first: Decimal) -> Decimal | None:
    """From the whole history: the least of what the price was in the 30 days before it was told as it is now.

    It is told anew when it changes, and when a higher price than before is struck through beside it.
    """
    told, now, struck = [(first, 0)], first, None
    for day, price, beside in steps:
        if price != now or (beside or price) > (struck or price):
            told.append((price, day))
        now, struck = price, beside
    if len(told) == 1:
        return None
    began = told[-1][1]
    spans = pairwise(told)
    return min(price for (price, _), (_, until) in spans if until > began - 30)


class TestEveryHistory(TestCase):
    @settings(max_examples=8)
    @given(
        steps=st.lists(
            st.tuples(
                st.integers(0, 45),
                st.sampled_from([Decimal(8), Decimal(9), Decimal(10)]),
                st.sampled_from([None, Decimal(10), Decimal(12)]),
            ),
            min_size=3,
            max_size=8,
        )
    )
    def test_the_lowest_price_is_that_of_the_whole_history(self, steps):
        day, history = 0, []
        for pause, price, beside in steps:
            day += pause
            history.append((day, price, beside))
        product = make_product(price="10.00")
        variant = product.variants.get()
        for moment, price, beside in history:
            with at_day(moment):
                changes = {"price": price, "compare_at_price": beside}
                update_variant(product_id=product.pk, variant_id=variant.pk, changes=changes)
        kept = [row.price for row in variant.past_prices.all()]
        assert min(kept, default=None) == lowest_by_history(history, Decimal(10))


@pytest.mark.django_db
def test_a_page_tells_the_lowest_price_beside_a_reduced_one(api_client):
    product = make_product(price="10.00")
    variant = product.variants.get()
    at = f"/api/v1/products/{product.pk}/"

    def change(changes: dict) -> None:
        update_variant(product_id=product.pk, variant_id=variant.pk, changes=changes)

    def shown() -> tuple:
        page = api_client.get(at).json()
        assert page["lowest_price_30d"] == page["variants"][0]["lowest_price_30d"]
        return page["price"], page["on_sale"], page["lowest_price_30d"]

    assert shown() == ("10.00", False, None)
    with at_day(1):
        reprice_variants(variant_ids=[variant.pk], percent=Decimal(-20))
    assert shown() == ("8.00", False, None), "nothing is struck through"
    with at_day(10):
        change({"price": Decimal("9.00")})
    with at_day(20):
        change({"price": Decimal("7.00"), "compare_at_price": Decimal("9.00")})
    assert shown() == ("7.00", True, "8.00"), "and neither the 9.00 just before nor the 7.00 of now"
    with at_day(300):
        change({"title": "Large"})
    assert shown() == ("7.00", True, "8.00"), "as long as the offer lasts"
    with at_day(301):
        change({"price": Decimal("6.00")})
    assert shown() == ("6.00", True, "7.00")
    assert list(PastPrice.objects.values_list("price", flat=True)) == [Decimal("7.00")], "what is over is forgotten"


@pytest.mark.django_db
def test_a_price_is_reduced_when_it_is_told_so(api_client):
    product = make_product(price="10.00")
    variant = product.variants.get()

    def lowest_after(day: int, changes: dict) -> str | None:
        with at_day(day):
            update_variant(product_id=product.pk, variant_id=variant.pk, changes=changes)
        return api_client.get(f"/api/v1/products/{product.pk}/").json()["lowest_price_30d"]

    assert lowest_after(1, {"price": Decimal("8.00")}) is None
    assert lowest_after(200, {"compare_at_price": Decimal("10.00")}) == "8.00", "all of the 30 days before"
    assert lowest_after(210, {"price": Decimal("9.00")}) == "8.00"
    assert lowest_after(250, {"compare_at_price": Decimal("9.50")}) == "8.00", "less is struck through: the same offer"
    assert lowest_after(260, {"compare_at_price": None}) is None
    assert lowest_after(261, {"compare_at_price": Decimal("9.50")}) == "9.00", "a new offer"


@pytest.mark.django_db
def test_prices_changed_in_sets_are_remembered_by_one_statement(count_statements):
    products = [make_product(price="10.00") for _ in range(20)]
    ids = list(Variant.objects.order_by("pk").values_list("pk", flat=True))
    with count_statements() as counted:
        reprice_variants(variant_ids=ids, percent=Decimal(10))
    assert sum("catalog_pastprice" in statement for statement in counted) == 1
    assert list(PastPrice.objects.order_by("variant").values_list("variant", "price")) == [(pk, 10) for pk in ids]
    reprice_variants(variant_ids=ids, percent=Decimal("0.01"))
    assert PastPrice.objects.count() == len(products), "rounded to what it was"
