"""What staff do with reviews."""

from django.utils import timezone

from core.errors import FieldError, Invalid
from core.transactions import in_one_transaction
from market.reviews import events
from market.reviews.errors import ReviewNotFound
from market.reviews.models import Review
from market.reviews.services.rating import recount_rating
from market.reviews.services.writing import held_review

DECISIONS = {Review.Status.APPROVED: events.review_approved, Review.Status.REJECTED: events.review_rejected}


@in_one_transaction
def moderate_review(*, review_id: int, status: str, reason: str = "", staff_id: int) -> Review:
    """Approve or reject a review; a rejection tells its author why.

    A decision may be taken back by the other one. Idempotent: a review of that status is returned
    unchanged. Locks the product, the review, the listing. Raises ReviewNotFound, and Invalid for
    another status and for a rejection without a reason.
    """
    if status not in DECISIONS:
        message = "Give approved or rejected."
        raise Invalid(message, errors=[FieldError("status", "invalid_choice", message)])
    if status == Review.Status.REJECTED and not reason.strip():
        message = "Tell the author why."
        raise Invalid(message, errors=[FieldError("reason", "required", message)])
    review = held_review(review_id=review_id)
    if review.status == status:
        return review
    review.status = status
    review.moderation_reason = reason.strip()
    review.moderated_at = timezone.now()
    review.moderated_by_id = staff_id
    review.save(update_fields=["status", "moderation_reason", "moderated_at", "moderated_by", "updated_at"])
    DECISIONS[status].publish(review_id=review.pk, product_id=review.product_id)
    recount_rating(product_id=review.product_id)
    return review


@in_one_transaction
def reply_to_review(*, review_id: int, body: str, staff_id: int) -> Review:
    """Write the shop's one answer below a review, or change it. Locks the review.

    Idempotent: the same words again tell nobody. Raises ReviewNotFound, and Invalid for an answer without words.
    """
    if not body.strip():
        message = "Give an answer."
        raise Invalid(message, errors=[FieldError("body", "blank", message)])
    review = Review.objects.select_for_update(no_key=True).filter(pk=review_id).first()
    if review is None:
        raise ReviewNotFound
    if review.reply == body.strip():
        return review
    review.reply = body.strip()
    review.replied_at = timezone.now()
    review.replied_by_id = staff_id
    review.save(update_fields=["reply", "replied_at", "replied_by"])
    events.review_replied.publish(review_id=review.pk, product_id=review.product_id)
    return review
