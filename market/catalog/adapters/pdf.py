"""PDF documents from strangers, known by what is in them."""

from io import SEEK_END
from typing import BinaryIO

from django.conf import settings
from django.core.files.base import File

from core.errors import FieldError, Invalid

BEGINNING, END = b"%PDF-", b"%%EOF"
# Some programs leave a little behind the end; readers look for it this far.
END_WITHIN = 1024


class PdfFile(File):
    """A PDF as it will be stored. A storage elsewhere is told this type, so that it is saved there and not opened."""

    content_type = "application/octet-stream"


def checked_pdf(file: BinaryIO) -> PdfFile:
    """An uploaded file that begins and ends as a PDF does, whatever its name and declared type are.

    What else is in it is not looked at: it may hold scripts, so that nobody is shown it under the shop's address.
    Raises Invalid for anything else, and for more than `DOCUMENT_MAX_BYTES`.
    """
    limit = settings.DOCUMENT_MAX_BYTES
    size = file.seek(0, SEEK_END)
    if size > limit:
        raise _refused("too_large", f"Give a document of at most {limit // 1024:,} KB.")
    file.seek(0)
    if file.read(len(BEGINNING)) != BEGINNING:
        raise _refused("invalid_document", "Give a PDF document.")
    file.seek(max(size - END_WITHIN, 0))
    if END not in file.read():
        raise _refused("invalid_document", "The PDF document has no end: it was cut off.")
    checked = PdfFile(file)
    checked.size = size
    return checked


def _refused(code: str, message: str) -> Invalid:
    return Invalid(message, errors=[FieldError("file", code, message)])
