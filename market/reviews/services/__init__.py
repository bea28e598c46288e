"""Everything that changes reviews."""

from market.reviews.services.delivering import claim_due_requests, follow_joined_orders, follow_order
from market.reviews.services.mails import queue_review_mail, queue_review_request
from market.reviews.services.moderating import moderate_review, reply_to_review
from market.reviews.services.voting import vote_on_review
from market.reviews.services.writing import delete_review, delete_reviews_of_customer, edit_review, submit_review

__all__ = [
    "claim_due_requests",
    "delete_review",
    "delete_reviews_of_customer",
    "edit_review",
    "follow_joined_orders",
    "follow_order",
    "moderate_review",
    "queue_review_mail",
    "queue_review_request",
    "reply_to_review",
    "submit_review",
    "vote_on_review",
]
