"""The header `Idempotency-Key`, read and answered."""

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from core.errors import FieldError, Invalid
from core.idempotency import Outcome

MAX_LENGTH = 255
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": MAX_LENGTH},
    OpenApiParameter.HEADER,
    description="The same key and body give the same outcome for 24 hours.",
)


def idempotency_key(request: Request) -> str | None:
    """The caller's key, None without the header. Raises Invalid for one that is empty or too long."""
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not 1 <= len(key) <= MAX_LENGTH or not key.isprintable():
        message = f"Give 1 to {MAX_LENGTH} printable characters."
        raise Invalid(message, errors=[FieldError("Idempotency-Key", "invalid", message)])
    return key


class IdempotentReplayMixin:
    """Tells a replayed outcome by the header `Idempotent-Replayed: true`, also when it is a refusal."""

    is_replayed = False

    def settle(self, outcome: Outcome) -> Outcome:
        """Note whether the outcome is a replay; raises its refusal, if it is one."""
        self.is_replayed = outcome.replayed
        if outcome.refusal is not None:
            raise outcome.refusal
        return outcome

    def finalize_response(self, request: Request, response: Response, *args, **kwargs) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        if self.is_replayed:
            response["Idempotent-Replayed"] = "true"
        return response
