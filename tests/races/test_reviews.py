"""Fifty people write and delete reviews of one product: its rating is that of what is left."""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

import pytest
import requests

from core.accounts.models import User
from core.accounts.tokens import issue_tokens
from market.carts.tests.factories import make_cart
from market.catalog.models import Product, ProductListing, Variant
from market.catalog.services import delete_product
from market.orders.models import Order, OrderItem
from market.orders.tests.factories import make_buyer, make_order
from market.reviews.models import Review
from market.reviews.selectors import product_summary
from market.reviews.services import follow_order, submit_review
from market.reviews.tests.factories import TEXT
from tasks.invariants.engine import Evidence, result_of
from tasks.invariants.reviews import CHECKS
from tests.parallel import in_parallel
from tests.races.buying import make_stocked, outcomes
from tests.races.meeting import meet_before_commit
from tests.running import RunningShop, wait_for

pytestmark = [pytest.mark.system, pytest.mark.django_db(transaction=True)]
EACH = {"post": 20, "patch": 10, "delete": 20}
VOTES = 10
ROUNDS = 30

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
    """A product with thirty approved reviews; ten authors change theirs, twenty delete them, twenty others write.

    Beside them ten of the others find one review helpful, which stays.
    """
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
        kept = Review.objects.get(customer=authors[EACH["post"]].customer)
        for voter in authors[:VOTES]:
            client = running.client(issue_tokens(user=voter).access)
            calls.append(partial(client.post, f"/api/v1/reviews/{kept.pk}/votes/", json={"is_helpful": True}))
        return variant.product, calls


def patiently(call: Call) -> requests.Response:
    """The answer to somebody who comes back as long as he is told to: all of them wait for one product, and a
    wait for a lock ends after two seconds, which a busy machine may need."""
    answers: list[requests.Response] = []

    def is_final() -> bool:
        answers.append(call())
        return answers[-1].status_code != 503

    wait_for(is_final, what="an answer that is final")
    return answers[-1]


def write_at_once(running: RunningShop) -> tuple[Product, Counter]:
    """`fifty_writes` at one moment: the product, and how often each status was answered."""
    product, calls = fifty_writes(running)
    return product, outcomes(in_parallel([partial(patiently, call) for call in calls]))


def wrong_ratings(running: RunningShop) -> list[str]:
    """What the invariants say about ratings."""
    with running.orm():
        return [offender for check in CHECKS for offender in result_of(check, Evidence()).offenders]


def test_fifty_parallel_writes_and_deletes_leave_the_right_rating(shop):
    product, answers = write_at_once(shop)

    assert answers == {201: 20, 200: 10 + VOTES, 204: 20}
    summary = product_summary(product_id=product.pk)
    listing = ProductListing.objects.get(pk=product.pk)
    assert (listing.review_count, listing.rating) == (summary.review_count, summary.rating)
    assert summary.review_count == Review.objects.count() == 30
    assert max(Review.objects.values_list("helpful_count", flat=True)) == VOTES
    assert wrong_ratings(shop) == []


def test_twin_without_the_lock_shows_a_wrong_rating(twin):
    running = twin(guards=["review_product_lock"])
    for _ in range(ROUNDS):
        _, answers = write_at_once(running)
        assert answers == {201: 20, 200: 10 + VOTES, 204: 20}
        if wrong_ratings(running):
            return
    pytest.fail(f"every rating was right in {ROUNDS} rounds")


def written_while_delivered(settings, *, guards: list[str]) -> Review:
    """A review whose author's order is delivered after the review has looked and before it is committed."""
    settings.DISABLED_GUARDS = frozenset(guards)
    author, variant = make_buyer(), make_stocked(units=10)
    order = make_order(buyer=author, cart=make_cart(units={variant: 1}))
    write = partial(submit_review, product_id=variant.product_id, customer_id=author.customer.pk, rating=5, **TEXT)

    def deliver_and_follow() -> None:
        Order.objects.filter(pk=order.pk).update(status=Order.Status.DELIVERED)
        follow_order(order_id=order.pk)

    meet_before_commit(write, deliver_and_follow)
    return Review.objects.get()


def test_a_review_written_while_the_order_is_delivered_is_verified(settings):
    review = written_while_delivered(settings, guards=[])
    assert (review.verified_purchase, review.status) == (True, "approved")


def test_twin_without_the_lock_leaves_it_unverified(settings):
    review = written_while_delivered(settings, guards=["review_product_lock"])
    assert (review.verified_purchase, review.status) == (False, "pending")


def test_a_review_of_a_product_that_is_being_deleted_is_refused():
    author, variant = make_buyer(), make_stocked(units=10)
    write = partial(submit_review, product_id=variant.product_id, customer_id=author.customer.pk, rating=5)
    refusals = meet_before_commit(partial(delete_product, product_id=variant.product_id), write)
    assert (refusals, Review.objects.count()) == (["product_not_found"], 0)
