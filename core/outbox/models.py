"""The outbox: facts to be acted on, written in the commit that made them true."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone


class Event(models.Model):
    """One fact. The relay turns it into one delivery per handler and notes when."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100)
    payload = models.JSONField()
    request_id = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    relayed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["created_at"], name="event_unrelayed", condition=Q(relayed_at__isnull=True)),
            models.Index(fields=["relayed_at"], name="event_relayed_at"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.id}"


class Delivery(models.Model):
    """One handler's work on one event; done only by the handler's own commit.

    `attempts` is raised before the handler runs. A delivery whose lease has passed is sent again;
    after the last attempt it is a dead letter, until staff retry or dismiss it with a reason.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        DONE = "done"
        DEAD = "dead"
        DISMISSED = "dismissed"

    event = models.ForeignKey(Event, models.CASCADE, related_name="deliveries")
    handler = models.CharField(max_length=100)
    queue = models.CharField(max_length=32)
    state = models.CharField(max_length=16, choices=State, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(default=timezone.now)
    lease_until = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True)
    dismissed_reason = models.CharField(max_length=255, blank=True)

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(fields=["event", "handler"], name="delivery_once_per_handler"),
            models.CheckConstraint(
                condition=~Q(state="done") | Q(done_at__isnull=False), name="delivery_done_has_time"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="delivery_due", condition=Q(state="pending")),
            models.Index(fields=["queue", "due_at"], name="delivery_due_of_queue", condition=Q(state="pending")),
            models.Index(fields=["state", "id"], name="delivery_dead", condition=Q(state="dead")),
        ]

    def __str__(self) -> str:
        return f"{self.handler} of {self.event_id}"


class KnownHandler(models.Model):
    """Since when the relay knows a handler: events relayed later must have a delivery to it."""

    name = models.CharField(max_length=100, primary_key=True)
    since = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name
