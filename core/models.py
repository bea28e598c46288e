"""Rows that every part of the house stands on: change marks, claimed slots, heartbeats, idempotency keys."""

from django.db import models
from django.db.models import Q
from django.utils import timezone


class TimeStampedModel(models.Model):
    """When a row was made and last changed, in UTC."""

    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True


class Change(models.Model):
    """A mark that something shown to the public changed; inserted by triggers, never updated.

    Readers poll from the last snapshot's xmin on, so `xid` is the writing transaction's 64-bit id.
    Rows are pruned by beat once no reader can still need them.
    """

    topic = models.CharField(max_length=32)
    key = models.CharField(max_length=64)
    xid = models.BigIntegerField()
    created_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        indexes = [
            models.Index(fields=["xid"], name="change_xid"),
            models.Index(fields=["created_at"], name="change_created_at"),
        ]


class ScheduleSlot(models.Model):
    """One due moment of one scheduled job, claimed by the first beat that gets there.

    `missed` counts the moments before it when no beat ran, `policy` says what became of them. While
    `is_owed` its task may not have been sent: the beat that claimed it has not said so.
    """

    name = models.CharField(max_length=100)
    slot_at = models.DateTimeField()
    claimed_at = models.DateTimeField(default=timezone.now)
    missed = models.PositiveIntegerField(default=0, db_default=0)
    policy = models.CharField(max_length=8, blank=True, default="", db_default="")
    is_owed = models.BooleanField(default=False, db_default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "slot_at"], name="schedule_slot_once")]
        indexes = [
            models.Index(fields=["claimed_at"], name="schedule_slot_claimed_at"),
            models.Index(fields=["slot_at"], name="schedule_slot_owed", condition=Q(is_owed=True)),
        ]

    def __str__(self) -> str:
        return f"{self.name} at {self.slot_at:%Y-%m-%d %H:%M:%S}"


class Heartbeat(models.Model):
    """The last sign of life of a kind of process (`beat`, `worker`)."""

    name = models.CharField(max_length=100, primary_key=True)
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class ThrottleCount(models.Model):
    """Guesses at secrets by one caller in the present window (`core.guessing`). The table is unlogged."""

    key = models.CharField(max_length=200, primary_key=True)
    count = models.PositiveIntegerField()
    ends_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["ends_at"], name="throttle_count_ends_at")]


class IdempotencyKey(models.Model):
    """A client's key for one write, and what became of it, so that a retry gets the same outcome.

    `scope` names endpoint and caller; `fingerprint` is a digest of the body. A row without an
    outcome exists only inside the transaction that works on it.
    """

    scope = models.CharField(max_length=200)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    reference = models.CharField(max_length=64, blank=True)
    refusal = models.JSONField(null=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["scope", "key"], name="idempotency_key_once"),
            models.CheckConstraint(condition=Q(refusal__isnull=True) | Q(reference=""), name="idempotency_one_outcome"),
        ]
        indexes = [models.Index(fields=["created_at"], name="idempotency_created_at")]


class ReferenceVersion(models.Model):
    """The version of one topic's reference data, raised by triggers in the transaction that changes it.

    Versions come from a sequence and are never used again, also after a rollback or a TRUNCATE.
    """

    topic = models.CharField(max_length=32, primary_key=True)
    version = models.BigIntegerField()
