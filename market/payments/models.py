"""Money asked for and received."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone

from core.models import TimeStampedModel
from market.orders.models import Order


class Payment(TimeStampedModel):
    """One attempt to pay an order through one provider; an order has at most one open."""

    class Status(models.TextChoices):
        PENDING = "pending"
        AUTHORIZED = "authorized"
        COMPLETE = "complete"
        FAILED = "failed"
        CANCELED = "canceled"
        UNKNOWN = "unknown"

    OPEN = (Status.PENDING, Status.AUTHORIZED, Status.UNKNOWN)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    order = models.ForeignKey(Order, models.PROTECT, related_name="payments")
    provider = models.CharField(max_length=32)
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    currency = models.CharField(max_length=3)
    status = models.CharField(max_length=16, choices=Status, default=Status.PENDING)
    provider_reference = models.CharField(max_length=255, blank=True)
    captured_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["created_at", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gte=0), name="payment_amount_gte_0"),
            models.UniqueConstraint(
                fields=["order"],
                name="payment_one_open_per_order",
                condition=Q(status__in=["pending", "authorized", "unknown"]),
            ),
            models.UniqueConstraint(
                fields=["order"], name="payment_one_capture_per_order", condition=Q(status="complete")
            ),
            models.CheckConstraint(
                condition=~Q(status="complete") | Q(captured_at__isnull=False), name="payment_capture_has_time"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.amount} {self.currency}"


class Refund(TimeStampedModel):
    """Money of a captured payment that went back to the customer; all of a payment's are at most what it captured."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    payment = models.ForeignKey(Payment, models.PROTECT, related_name="refunds", db_index=False)
    amount = models.DecimalField(max_digits=12, decimal_places=2)
    reference = models.CharField(
        max_length=64, help_text="What it is known by where it was decided, so that it is once"
    )
    refunded_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["refunded_at", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="refund_amount_gt_0"),
            models.UniqueConstraint(fields=["payment", "reference"], name="refund_once_per_reference"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.reference}"
