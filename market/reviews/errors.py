"""Refusals about reviews."""

from core.errors import Conflict, NotFound


class ReviewNotFound(NotFound):
    """No such review, or not one that this caller may see or change."""

    code = "review_not_found"
    title = "There is no such review."


class ReviewExists(Conflict):
    """The customer has reviewed this product; `extra` names the review, which he may change."""

    code = "review_exists"
    title = "You have reviewed this product already; change that review instead."


class PurchaseRequired(Conflict):
    """This shop takes reviews only from customers who received the product."""

    code = "purchase_required"
    title = "Only customers who received this product may review it."


class OwnReview(Conflict):
    """Nobody votes on his own review."""

    code = "own_review"
    title = "You cannot vote on your own review."
