"""Facts about reviews."""

from core.outbox.events import EventType

review_submitted = EventType("reviews.review_submitted")
review_approved = EventType("reviews.review_approved")
review_rejected = EventType("reviews.review_rejected")
review_replied = EventType("reviews.review_replied")
review_requested = EventType("reviews.review_requested")
