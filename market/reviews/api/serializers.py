"""The shapes of reviews on the wire: what may be written, and the schema of what is read.

Documents are built by `documents`; a test holds each against its serializer here.
"""

from typing import Any

from rest_framework import serializers

from market.catalog.models import TITLE_LENGTH
from market.reviews.models import BODY_LENGTH, REASON_LENGTH, REPLY_LENGTH, Review
from market.reviews.rules import FINDINGS, HIGHEST, LOWEST


class RatingField(serializers.IntegerField):
    """A whole number from 1 to 5; a text or a fraction is none."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=LOWEST, max_value=HIGHEST, **options)

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        return super().to_internal_value(data)


class ReviewWriteSerializer(serializers.Serializer):
    """A review as its author writes it."""

    rating = RatingField()
    title = serializers.CharField(max_length=TITLE_LENGTH, allow_blank=True, required=False)
    body = serializers.CharField(max_length=BODY_LENGTH, allow_blank=True, required=False)


class VoteSerializer(serializers.Serializer):
    """Whether the review helped; the last word counts."""

    is_helpful = serializers.BooleanField()


class ReplyWriteSerializer(serializers.Serializer):
    """The shop's answer to a review."""

    body = serializers.CharField(max_length=REPLY_LENGTH)


class ModerationSerializer(serializers.Serializer):
    """What staff decide. A rejection tells its author why."""

    status = serializers.ChoiceField(
        [(status.value, status.label) for status in (Review.Status.APPROVED, Review.Status.REJECTED)]
    )
    reason = serializers.CharField(max_length=REASON_LENGTH, allow_blank=True, required=False)


class ReplySerializer(serializers.Serializer):
    """The shop's answer."""

    body = serializers.CharField()
    replied_at = serializers.DateTimeField()


class ReviewSerializer(serializers.Serializer):
    """A review. The public sees approved ones; authors also see their own, and why it was rejected."""

    id = serializers.IntegerField()
    product = serializers.IntegerField()
    rating = serializers.IntegerField()
    title = serializers.CharField(allow_blank=True)
    body = serializers.CharField(allow_blank=True)
    author = serializers.CharField(allow_blank=True, help_text="First name and initial; empty for who gave none.")
    verified_purchase = serializers.BooleanField(help_text="A delivered order of theirs holds the product.")
    helpful_count = serializers.IntegerField()
    unhelpful_count = serializers.IntegerField()
    reply = ReplySerializer(allow_null=True)
    status = serializers.ChoiceField(Review.Status.choices)
    is_own = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    moderation_reason = serializers.CharField(
        allow_blank=True, required=False, help_text="For its author and staff only."
    )


class StaffReviewSerializer(ReviewSerializer):
    """A review with what its moderation needs to know."""

    product_title = serializers.CharField()
    customer = serializers.IntegerField()
    findings = serializers.ListField(
        child=serializers.ChoiceField([(name, text) for name, text in FINDINGS.items()]),
        help_text="Why it was not approved by itself.",
    )
    moderated_at = serializers.DateTimeField(allow_null=True)
    moderated_by = serializers.IntegerField(allow_null=True, help_text="Null where its text decided.")


class DistributionSerializer(serializers.Serializer):
    """How many approved reviews gave each rating."""

    def get_fields(self) -> dict[str, serializers.Field]:
        return {str(rating): serializers.IntegerField() for rating in range(HIGHEST, LOWEST - 1, -1)}


class SummarySerializer(serializers.Serializer):
    """What the approved reviews of a product come to."""

    rating = serializers.DecimalField(max_digits=3, decimal_places=2, allow_null=True)
    review_count = serializers.IntegerField()
    distribution = DistributionSerializer()
