"""The time that moments may lie in."""

from datetime import UTC, datetime

from django.core.validators import MaxValueValidator, MinValueValidator

# What a database, a person and the clock of every time zone can tell: the edges of the calendar have no other zone.
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
LATEST = datetime(9000, 1, 1, tzinfo=UTC)
WITHIN_TIME = (MinValueValidator(EARLIEST), MaxValueValidator(LATEST))
