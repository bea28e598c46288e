"""What the admin has noted about objects that are to be forgotten."""

from collections.abc import Iterable
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model

ERASED = "erased"


def erase_log_entries(*, model: type[Model], ids: Iterable[Any]) -> None:
    """Leave of entries about these objects who acted and when; names and changes go. Two statements."""
    entries = LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(model))
    entries.filter(object_id__in=[str(pk) for pk in ids]).update(object_repr=ERASED, change_message="")
