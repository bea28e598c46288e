"""Uploaded files: kept in pieces, read in pieces."""

import hashlib
import io
from datetime import timedelta
from typing import BinaryIO

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from core.errors import FieldError, Invalid
from core.operations.models import CHUNK_BYTES, Run, RunBatch, RunFailure, RunFile, RunFileChunk
from core.operations.registry import Operation

NAME_LENGTH = 255
UNUSED_RETENTION = timedelta(days=1)


class StoredFile(io.RawIOBase):
    """The bytes of a stored file in their order; one statement per piece."""

    def __init__(self, file: RunFile) -> None:
        self._file = file
        self._number = 0
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:
        if not self._rest:
            pieces = RunFileChunk.objects.filter(file=self._file, number=self._number)
            self._rest = memoryview(pieces.values_list("content", flat=True).first() or b"")
            self._number += 1
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


def open_file(file: RunFile) -> BinaryIO:
    """The stored file, to be read from its beginning."""
    return io.BufferedReader(StoredFile(file), CHUNK_BYTES)


@transaction.atomic
def store_file(*, operation: type[Operation], name: str, stream: BinaryIO, user_id: int | None) -> RunFile:
    """Keep a file for runs of an operation. At most one piece of it is in memory at a time.

    Raises Invalid, naming the field `file`, for one that is empty, larger than
    `OPERATION_FILE_MAX_BYTES`, not what the operation reads, or for an operation that reads none.
    """
    if not operation.takes_file:
        raise refused("unexpected", f"{operation.title} reads no file.")
    file = RunFile(operation=operation.name, name=_plain_name(name), size=0, created_by_id=user_id)
    file.save(force_insert=True)
    digest, number = hashlib.sha256(), 0
    while piece := stream.read(CHUNK_BYTES):
        file.size += len(piece)
        if file.size > settings.OPERATION_FILE_MAX_BYTES:
            raise refused(
                "too_large", f"Give a file of at most {settings.OPERATION_FILE_MAX_BYTES // 1024 // 1024} MB."
            )
        digest.update(piece)
        RunFileChunk.objects.create(file=file, number=number, content=piece)
        number += 1
    if not file.size:
        raise refused("empty", "The file is empty.")
    file.sha256 = digest.hexdigest()
    file.save(update_fields=["size", "sha256"])
    operation.check_file(open_file(file))
    return file


@transaction.atomic
def prune_files(*, limit: int) -> int:
    """Delete up to `limit` files that no run will read again; answers how many.

    Those are files that no run was made of for a day, and those whose runs were all made before
    `EVENT_RETENTION` and are settled. The runs stay.
    """
    now = timezone.now()
    unused = Q(runs=None, created_at__lt=now - UNUSED_RETENTION)
    needed = Run.objects.filter(file=OuterRef("pk")).exclude(
        state__in=Run.SETTLED, created_at__lt=now - settings.EVENT_RETENTION
    )
    old = Q(created_at__lt=now - settings.EVENT_RETENTION) & ~Exists(needed)
    ids = list(RunFile.objects.filter(unused | old).order_by("created_at").values_list("pk", flat=True)[:limit])
    RunFile.objects.filter(pk__in=ids).delete()
    return len(ids)


def prune_batches(*, limit: int) -> int:
    """Delete up to `limit` steps of runs that were settled before `EVENT_RETENTION`; answers how many."""
    old = RunBatch.objects.filter(
        run__state__in=Run.SETTLED, run__finished_at__lt=timezone.now() - settings.EVENT_RETENTION
    )
    return RunBatch.objects.filter(pk__in=list(old.order_by("pk").values_list("pk", flat=True)[:limit])).delete()[0]


def prune_failures(*, limit: int) -> int:
    """Delete up to `limit` failed rows of runs that were settled before `EVENT_RETENTION`; answers how many.

    The runs keep their counts.
    """
    old = RunFailure.objects.filter(
        run__state__in=Run.SETTLED, run__finished_at__lt=timezone.now() - settings.EVENT_RETENTION
    )
    return RunFailure.objects.filter(pk__in=list(old.order_by("pk").values_list("pk", flat=True)[:limit])).delete()[0]


def refused(code: str, message: str) -> Invalid:
    """The refusal of a file."""
    return Invalid(message, errors=[FieldError("file", code, message)])


def _plain_name(name: str) -> str:
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(character for character in last if character.isprintable())[:NAME_LENGTH] or "file"
