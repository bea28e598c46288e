"""What customers do with their reviews."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils import timezone

from core.transactions import in_one_transaction
from market.catalog.selectors import require_product
from market.reviews import events, rules
from market.reviews.errors import PurchaseRequired, ReviewExists, ReviewNotFound
from market.reviews.models import Review
from market.reviews.selectors import received_products
from market.reviews.services.rating import hold_rated_product, hold_rated_products, recount_rating

TEXT_FIELDS = frozenset({"rating", "title", "body"})
DECISION = ["verified_purchase", "status", "findings", "moderated_at", "moderated_by", "moderation_reason"]


@in_one_transaction
def submit_review(*, product_id: int, customer_id: int, rating: int, title: str = "", body: str = "") -> Review:
    """Write a customer's review of a product that is for sale; it is approved at once or waits for staff.

    Locks the product, then its listing. Raises ProductNotFound, ReviewExists, and PurchaseRequired
    where the shop asks for a purchase.
    """
    hold_rated_product(product_id=product_id)
    require_product(product_id=product_id)
    existing = (
        Review.objects.filter(product_id=product_id, customer_id=customer_id).values_list("pk", flat=True).first()
    )
    if existing is not None:
        raise ReviewExists(extra={"review": existing})
    review = Review(product_id=product_id, customer_id=customer_id, rating=rating, title=title, body=body)
    review.verified_purchase = bool(received_products(customer_id=customer_id, product_ids=[product_id]))
    if settings.REVIEW_REQUIRES_PURCHASE and not review.verified_purchase:
        raise PurchaseRequired
    decide_by_text(review)
    review.save()
    events.review_submitted.publish(review_id=review.pk, product_id=product_id, is_edit=False)
    if review.status == Review.Status.APPROVED:
        events.review_approved.publish(review_id=review.pk, product_id=product_id)
        recount_rating(product_id=product_id)
    return review


@in_one_transaction
def edit_review(*, review_id: int, customer_id: int, changes: Mapping[str, Any]) -> Review:
    """Change rating, title or body of one's own review; it is decided on anew.

    A change that changes nothing leaves the decision alone. Locks the product, the review, the
    listing. Raises ReviewNotFound for a review that is not the customer's.
    """
    if unknown := changes.keys() - TEXT_FIELDS:
        raise TypeError(f"an author has no {', '.join(sorted(unknown))} to change")
    review = held_review(review_id=review_id, customer_id=customer_id)
    if all(getattr(review, name) == value for name, value in changes.items()):
        return review
    was_approved = review.status == Review.Status.APPROVED
    for name, value in changes.items():
        setattr(review, name, value)
    received = received_products(customer_id=customer_id, product_ids=[review.product_id])
    review.verified_purchase = review.product_id in received
    decide_by_text(review)
    review.save(update_fields=[*changes, *DECISION, "updated_at"])
    events.review_submitted.publish(review_id=review.pk, product_id=review.product_id, is_edit=True)
    if review.status == Review.Status.APPROVED and not was_approved:
        events.review_approved.publish(review_id=review.pk, product_id=review.product_id)
    if was_approved or review.status == Review.Status.APPROVED:
        recount_rating(product_id=review.product_id)
    return review


@in_one_transaction
def delete_review(*, review_id: int, customer_id: int | None) -> None:
    """Delete a review with its votes: the customer's own, or any for None (staff).

    Locks the product, the review, the listing. Raises ReviewNotFound.
    """
    review = held_review(review_id=review_id, customer_id=customer_id)
    review.delete()
    if review.status == Review.Status.APPROVED:
        recount_rating(product_id=review.product_id)


@in_one_transaction
def delete_reviews_of_customer(*, customer_id: int) -> int:
    """Delete all that a customer has written about products, for his erasure; answers how many.

    Idempotent. Locks the products by id. His votes on others' reviews stay: they name nobody.
    """
    product_ids = list(Review.objects.filter(customer_id=customer_id).values_list("product_id", flat=True))
    held = hold_rated_products(product_ids=product_ids)
    reviews = Review.objects.filter(customer_id=customer_id, product_id__in=held)
    count = reviews.count()
    reviews.delete()
    for product_id in held:
        recount_rating(product_id=product_id)
    return count


def held_review(*, review_id: int, customer_id: int | None = None) -> Review:
    """The review, locked after its product; of this customer unless None. Raises ReviewNotFound."""
    reviews = Review.objects.filter(pk=review_id)
    if customer_id is not None:
        reviews = reviews.filter(customer_id=customer_id)
    product_id = reviews.values_list("product_id", flat=True).first()
    if product_id is None or not hold_rated_products(product_ids=[product_id]):
        raise ReviewNotFound
    review = reviews.select_for_update(no_key=True).first()
    if review is None:
        raise ReviewNotFound
    return review


def decide_by_text(review: Review) -> None:
    """Approve a review whose text and purchase leave nothing to look at, else hand it to staff. Saves nothing."""
    review.findings = rules.findings_of(
        title=review.title,
        body=review.body,
        is_verified=review.verified_purchase,
        forbidden_words=settings.REVIEW_FORBIDDEN_WORDS,
    )
    is_clean = not review.findings
    review.status = Review.Status.PENDING if review.findings else Review.Status.APPROVED
    review.moderated_at = timezone.now() if is_clean else None
    review.moderated_by = None
    review.moderation_reason = ""
