"""Runs of operations: long work that staff start, watch, pause and cancel, and that no kill can double."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

CHUNK_BYTES = 1024 * 1024


class RunFile(models.Model):
    """An uploaded file that runs read. Its bytes are rows, so that every worker on every machine has them."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    operation = models.CharField(max_length=64)
    name = models.CharField(max_length=255)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        indexes = [models.Index(fields=["created_at"], name="run_file_created_at")]

    def __str__(self) -> str:
        return self.name


class RunFileChunk(models.Model):
    """A piece of at most `CHUNK_BYTES`, so that neither writing nor reading holds the whole file."""

    file = models.ForeignKey(RunFile, models.CASCADE, related_name="chunks")
    number = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["file", "number"], name="run_file_chunk_once")]


class Run(models.Model):
    """One press of an operation's button.

    `cursor` is the key of the last row that is done; it moves in the transaction that holds the
    effect and the counters. `token` fences: whoever works on the run commits only while the token
    of his lease stands. `plan` is what the operation fixed before its first row. `rehearsal` is the
    dry run that this one does in earnest; it does so once, however often the button is pressed.
    """

    class State(models.TextChoices):
        CREATED = "created"
        QUEUED = "queued"
        RUNNING = "running"
        PAUSED = "paused"
        FINISHED = "finished"
        CANCELED = "canceled"
        FAILED = "failed"

    WORKABLE = (State.QUEUED, State.RUNNING)
    SETTLED = (State.FINISHED, State.CANCELED)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    operation = models.CharField(max_length=64)
    params = models.JSONField(default=dict)
    file = models.ForeignKey(RunFile, models.SET_NULL, null=True, blank=True, related_name="runs")
    dry_run = models.BooleanField(default=False)
    rehearsal = models.OneToOneField("self", models.SET_NULL, null=True, related_name="performance")
    reason = models.CharField(max_length=255, blank=True)
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    state = models.CharField(max_length=16, choices=State, default=State.CREATED)

    plan = models.JSONField(default=dict)
    cursor = models.CharField(max_length=255, blank=True)
    # While failed rows are tried again: the last of them that was tried, and the last to try.
    retry_cursor = models.BigIntegerField(null=True)
    retry_until = models.BigIntegerField(null=True)
    batches = models.PositiveIntegerField(default=0)
    total = models.PositiveIntegerField(null=True)
    processed = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=dict)
    sample_changes = models.JSONField(default=list)
    # Between its batches' commits, while somebody worked on it: what rate and time left are told by.
    work_seconds = models.FloatField(default=0)

    token = models.PositiveIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    worker = models.CharField(max_length=100, blank=True)
    last_error = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(failed__lte=F("processed")), name="run_failed_lte_processed"),
            models.CheckConstraint(
                condition=Q(total__isnull=True) | Q(processed__lte=F("total")), name="run_processed_lte_total"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["queued", "running"]) | Q(due_at__isnull=False), name="run_workable_is_due"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="run_due", condition=Q(state__in=["queued", "running"])),
            models.Index(fields=["-created_at"], name="run_created_at"),
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.id}"

    @property
    def rate(self) -> float | None:
        """Rows per second while it was worked on."""
        return round(self.processed / self.work_seconds, 1) if self.work_seconds > 0 else None

    @property
    def eta_seconds(self) -> int | None:
        """Seconds of work that are left, as far as can be told."""
        if self.state in self.SETTLED:
            return 0
        if self.total is None or not self.rate:
            return None
        return round((self.total - self.processed) / self.rate)

    @property
    def percent(self) -> int:
        """How much of it is done, 0-100."""
        if self.state == self.State.FINISHED or self.total == 0:
            return 100
        return 100 * self.processed // self.total if self.total else 0

    @property
    def progress(self) -> str:
        """How far it is, in one line."""
        if self.total is None:
            return "waiting to be started" if self.state == self.State.CREATED else "preparing"
        parts = [f"{self.processed:,} of {self.total:,} rows"]
        if self.failed:
            parts.append(f"{self.failed:,} failed")
        if self.state in self.WORKABLE and self.rate:
            parts.append(f"{self.rate:,.0f} rows per second, {self.eta_seconds:,} s left")
        return ", ".join(parts)


class RunBatch(models.Model):
    """One committed step of a run. The unique number stands behind the lease: no step commits twice."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="steps")
    number = models.PositiveIntegerField()
    cursor = models.CharField(max_length=255, blank=True)
    rows = models.PositiveIntegerField()
    failed = models.PositiveIntegerField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "run batches"
        constraints = [models.UniqueConstraint(fields=["run", "number"], name="run_batch_once")]


class RunFailure(models.Model):
    """A row that could not be done, and why. `cells` are what staff need to see and mend it.

    Without `key` it cannot be tried again as it is; it is mended in its file and fed again.
    """

    run = models.ForeignKey(Run, models.CASCADE, related_name="failures")
    key = models.CharField(max_length=255, blank=True)
    code = models.CharField(max_length=64)
    message = models.TextField()
    cells = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["run", "id"], name="run_failure_run")]

    def __str__(self) -> str:
        return f"{self.key}: {self.code}"


class RunEvent(models.Model):
    """Who did what to a run, and when."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="events")
    at = models.DateTimeField(default=timezone.now)
    kind = models.CharField(max_length=32)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    detail = models.CharField(max_length=255, blank=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.kind
