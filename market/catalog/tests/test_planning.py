"""Prices that are planned: applied once at their moments, however late, and told as failed when they cannot be."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine

from core.errors import Conflict, Invalid
from market.carts.selectors import priced_cart
from market.carts.tests.factories import make_cart, make_offer
from market.catalog.models import PastPrice, PlannedPrice, PriceSpan, ProductListing, Variant
from market.catalog.rules import TOLD_BACK
from market.catalog.selectors.prices import prices_at
from market.catalog.services import (
    NewPriceChange,
    apply_due_price_changes,
    archive_product,
    cancel_price_change,
    delete_variant,
    plan_price_changes,
    update_price_change,
    update_variant,
)
from market.catalog.services.prices import prune_planned_prices
from market.catalog.tests.factories import make_product, make_variant

START = datetime(2030, 1, 1, tzinfo=UTC)


def moment(hour: float) -> datetime:
    return START + timedelta(hours=hour)


def at_hour(hour: float) -> time_machine.travel:
    return time_machine.travel(moment(hour), tick=False)


def plan(variant: Variant, start: float, end: float | None = None, **prices) -> PlannedPrice:
    ends_at = None if end is None else moment(end)
    amounts = {name: Decimal(value) if isinstance(value, str) else value for name, value in prices.items()}
    new = NewPriceChange(variant_id=variant.pk, starts_at=moment(start), ends_at=ends_at, **amounts)
    with at_hour(0):
        [planned] = plan_price_changes(changes=[new])
    return planned


def apply_at(hour: float, variant: Variant | None = None) -> str:
    with at_hour(hour):
        while apply_due_price_changes(limit=10):
            pass
    return "" if variant is None else str(Variant.objects.get(pk=variant.pk).price)


def told(planned: PlannedPrice) -> tuple[str, str]:
    planned.refresh_from_db()
    return planned.state, planned.detail


@pytest.mark.django_db
def test_a_sale_begins_and_ends_as_if_changed_by_hand(api_client):
    variant = make_offer(price=Decimal("10.00"))
    cart = make_cart(units={variant: 1}, expires_at=moment(1000))
    sale = plan(variant, 1, 2, price="8.00", compare_at_price="10.00")

    assert apply_at(0.9, variant) == "10.00"
    assert apply_at(1, variant) == "8.00"
    assert told(sale) == ("applied", "")
    listing = ProductListing.objects.get()
    assert (listing.price, listing.compare_at_price) == (Decimal("8.00"), Decimal("10.00"))
    page = api_client.get(f"/api/v1/products/{variant.product_id}/").json()
    assert (page["price"], page["on_sale"], page["lowest_price_30d"]) == ("8.00", True, "10.00")
    [line] = priced_cart(cart_id=cart.pk).lines
    assert (line.unit_price, line.price_changed) == (Decimal("8.00"), True)

    assert apply_at(2, variant) == "10.00"
    assert told(sale) == ("ended", "")
    assert Variant.objects.get().compare_at_price is None
    assert [row.price for row in PastPrice.objects.order_by("pk")] == [10, 8]
    assert [(row.price, row.compare_at_price) for row in PriceSpan.objects.order_by("pk")] == [(10, None), (8, 10)]
    assert ProductListing.objects.get().price == Decimal("10.00")


@pytest.mark.django_db
def test_what_came_late_was_no_price_and_the_last_wins():
    variant = make_variant(price="10.00")
    missed = plan(variant, 1, 2, price="1.00")
    first, second = plan(variant, 4, price="6.00"), plan(variant, 3, price="7.00")
    assert apply_at(5, variant) == "6.00"
    assert [told(row) for row in (missed, first, second)] == [
        ("failed", "Its time was over before it could be applied."),
        ("applied", ""),
        ("applied", ""),
    ]
    assert list(PastPrice.objects.values_list("price", flat=True)) == [Decimal("10.00")]
    assert apply_at(6, variant) == "6.00"
    assert PlannedPrice.objects.filter(due_at__isnull=False).count() == 0


@pytest.mark.django_db
def test_what_was_changed_by_hand_after_a_late_plans_moment_stays():
    lasting, sale, before = (make_variant(price="10.00") for _ in range(3))
    plans = [plan(lasting, 1, price="8.00"), plan(sale, 1, 9, price="8.00"), plan(before, 5, price="8.00")]
    for variant in (lasting, sale, before):
        update_variant(product_id=variant.product_id, variant_id=variant.pk, changes={"price": Decimal(7)})
    PriceSpan.objects.update(ended_at=moment(3))

    with at_hour(6):
        future = {pk: dated.price for pk, dated in prices_at(variant_ids=[lasting.pk], moment=moment(7)).items()}
    assert future == {lasting.pk: 7}
    assert [apply_at(6, variant) for variant in (lasting, sale, before)] == ["7.00", "7.00", "8.00"]
    stays = "The price was changed meanwhile and stays as it is."
    assert [told(row) for row in plans] == [("applied", stays), ("applied", stays), ("applied", "")]
    assert apply_at(9, sale) == "7.00"
    assert told(plans[1]) == ("ended", stays)


@pytest.mark.django_db
def test_what_another_plan_has_changed_was_not_changed_by_hand():
    variant = make_variant(price="10.00")
    first, second = plan(variant, 1, price="8.00"), plan(variant, 2, price="6.00")
    apply_at(1)
    # The first is noted a little after it was due, and the second was due by then.
    PriceSpan.objects.update(ended_at=moment(3))
    PlannedPrice.objects.filter(pk=first.pk).update(updated_at=moment(3))
    assert apply_at(4, variant) == "6.00"
    assert told(second) == ("applied", "")


@pytest.mark.django_db
def test_what_cannot_be_applied_says_so_and_stops_nobody():
    gone = make_variant()
    make_variant(product=gone.product)
    archived, below, fine = make_variant(), make_variant(price="5.00"), make_variant(price="10.00")
    sale = make_variant(price="10.00")
    plans = [plan(variant, 1, price="4.00") for variant in (gone, archived)]
    plans += [plan(below, 1, compare_at_price="6.00"), plan(fine, 1, price="4.00"), plan(sale, 1, 9, price="8.00")]
    delete_variant(product_id=gone.product_id, variant_id=gone.pk)
    archive_product(product_id=archived.product_id)
    update_variant(product_id=below.product_id, variant_id=below.pk, changes={"price": Decimal("7.00")})

    apply_at(1)
    update_variant(product_id=sale.product_id, variant_id=sale.pk, changes={"price": Decimal("9.00")})
    assert apply_at(9, sale) == "9.00"
    assert [told(row) for row in plans] == [
        ("failed", "The variant is gone."),
        ("failed", "The product is archived."),
        ("failed", "What would be struck through is below the price."),
        ("applied", ""),
        ("ended", "The price was changed meanwhile and stays as it is."),
    ]
    assert (plans[0].sku, plans[0].variant_id) == (gone.sku, None)
    assert Variant.objects.get(pk=fine.pk).price == Decimal("4.00")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("start", "end", "prices", "field"),
    [
        (-1, None, {"price": "4.00"}, "starts_at"),
        (0, None, {"price": "4.00"}, "starts_at"),
        (3, 3, {"price": "4.00"}, "ends_at"),
        (3, 2, {"price": "4.00"}, "ends_at"),
        (90_000, None, {"price": "4.00"}, "starts_at"),
        (1, 90_000, {"price": "4.00"}, "ends_at"),
        (1, None, {}, "price"),
        (1, None, {"price": "4.00", "compare_at_price": "3.99"}, "compare_at_price"),
        (1, None, {"compare_at_price": "9.99"}, "compare_at_price"),
        (3, None, {"compare_at_price": "11.99"}, "compare_at_price"),
        (1, None, {"compare_at_price": "12.00", "removes_compare_at": True}, "compare_at_price"),
        (2, None, {"price": "4.00"}, "starts_at"),
    ],
)
def test_what_makes_no_sense_is_refused_by_its_field(start, end, prices, field):
    variant = make_variant(price="10.00")
    plan(variant, 2, price="12.00")
    with pytest.raises((Invalid, Conflict)) as refused:
        plan(variant, start, end, **prices)
    assert [error.field for error in refused.value.errors] == [field]
    assert PlannedPrice.objects.count() == 1


@pytest.mark.django_db
def test_many_are_planned_together_or_none():
    one, other = make_variant(), make_variant()
    news = [NewPriceChange(variant_id=pk, starts_at=moment(1), price=Decimal(4)) for pk in (one.pk, other.pk, 10**9)]
    with at_hour(0), pytest.raises(Invalid) as refused:
        plan_price_changes(changes=news, prefix="changes.")
    assert [error.field for error in refused.value.errors] == ["changes.2.variant"]
    assert not PlannedPrice.objects.exists()
    with at_hour(0):
        plan_price_changes(changes=news[:2])
    assert apply_at(1, one) == apply_at(1, other) == "4.00"


@pytest.mark.django_db
def test_what_is_planned_may_be_changed_and_taken_back_until_it_is_applied():
    variant = make_variant(price="10.00")
    first, second = plan(variant, 1, price="4.00"), plan(variant, 2, price="3.00")
    with at_hour(0):
        update_price_change(price_change_id=first.pk, changes={"price": Decimal("5.00"), "starts_at": moment(1.5)})
        cancel_price_change(price_change_id=second.pk)
    assert apply_at(1, variant) == "10.00"
    assert apply_at(3, variant) == "5.00"
    for planned in (first, second):
        for change in (cancel_price_change, lambda **ids: update_price_change(**ids, changes={"price": Decimal(1)})):
            with pytest.raises(Conflict):
                change(price_change_id=planned.pk)
    assert [told(row)[0] for row in (first, second)] == ["applied", "canceled"]


@pytest.mark.django_db
def test_what_was_settled_longer_ago_than_prices_are_told_is_pruned():
    variants = [make_variant() for _ in range(4)]
    _, open_, recent, canceled = (
        plan(variant, 1, end, price="4.00") for variant, end in zip(variants, (None, 87_000, None, None), strict=True)
    )
    with at_hour(0):
        cancel_price_change(price_change_id=canceled.pk)
    apply_at(1)
    settled = PlannedPrice.objects.exclude(pk=recent.pk)
    settled.update(updated_at=moment(1))
    PlannedPrice.objects.filter(pk=recent.pk).update(updated_at=moment(100))
    with time_machine.travel(moment(2) + TOLD_BACK, tick=False):
        assert (prune_planned_prices(limit=1), prune_planned_prices(limit=9)) == (1, 1)
    assert set(PlannedPrice.objects.values_list("pk", flat=True)) == {open_.pk, recent.pk}


@pytest.mark.django_db
def test_statements_are_the_same_however_many_are_due(count_statements):
    costs = {}
    for number, hour in ((1, 1), (20, 2)):
        product = make_product(price="10.00")
        variants = [make_variant(product=product) for _ in range(number)] + [make_variant() for _ in range(number)]
        with at_hour(0):
            plan_price_changes(
                changes=[NewPriceChange(variant_id=v.pk, starts_at=moment(hour), price=Decimal(4)) for v in variants]
            )
        with at_hour(hour), count_statements() as counted:
            assert apply_due_price_changes(limit=100) == 2 * number
        costs[number] = len(counted)
    assert costs == {1: 12, 20: 12}
