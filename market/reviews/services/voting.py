"""Whether readers find a review helpful."""

from django.db.models import Count, Q
from django.utils import timezone

from core.guards import guard_enabled
from core.transactions import in_one_transaction
from market.reviews.errors import OwnReview, ReviewNotFound
from market.reviews.models import Review, ReviewVote


@in_one_transaction
def vote_on_review(*, review_id: int, customer_id: int, is_helpful: bool) -> Review:
    """Say whether an approved review helped; said again, the new word stands for the old one.

    Locks the review, so that its counts are those of its votes. Raises ReviewNotFound, OwnReview.
    """
    reviews = Review.objects.visible_to(customer_id)
    if guard_enabled("vote_lock"):
        reviews = reviews.select_for_update(no_key=True)
    review = reviews.filter(pk=review_id).first()
    if review is None:
        raise ReviewNotFound
    if review.customer_id == customer_id:
        raise OwnReview
    vote = ReviewVote(review=review, customer_id=customer_id, is_helpful=is_helpful, voted_at=timezone.now())
    ReviewVote.objects.bulk_create(
        [vote], update_conflicts=True, unique_fields=["review", "customer"], update_fields=["is_helpful", "voted_at"]
    )
    counts = review.votes.aggregate(
        helpful_count=Count("pk", filter=Q(is_helpful=True)), unhelpful_count=Count("pk", filter=Q(is_helpful=False))
    )
    # Not `save`: a vote is no change of the text, so `updated_at` stays.
    Review.objects.filter(pk=review_id).update(**counts)
    review.helpful_count, review.unhelpful_count = counts["helpful_count"], counts["unhelpful_count"]
    return review
