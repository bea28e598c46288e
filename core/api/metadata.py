"""What OPTIONS answers; the OpenAPI document says everything else."""

from typing import Any

from rest_framework.metadata import SimpleMetadata
from rest_framework.request import Request


class PlainMetadata(SimpleMetadata):
    """A view's name and media types. Which fields a body has is not asked for by trying the other
    methods, which look for the object as if they were called and broke on some views."""

    def determine_actions(self, request: Request, view: Any) -> dict[str, Any]:
        return {}
