"""Two that meet at one row: the second waits for the first and then sees what it did, or is refused.

The first is stopped before its commit, so one meeting is enough to see what becomes of the second.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from market.carts.models import StockAlert, Wishlist, WishlistItem
from market.carts.services import stock_alerts, wishlists
from market.carts.tests.factories import make_offer, make_wishlist
from market.catalog.models import Product
from market.catalog.services import (
    NewAttribute,
    create_attribute,
    create_collection,
    create_product_type,
    set_collected,
    update_attribute,
    update_collection,
    update_product,
)
from market.catalog.tests.factories import make_product
from market.orders.tests.factories import make_buyer
from market.pricing.models import Coupon
from market.pricing.tests.factories import make_promotion
from market.reviews.models import Review
from market.reviews.services import vote_on_review
from market.reviews.tests.factories import make_review
from tasks.operations.tests.working import run_of
from tests.races.meeting import meet_before_commit

pytestmark = [pytest.mark.system, pytest.mark.django_db(transaction=True)]

# What the first does, what the second does, and what there is then.
Meeting = tuple[Callable[[], Any], Callable[[], Any], Callable[[], Any]]


def meet(settings, meeting: Meeting, *, guards: list[str]) -> tuple[Any, list[str]]:
    """What there is after both are through, and how the second was refused."""
    settings.DISABLED_GUARDS = frozenset(guards)
    first, second, outcome = meeting
    refusals = meet_before_commit(first, second)
    return outcome(), refusals


@pytest.fixture
def last_wishlist(monkeypatch) -> Meeting:
    """Two wishlists, of which one more is allowed."""
    monkeypatch.setattr(wishlists, "MAX_WISHLISTS", 1)
    customer = make_buyer().customer
    one, other = (lambda title=title: wishlists.create_wishlist(customer_id=customer.pk, title=title) for title in "ab")
    return one, other, Wishlist.objects.count


@pytest.fixture
def last_item(monkeypatch) -> Meeting:
    """Two items of a wishlist, of which one more is allowed."""
    monkeypatch.setattr(wishlists, "MAX_WISHLIST_ITEMS", 1)
    wishlist = make_wishlist(customer=make_buyer().customer)
    ids = {"customer_id": wishlist.customer_id, "wishlist_id": wishlist.pk}
    variants = [make_offer(), make_offer()]
    one, other = (lambda pk=v.pk: wishlists.add_wishlist_item(**ids, variant_id=pk) for v in variants)
    return one, other, WishlistItem.objects.count


@pytest.fixture
def last_alert(monkeypatch) -> Meeting:
    """Two alerts, of which one more is allowed."""
    monkeypatch.setattr(stock_alerts, "MAX_STOCK_ALERTS", 1)
    customer = make_buyer().customer
    variants = [make_offer(available=0), make_offer(available=0)]
    one, other = (
        lambda pk=v.pk: stock_alerts.request_stock_alert(customer_id=customer.pk, variant_id=pk) for v in variants
    )
    return one, other, StockAlert.objects.count


@pytest.mark.parametrize(
    ("case", "code"),
    [
        ("last_wishlist", "too_many_wishlists"),
        ("last_item", "too_many_wishlist_items"),
        ("last_alert", "too_many_stock_alerts"),
    ],
)
def test_the_last_one_allowed_is_added_once(settings, request, case, code):
    assert meet(settings, request.getfixturevalue(case), guards=[]) == (1, [code])


@pytest.mark.parametrize("case", ["last_wishlist", "last_item", "last_alert"])
def test_twin_without_the_lock_adds_two(settings, request, case):
    assert meet(settings, request.getfixturevalue(case), guards=["customer_limits"]) == (2, [])


@pytest.fixture
def one_batch() -> Meeting:
    """Two runs that make codes under one name."""
    params = {"promotion": make_promotion(requires_coupon=True).pk, "count": 2, "batch": "Autumn"}
    one, other = (partial(run_of, "generate_coupons", **params, prefix=prefix) for prefix in "ab")
    return one, other, lambda: Coupon.objects.filter(batch="Autumn").count()


def test_a_batch_of_codes_is_made_by_one(settings, one_batch):
    assert meet(settings, one_batch, guards=[]) == (2, ["invalid"])


def test_twin_without_the_claim_makes_both(settings, one_batch):
    assert meet(settings, one_batch, guards=["run_claim"]) == (4, [])


@pytest.fixture
def two_votes() -> Meeting:
    """Two readers who find one review helpful."""
    review = make_review(status="approved")
    readers = [make_buyer().customer.pk for _ in range(2)]
    one, other = (lambda pk=pk: vote_on_review(review_id=review.pk, customer_id=pk, is_helpful=True) for pk in readers)
    return one, other, lambda: Review.objects.get().helpful_count


def test_both_votes_are_counted(settings, two_votes):
    assert meet(settings, two_votes, guards=[]) == (2, [])


def test_twin_without_the_lock_forgets_a_vote(settings, two_votes):
    assert meet(settings, two_votes, guards=["vote_lock"]) == (1, [])


@pytest.fixture
def a_choice_that_goes() -> Meeting:
    """A choice is taken away while a product is given it; the outcome is whether the product tells what is none."""
    type_id = create_product_type(title="Mug").pk
    color = NewAttribute(code="color", title="Color", kind="choice", choices=["red", "blue"])
    attribute = create_attribute(product_type_id=type_id, attribute=color)
    product = make_product()
    Product.objects.filter(pk=product.pk).update(product_type=type_id)

    def take_away() -> None:
        update_attribute(product_type_id=type_id, attribute_id=attribute.pk, changes={"choices": ["blue"]})

    def give() -> None:
        update_product(product_id=product.pk, changes={"attributes": {"color": "red"}})

    return take_away, give, lambda: Product.objects.get(pk=product.pk).attributes


def test_no_product_is_given_a_choice_that_goes(settings, a_choice_that_goes):
    assert meet(settings, a_choice_that_goes, guards=[]) == ({}, ["invalid"])


def test_twin_without_the_lock_keeps_what_is_no_choice(settings, a_choice_that_goes):
    assert meet(settings, a_choice_that_goes, guards=["product_type_lock"]) == ({"color": "red"}, [])


@pytest.fixture
def a_collection_that_gets_rules() -> Meeting:
    """A collection gets rules while staff choose its products by hand; the outcome is how many it holds."""
    collection, product = create_collection(title="Gifts"), make_product()
    return (
        lambda: update_collection(collection_id=collection.pk, changes={"rules": {"min_price": "999.00"}}),
        lambda: set_collected(collection_id=collection.pk, product_ids=[product.pk]),
        lambda: collection.items.count(),
    )


def test_nothing_is_chosen_by_hand_beside_rules(settings, a_collection_that_gets_rules):
    assert meet(settings, a_collection_that_gets_rules, guards=[]) == (0, ["collection_has_rules"])


def test_twin_without_the_lock_holds_what_its_rules_do_not_meet(settings, a_collection_that_gets_rules):
    assert meet(settings, a_collection_that_gets_rules, guards=["collection_lock"]) == (1, [])
