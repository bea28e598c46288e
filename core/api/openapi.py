"""The OpenAPI document: every operation also names the problems that it may answer."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from rest_framework.permissions import SAFE_METHODS, AllowAny

from core.api.permissions import IsAdminOrReadOnly
from core.api.renderers import JSONRenderer

PROBLEM_TITLES = {
    "400": "The request is malformed or not valid; `errors` names the fields.",
    "401": "The credential is missing, wrong or expired.",
    "403": "The caller may not do this.",
    "404": "It does not exist, or not for this caller.",
    "406": "None of the accepted media types is served.",
    "409": "The request contradicts the present state; `code` says how.",
    "413": "The body is too large.",
    "415": "The body's media type is not accepted.",
    "429": "Too many requests; try again after `Retry-After` seconds.",
    "503": "A dependency is down; try again after `Retry-After` seconds.",
}
PROBLEM_SCHEMAS: dict[str, Any] = {
    "FieldProblem": {
        "type": "object",
        "description": "One reason beside the field that it is about; nested fields are dotted paths.",
        "required": ["field", "code", "message"],
        "properties": {
            "field": {"type": "string", "example": "shipping_address.postal_code"},
            "code": {"type": "string"},
            "message": {"type": "string"},
        },
    },
    "Problem": {
        "type": "object",
        "description": "RFC 9457 problem document. Some codes add members of their own.",
        "required": ["type", "title", "status", "detail", "code"],
        "properties": {
            "type": {"type": "string", "format": "uri"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "code": {"type": "string", "description": "Stable; clients may rely on it."},
            "errors": {"type": "array", "items": {"$ref": "#/components/schemas/FieldProblem"}},
        },
        "additionalProperties": True,
    },
}
_RETRY_AFTER = {
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 0}},
}


def problem_component(status: str) -> dict[str, Any]:
    """The response object of one status."""
    response: dict[str, Any] = {
        "description": PROBLEM_TITLES[status],
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    if status in {"429", "503"}:
        response["headers"] = _RETRY_AFTER
    return response


PROBLEM_COMPONENTS = {
    "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
    "schemas": PROBLEM_SCHEMAS,
    "responses": {f"Problem{status}": problem_component(status) for status in PROBLEM_TITLES},
}


def add_problem_components(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """Post-processing hook: what the operations' problem answers refer to."""
    components = result.setdefault("components", {})
    for section, members in PROBLEM_COMPONENTS.items():
        section_members = components.setdefault(section, {})
        section_members.update(members)
        components[section] = dict(sorted(section_members.items()))
    return result


BLANK = {"type": "string", "maxLength": 0}


def let_blanks_match_both(result: Any, *_: Any, **__: Any) -> Any:
    """Post-processing hook: a blank that the field's own schema takes too fits two schemas, which `oneOf` refuses."""
    if isinstance(result, dict):
        if BLANK in result.get("oneOf", []):
            result["anyOf"] = result.pop("oneOf")
        for value in result.values():
            let_blanks_match_both(value)
    elif isinstance(result, list):
        for value in result:
            let_blanks_match_both(value)
    return result


class ProblemAutoSchema(AutoSchema):
    """drf-spectacular's schema with the problem answers that the operation's shape allows.

    What the shape does not show, the view says: `problem_statuses = {"login": {"401"}}` by action.
    """

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        operation = super().get_operation(*args, **kwargs)
        if operation is None:
            return None
        responses = operation["responses"]
        for status in self._problem_statuses(operation):
            responses.setdefault(status, {"$ref": f"#/components/responses/Problem{status}"})
        operation["responses"] = dict(sorted(responses.items()))
        return operation

    def get_auth(self) -> list[dict[str, list[str]]]:
        """The Authorization header where it is read; a public operation also works without it."""
        if not self.view.get_authenticators():
            return []
        bearer: dict[str, list[str]] = {"bearer": []}
        return [{}, bearer] if self._is_public() else [bearer]

    def map_renderers(self, attribute: str) -> list[Any]:
        """Plain JSON stands for both renderers: the envelope wraps the same data (see the description)."""
        types = super().map_renderers(attribute)
        return [JSONRenderer.media_type] if JSONRenderer.media_type in types else types

    def _get_paginator(self) -> Any:
        """Pages are read: a write that answers several rows answers all of them."""
        return super()._get_paginator() if self.method == "GET" else None

    def _problem_statuses(self, operation: dict[str, Any]) -> set[str]:
        statuses = {"406", "429", "503"}
        writes = self.method in {"POST", "PUT", "PATCH", "DELETE"}
        places = {parameter["in"] for parameter in operation.get("parameters", [])}
        if "requestBody" in operation:
            statuses |= {"400", "413", "415"}
        if "query" in places:
            statuses.add("400")
        if "path" in places:
            statuses.add("404")
        if writes:
            statuses.add("409")
        if self.view.get_authenticators():
            statuses.add("401")
        if not self._is_public():
            statuses.add("403")
        return statuses | getattr(self.view, "problem_statuses", {}).get(getattr(self.view, "action", None), set())

    def _is_public(self) -> bool:
        reads = self.method in SAFE_METHODS
        return all(
            isinstance(permission, AllowAny) or (reads and isinstance(permission, IsAdminOrReadOnly))
            for permission in self.view.get_permissions()
        )
