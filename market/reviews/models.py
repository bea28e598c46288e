"""What customers say of products, who found it helpful, and which orders were asked for it."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.models import TimeStampedModel
from market.catalog.models import TITLE_LENGTH, Product
from market.customers.models import Customer
from market.orders.models import Order
from market.reviews.querysets import ReviewQuerySet

BODY_LENGTH = 5000
REPLY_LENGTH = 2000
REASON_LENGTH = 500


class Review(TimeStampedModel):
    """One customer's word on one product. The public sees it once it is approved.

    Approved reviews are counted into the product's listing in the transaction that changes them; so
    a customer who wrote one is not deleted beneath it (`services.delete_reviews_of_customer` goes first).
    """

    class Status(models.TextChoices):
        PENDING = "pending"
        APPROVED = "approved"
        REJECTED = "rejected"

    product = models.ForeignKey(Product, models.CASCADE, related_name="reviews", db_index=False)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="reviews")
    rating = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=TITLE_LENGTH, blank=True)
    body = models.TextField(blank=True)
    verified_purchase = models.BooleanField(default=False, help_text="A delivered order of theirs holds the product.")
    status = models.CharField(max_length=16, choices=Status, default=Status.PENDING)
    findings = ArrayField(
        models.CharField(max_length=32), default=list, blank=True, help_text="Why it was not approved by itself"
    )
    moderated_at = models.DateTimeField(null=True, blank=True)
    moderated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    moderation_reason = models.CharField(max_length=REASON_LENGTH, blank=True, help_text="Told to the author")
    helpful_count = models.PositiveIntegerField(default=0)
    unhelpful_count = models.PositiveIntegerField(default=0)
    reply = models.TextField(blank=True, help_text="The shop's answer, shown below the review")
    replied_at = models.DateTimeField(null=True, blank=True)
    replied_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    objects = ReviewQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["product", "customer"], name="review_once_per_customer"),
            models.CheckConstraint(condition=Q(rating__gte=1, rating__lte=5), name="review_rating_1_to_5"),
        ]
        indexes = [
            models.Index(fields=["product", "status", "created_at", "id"], name="review_product_newest"),
            models.Index(fields=["product", "status", "helpful_count", "id"], name="review_product_helpful"),
            models.Index(fields=["product", "status", "rating", "id"], name="review_product_rating"),
            # None by time alone: it would tempt the planner to look for a product's reviews among all.
            models.Index(fields=["status", "id"], name="review_status"),
        ]

    def __str__(self) -> str:
        return self.title or f"Review {self.pk}"


class ReviewVote(models.Model):
    """Whether one customer found another's review helpful; counted in the review's row."""

    review = models.ForeignKey(Review, models.CASCADE, related_name="votes", db_index=False)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="review_votes")
    is_helpful = models.BooleanField()
    voted_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["review", "customer"], name="review_vote_once")]


class ReviewRequest(models.Model):
    """The one time that a customer is asked what he thinks of a delivered order: planned, then claimed."""

    order = models.OneToOneField(Order, models.CASCADE, primary_key=True, related_name="review_request")
    due_at = models.DateTimeField()
    requested_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["due_at"], name="review_request_due", condition=Q(requested_at__isnull=True))]

    def __str__(self) -> str:
        return f"Request for order {self.order_id}"
