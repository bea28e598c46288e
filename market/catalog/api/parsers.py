"""Uploads."""

from typing import Any

from django.conf import settings
from rest_framework.parsers import MultiPartParser

from core.api.errors import PayloadTooLarge

FORM_BYTES = 64 * 1024


class UploadParser(MultiPartParser):
    """A form with one file; a larger body is refused before it is read."""

    limit_setting = ""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        announced = parser_context["request"].META.get("CONTENT_LENGTH") or 0
        if int(announced) > getattr(settings, self.limit_setting) + FORM_BYTES:
            raise PayloadTooLarge()
        return super().parse(stream, media_type, parser_context)


class PictureParser(UploadParser):
    limit_setting = "IMAGE_MAX_BYTES"


class DocumentParser(UploadParser):
    limit_setting = "DOCUMENT_MAX_BYTES"
