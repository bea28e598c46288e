"""Answers as JSON: plain, or in an envelope for the clients that ask for one."""

from collections.abc import Mapping
from decimal import Decimal
from http import HTTPStatus
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from rest_framework.renderers import BaseRenderer

from core.api import problems

_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS


def _default(value: Any) -> Any:
    """What orjson does not know: amounts keep their exact digits, at least two after the point."""
    if isinstance(value, Decimal):
        return f"{value:.2f}" if value.is_finite() and value.as_tuple().exponent > -2 else f"{value:f}"
    if isinstance(value, Promise):
        return str(value)
    if isinstance(value, frozenset | set):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def dump_json(data: Any) -> bytes:
    """`data` as the API writes it: money as strings with two places, times (in UTC, as the ORM's are) with `Z`."""
    return orjson.dumps(data, _default, _OPTIONS)


class JSONRenderer(BaseRenderer):
    """Plain JSON; a refusal is a problem document and says so in its content type."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        if data is None:
            return b""
        response = (renderer_context or {}).get("response")
        if response is not None and response.exception:
            response["Content-Type"] = problems.MEDIA_TYPE
        return dump_json(data)


class EnvelopeRenderer(BaseRenderer):
    """The same data as `{success, data, message, errors, meta}`, errors included."""

    media_type = "application/vnd.storefront.envelope+json"
    format = "envelope"
    charset = None

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        context = renderer_context or {}
        response = context.get("response")
        if data is None and (response is None or response.status_code == HTTPStatus.NO_CONTENT):
            return b""
        if response is not None and response.exception:
            return dump_json(_failure(data))
        return dump_json(_success(data, getattr(context.get("view"), "paginator", None)))


def _failure(document: Mapping[str, Any]) -> dict[str, Any]:
    errors = document.get("errors") or [{"field": "", "code": document["code"], "message": document["detail"]}]
    own = {"type", "title", "status", "detail", "errors"}
    meta = {key: value for key, value in document.items() if key not in own}
    return {"success": False, "data": None, "message": document["detail"], "errors": errors, "meta": meta}


def _success(data: Any, paginator: Any) -> dict[str, Any]:
    meta: dict[str, Any] = {}
    if paginator is not None and isinstance(data, Mapping) and "results" in data:
        meta["pagination"] = paginator.page_meta()
        data = data["results"]
    return {"success": True, "data": data, "message": "", "errors": [], "meta": meta}


def problem_response(request: HttpRequest, document: Mapping[str, Any]) -> HttpResponse:
    """A problem document as an answer outside DRF (middleware, Django's own error pages), in the asked form."""
    if EnvelopeRenderer.media_type in request.META.get("HTTP_ACCEPT", ""):
        return HttpResponse(
            dump_json(_failure(document)), status=document["status"], content_type=EnvelopeRenderer.media_type
        )
    return HttpResponse(dump_json(document), status=document["status"], content_type=problems.MEDIA_TYPE)
