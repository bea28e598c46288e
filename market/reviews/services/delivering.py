"""What a delivered order means for reviews: its products are received, and its customer is asked about them."""

from collections.abc import Collection

from django.conf import settings
from django.utils import timezone

from core.transactions import in_one_transaction
from market.orders.models import Order, OrderItem
from market.reviews import events
from market.reviews.models import Review, ReviewRequest
from market.reviews.selectors import received_products
from market.reviews.services.rating import hold_rated_products, recount_rating
from market.reviews.services.writing import DECISION, decide_by_text

DELIVERED = Order.Status.DELIVERED


def follow_order(*, order_id: int) -> None:
    """Do what an order that has been delivered, or returned since, means for reviews. Idempotent."""
    order = Order.objects.filter(pk=order_id).only("customer_id", "status").first()
    if order is None or order.customer_id is None or order.status not in {DELIVERED, Order.Status.RETURNED}:
        return
    items = OrderItem.objects.filter(order_id=order_id).order_by()
    product_ids = set(items.values_list("variant__product_id", flat=True))
    verify_reviews(customer_id=order.customer_id, product_ids=product_ids)
    if order.status == DELIVERED:
        plan_review_request(order_id=order_id)


def follow_joined_orders(*, customer_id: int) -> None:
    """Do what orders that a customer had placed as a guest mean for his reviews. Idempotent."""
    items = OrderItem.objects.filter(order__customer_id=customer_id, order__status=DELIVERED).order_by()
    verify_reviews(customer_id=customer_id, product_ids=set(items.values_list("variant__product_id", flat=True)))


@in_one_transaction
def verify_reviews(*, customer_id: int, product_ids: Collection[int]) -> None:
    """See again which of these products the customer received, and say so in his reviews of them.

    A review that staff have not decided on is decided on again, as verified ones with a clean text are
    approved. Locks the products by id, whether reviewed or not: a review that is written meanwhile
    either is seen here or sees the delivery.
    """
    hold_rated_products(product_ids=product_ids)
    received = received_products(customer_id=customer_id, product_ids=product_ids)
    reviews = Review.objects.filter(customer_id=customer_id, product_id__in=product_ids).order_by("pk")
    for review in reviews.select_for_update(no_key=True):
        if review.verified_purchase != (review.product_id in received):
            _turn(review)


def _turn(review: Review) -> None:
    """Note that a held review is verified from now on, or no more."""
    was_pending = review.status == Review.Status.PENDING
    review.verified_purchase = not review.verified_purchase
    if was_pending:
        decide_by_text(review)
    review.save(update_fields=[*DECISION, "updated_at"])
    if was_pending and review.status == Review.Status.APPROVED:
        events.review_approved.publish(review_id=review.pk, product_id=review.product_id)
        recount_rating(product_id=review.product_id)


def plan_review_request(*, order_id: int) -> None:
    """Note when the customer of an order is asked for reviews: one statement. Idempotent."""
    due_at = timezone.now() + settings.REVIEW_REQUEST_DELAY
    ReviewRequest.objects.bulk_create([ReviewRequest(order_id=order_id, due_at=due_at)], ignore_conflicts=True)


@in_one_transaction
def claim_due_requests(*, limit: int) -> int:
    """Publish the fact that a customer is to be asked, for up to `limit` orders that are due; answers how many.

    Each order is claimed once, in the commit that publishes it. Rows that another worker has in hand are skipped.
    """
    due = ReviewRequest.objects.filter(requested_at=None, due_at__lte=timezone.now()).order_by("due_at")
    claimed = list(due.select_for_update(skip_locked=True, no_key=True).values_list("pk", flat=True)[:limit])
    ReviewRequest.objects.filter(pk__in=claimed).update(requested_at=timezone.now())
    for order_id in claimed:
        events.review_requested.publish(order_id=order_id)
    return len(claimed)
