"""Mails to be sent: written by handlers in their commit, sent by `tasks.senders`."""

from django.db import models
from django.db.models import Q
from django.utils import timezone


class Mail(models.Model):
    """One rendered mail. `key` becomes its Message-ID, so that a repeat can be recognized."""

    class State(models.TextChoices):
        QUEUED = "queued"
        SENDING = "sending"
        SENT = "sent"
        UNKNOWN = "unknown"
        FAILED = "failed"

    key = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=64)
    recipient = models.EmailField(max_length=254)
    subject = models.CharField(max_length=255)
    text = models.TextField()
    html = models.TextField()
    state = models.CharField(max_length=16, choices=State, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    # Of these, how many ended with the death of the sender.
    deaths = models.PositiveSmallIntegerField(default=0, db_default=0)
    due_at = models.DateTimeField(default=timezone.now)
    lease_until = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(state="sent") | Q(sent_at__isnull=False), name="mail_sent_has_time")
        ]
        indexes = [
            models.Index(fields=["due_at"], name="mail_due", condition=Q(state__in=["queued", "sending", "unknown"])),
            models.Index(fields=["created_at"], name="mail_settled", condition=Q(state__in=["sent", "failed"])),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.recipient}"
