"""Mails to be sent: written by handlers in their commit, sent by `tasks.senders`."""

from django.conf import settings
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
    # To whom it was written; an address may have been somebody else's before.
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", db_index=False)
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
            models.Index(fields=["user", "-id"], name="mail_of_user", condition=Q(user__isnull=False)),
            models.Index(fields=["due_at"], name="mail_due", condition=Q(state__in=["queued", "sending", "unknown"])),
            models.Index(fields=["created_at"], name="mail_settled", condition=Q(state__in=["sent", "failed"])),
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.recipient}"


class Refusal(models.Model):
    """A kind of mail that a user does not want. Only kinds in `OPTIONAL_MAILS` are asked about."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=64)
    refused_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "kind"], name="mail_refused_once")]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.kind}"
