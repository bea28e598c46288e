"""The documents of reviews, built by hand from the rows of `selectors.review_page`."""

from collections.abc import Mapping
from typing import Any

from market.reviews.rules import Summary, shown_author


def review(row: Mapping[str, Any], *, reader_id: int | None) -> dict[str, Any]:
    """A review as the customer `reader_id` sees it; None is the public."""
    is_own = row["customer_id"] == reader_id
    document = {
        "id": row["id"],
        "product": row["product_id"],
        "rating": row["rating"],
        "title": row["title"],
        "body": row["body"],
        "author": shown_author(first_name=row["first_name"], last_name=row["last_name"]),
        "verified_purchase": row["verified_purchase"],
        "helpful_count": row["helpful_count"],
        "unhelpful_count": row["unhelpful_count"],
        "reply": {"body": row["reply"], "replied_at": row["replied_at"]} if row["reply"] else None,
        "status": row["status"],
        "is_own": is_own,
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
    }
    return document | {"moderation_reason": row["moderation_reason"]} if is_own else document


def review_for_staff(row: Mapping[str, Any], *, reader_id: int | None) -> dict[str, Any]:
    """A review with what its moderation needs to know."""
    return review(row, reader_id=reader_id) | {
        "moderation_reason": row["moderation_reason"],
        "product_title": row["product_title"],
        "customer": row["customer_id"],
        "findings": row["findings"],
        "moderated_at": row["moderated_at"],
        "moderated_by": row["moderated_by_id"],
    }


def summary(found: Summary) -> dict[str, Any]:
    """What the approved reviews of a product come to, the best rating first."""
    distribution = {str(rating): count for rating, count in sorted(found.distribution.items(), reverse=True)}
    return {"rating": found.rating, "review_count": found.review_count, "distribution": distribution}
