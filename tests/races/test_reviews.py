"""Fifty people write and delete reviews of one product: its rating is that of what is left."""

from collections.abc import Callable, Sequence
from functools import partial

import pytest
import requests

from core.accounts.models import User
from core.accounts.tokens import issue_tokens
from market.carts.tests.factories import make_cart
from market.catalog.models import Product, ProductListing, Variant
from market.orders.models import Order, OrderItem
from market.orders.tests.factories import make_buyer, make_order
from market.reviews.models import Review
from market.reviews.selectors import product_summary
from market.reviews.services import submit_review
from market.reviews.tests.factories import TEXT
from tasks.invariants.engine import Evidence, result_of
from tasks.invariants.reviews import CHECKS
from tests.parallel import in_parallel
from tests.races.buying import make_stocked, outcomes
from tests.running import RunningShop

pytestmark = [pytest.mark.system, pytest.mark.django_db(transaction=True)]
EACH = {"post": 20, "patch": 10, "delete": 20}
ROUNDS = 10

Call = Callable[[], requests.Response]


def deliver_to_all(variant: Variant, authors: Sequence[User]) -> None:
    """A delivered order of the variant for each: copies of one, as placing fifty takes longer than the race."""
    placed = make_order(cart=make_cart(units={variant: 1}))
    order = Order.objects.filter(pk=placed.pk).values().get()
    item = OrderItem.objects.filter(order=placed).values().get()
    received = {"id": None, "cart_uuid": None, "status": Order.Status.DELIVERED}
    copies = Order.objects.bulk_create(
        Order(**order | received | {"number": f"R{author.pk}", "customer_id": author.customer.pk}) for author in authors
    )
    OrderItem.objects.bulk_create(OrderItem(**item | {"id": None, "order_id": copy.pk}) for copy in copies)


def fifty_writes(running: RunningShop) -> tuple[Product, list[Call]]:
    """A product with thirty approved reviews; ten authors change theirs, twenty delete them, twenty others write."""
    with running.orm():
        variant = make_stocked(units=1_000)
        authors = [make_buyer() for _ in range(sum(EACH.values()))]
        deliver_to_all(variant, authors)
        methods = [method for method, count in EACH.items() for _ in range(count)]
        calls = []
        for number, (method, author) in enumerate(zip(methods, authors, strict=True)):
            body = {"rating": number % 5 + 1, **TEXT}
            url = f"/api/v1/products/{variant.product_id}/reviews/"
            if method != "post":
                review = submit_review(product_id=variant.product_id, customer_id=author.customer.pk, **body)
                url = f"/api/v1/reviews/{review.pk}/"
            client = running.client(issue_tokens(user=author).access)
            calls.append(partial(client.request, method, url, json=body | {"rating": 5 - number % 5}))
        return variant.product, calls


def wrong_ratings(running: RunningShop) -> list[str]:
    """What the invariants say about ratings."""
    with running.orm():
        return [offender for check in CHECKS for offender in result_of(check, Evidence()).offenders]


def test_fifty_parallel_writes_and_deletes_leave_the_right_rating(shop):
    product, calls = fifty_writes(shop)

    answers = in_parallel(calls)

    assert outcomes(answers) == {201: 20, 200: 10, 204: 20}
    summary = product_summary(product_id=product.pk)
    listing = ProductListing.objects.get(pk=product.pk)
    assert (listing.review_count, listing.rating) == (summary.review_count, summary.rating)
    assert summary.review_count == Review.objects.count() == 30
    assert wrong_ratings(shop) == []


def test_twin_without_the_lock_shows_a_wrong_rating(twin):
    running = twin(guards=["review_product_lock"])
    for _ in range(ROUNDS):
        _, calls = fifty_writes(running)
        assert outcomes(in_parallel(calls)) == {201: 20, 200: 10, 204: 20}
        if wrong_ratings(running):
            return
    pytest.fail(f"every rating was right in {ROUNDS} rounds")
