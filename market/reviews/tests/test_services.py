"""What deliveries, deletions and listings made anew do to reviews, whoever asks how often."""

from datetime import timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db.models import ProtectedError
from django.utils import timezone

from core.outbox.models import Event
from market.carts.tests.factories import make_cart, make_offer
from market.catalog import services as catalog
from market.catalog.models import ProductListing
from market.catalog.tests.factories import make_variant, new_variant
from market.checkout.services import change_status
from market.orders.models import Order
from market.orders.services import join_guest_orders
from market.orders.tests.factories import make_buyer, make_order, make_staff
from market.reviews import services
from market.reviews.models import Review, ReviewRequest
from market.reviews.tests.factories import deliver, make_delivered_order, make_review

pytestmark = pytest.mark.django_db


def rating_of(product) -> tuple[Decimal | None, int]:
    return ProductListing.objects.values_list("rating", "review_count").get(pk=product.pk)


def test_a_delivery_verifies_what_was_written_before_it_and_a_return_takes_it_back():
    buyer, variant = make_buyer(), make_offer()
    product = variant.product
    clean, wordless, rejected = variant, make_offer(), make_offer()
    order = make_order(buyer=buyer, cart=make_cart(units=dict.fromkeys((clean, wordless, rejected), 1)))
    first = make_review(author=buyer, product=product, rating=4)
    second = make_review(author=buyer, product=wordless.product, title="", body="")
    third = make_review(author=buyer, product=rejected.product, status="rejected")
    other = make_review(product=product)

    def states() -> list[tuple[str, bool]]:
        return list(Review.objects.order_by("pk").values_list("status", "verified_purchase"))

    services.follow_order(order_id=order.pk)
    assert states() == [("pending", False), ("pending", False), ("rejected", False), ("pending", False)]
    deliver(order)
    for _ in range(2):
        services.follow_order(order_id=order.pk)
        assert states() == [("approved", True), ("pending", True), ("rejected", True), ("pending", False)]
    assert (rating_of(product), rating_of(wordless.product)) == ((Decimal("4.00"), 1), (None, 0))
    assert list(Review.objects.get(pk=second.pk).findings) == ["too_short"]
    assert Event.objects.filter(name="reviews.review_approved").values_list("payload__review_id").get() == (first.pk,)
    change_status(order_id=order.pk, status=Order.Status.RETURNED, staff_id=make_staff().pk)
    services.follow_order(order_id=order.pk)
    assert states() == [("approved", False), ("pending", False), ("rejected", False), ("pending", False)]
    assert {third.status, other.status} == {"rejected", "pending"}


def test_what_a_guest_received_counts_once_it_is_his():
    buyer, offer = make_buyer(is_verified=True), make_offer()
    order = deliver(make_order(email=buyer.email, cart=make_cart(units={offer: 1})))
    review = make_review(author=buyer, product=offer.product)
    assert (review.verified_purchase, review.status) == (False, "pending")
    services.follow_order(order_id=order.pk)
    join_guest_orders(user_id=buyer.pk)
    for _ in range(2):
        services.follow_joined_orders(customer_id=buyer.customer.pk)
    review.refresh_from_db()
    assert (review.verified_purchase, review.status) == (True, "approved")
    assert rating_of(offer.product) == (Decimal("5.00"), 1)


def test_an_order_is_asked_about_once_when_it_is_time(settings):
    settings.REVIEW_REQUEST_DELAY = timedelta(days=3)
    buyer = make_buyer()
    orders = [make_delivered_order(buyer=buyer) for _ in range(3)]
    guests = deliver(make_order())
    for order in (*orders, *orders, guests, make_order(buyer=buyer)):
        services.follow_order(order_id=order.pk)
    assert set(ReviewRequest.objects.values_list("order_id", flat=True)) == {order.pk for order in orders}
    assert services.claim_due_requests(limit=10) == 0
    with time_machine.travel(timezone.now() + timedelta(days=3, minutes=1), tick=False):
        assert [services.claim_due_requests(limit=2) for _ in range(3)] == [2, 1, 0]
        services.follow_order(order_id=orders[0].pk)
        assert services.claim_due_requests(limit=2) == 0
    asked = Event.objects.filter(name="reviews.review_requested").values_list("payload__order_id", flat=True)
    assert sorted(asked) == sorted(order.pk for order in orders)


def test_a_listing_that_is_made_anew_begins_with_its_rating():
    product = make_offer().product
    make_review(product=product, rating=2, status="approved")
    variant = product.variants.get()
    catalog.delete_variant(product_id=product.pk, variant_id=variant.pk)
    assert not ProductListing.objects.filter(pk=product.pk).exists()
    make_variant(product=product)
    assert rating_of(product) == (Decimal("2.00"), 1)
    catalog.update_product(product_id=product.pk, changes={"title": "Another title"})
    assert rating_of(product) == (Decimal("2.00"), 1)
    fresh = catalog.create_product(title="New", variants=[new_variant()])
    assert rating_of(fresh) == (None, 0)


def test_a_deleted_product_takes_its_reviews_along_and_a_customer_with_reviews_stays():
    author = make_buyer()
    kept, gone = make_offer().product, make_offer().product
    for product in (kept, gone):
        review = make_review(author=author, product=product, status="approved")
        services.vote_on_review(review_id=review.pk, customer_id=make_buyer().customer.pk, is_helpful=True)
    assert not catalog.delete_product(product_id=gone.pk).archived
    assert Review.objects.get().product_id == kept.pk
    with pytest.raises(ProtectedError):
        author.delete()
    for deleted in (1, 0):
        assert services.delete_reviews_of_customer(customer_id=author.customer.pk) == deleted
    assert (rating_of(kept), Review.objects.count()) == ((None, 0), 0)
    author.delete()
