"""Uploads."""

from typing import Any

from django.conf import settings
from rest_framework.parsers import MultiPartParser

from core.api.errors import PayloadTooLarge

FORM_BYTES = 64 * 1024


class PictureParser(MultiPartParser):
    """A form with one picture; a larger body is refused before it is read."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        announced = parser_context["request"].META.get("CONTENT_LENGTH") or 0
        if int(announced) > settings.IMAGE_MAX_BYTES + FORM_BYTES:
            raise PayloadTooLarge()
        return super().parse(stream, media_type, parser_context)
