"""What a delivered order means for reviews: its products are received, and its customer is asked about them."""

from django.conf import settings
from django.utils import timezone

from core.transactions import in_one_transaction
from market.orders.models import Order, OrderItem
from market.reviews import events
from market.reviews.models import Review, ReviewRequest
from market.reviews.selectors import received_products
from market.reviews.services.rating import hold_rated_products, recount_rating
from market.reviews.services.writing import DECISION, decide_by_text


def follow_order(*, order_id: int) -> None:
    """Do what an order that has been delivered, or returned since, means for reviews. Idempotent."""
    status = Order.objects.filter(pk=order_id).values_list("status", flat=True).first()
    if status in {Order.Status.DELIVERED, Order.Status.RETURNED}:
        verify_reviews_of_order(order_id=order_id)
        plan_review_request(order_id=order_id)


@in_one_transaction
def verify_reviews_of_order(*, order_id: int) -> int:
    """See again whether the customer received what he reviewed of this order; answers how many reviews turned.

    A review that staff have not decided on is decided on again, as verified ones with a clean text are
    approved. Idempotent. Locks the order's products by id, whether reviewed or not: a review that is
    written meanwhile either is seen here or sees the delivery.
    """
    customer_id = Order.objects.filter(pk=order_id).values_list("customer_id", flat=True).first()
    if customer_id is None:
        return 0
    items = OrderItem.objects.filter(order_id=order_id).order_by()
    product_ids = set(items.values_list("variant__product_id", flat=True))
    hold_rated_products(product_ids=product_ids)
    received = received_products(customer_id=customer_id, product_ids=product_ids)
    reviews = Review.objects.filter(customer_id=customer_id, product_id__in=product_ids).order_by("pk")
    turned = [
        review
        for review in reviews.select_for_update(no_key=True)
        if review.verified_purchase != (review.product_id in received)
    ]
    for review in turned:
        was_pending = review.status == Review.Status.PENDING
        review.verified_purchase = review.product_id in received
        if was_pending:
            decide_by_text(review)
        review.save(update_fields=[*DECISION, "updated_at"])
        if was_pending and review.status == Review.Status.APPROVED:
            events.review_approved.publish(review_id=review.pk, product_id=review.product_id)
            recount_rating(product_id=review.product_id)
    return len(turned)


def plan_review_request(*, order_id: int) -> None:
    """Note when the customer of a delivered order is asked for reviews; a guest cannot write any. Idempotent."""
    if Order.objects.filter(pk=order_id, customer__isnull=False, status=Order.Status.DELIVERED).exists():
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
