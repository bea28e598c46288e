"""Bodies are strict JSON: what PostgreSQL or the next reader could not hold is refused by name."""

import json
from collections.abc import Iterator
from typing import Any

import orjson
from django.conf import settings
from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.parsers import BaseParser

from core.api.errors import PayloadTooLarge
from core.api.renderers import JSONRenderer

# The deepest body of API.md has four levels; the recursion below stays far from Python's limit.
MAX_DEPTH = 32


class StrictJSONParser(BaseParser):
    """JSON objects and lists of a bounded size and depth, without NaN, NUL characters and lone surrogates."""

    media_type = "application/json"
    renderer_class = JSONRenderer

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        body = read_body(stream, parser_context)
        if not body.strip():
            return {}
        try:
            data = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise _refusal(body) from error
        if not isinstance(data, dict | list):
            raise ParseError("The body must be a JSON object.", code="malformed")
        # Both need an escape or many brackets, so that ordinary bodies are not walked at all.
        if b"\\u0000" in body or body.count(b"{") + body.count(b"[") > MAX_DEPTH:
            for path, problem in _problems(data):
                raise ValidationError({path: [problem]})
        return data


def read_strictly(text: str) -> Any:
    """JSON within a field of a form, no looser than a body. Raises ValueError saying what is wrong."""
    try:
        data = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise ValueError("Enter valid JSON.") from None
    for path, problem in _problems(data):
        raise ValueError(f"{path}: {problem}" if path else problem)
    return data


def read_body(stream: Any, parser_context: Any) -> bytes:
    """The whole body. Raises PayloadTooLarge before reading more than is allowed."""
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    request = (parser_context or {}).get("request")
    announced = request.META.get("CONTENT_LENGTH") if request is not None else None
    if announced and int(announced) > limit:
        raise PayloadTooLarge()
    body = stream.read(limit + 1)
    if len(body) > limit:
        raise PayloadTooLarge()
    return body


def _refusal(body: bytes) -> Exception:
    """Why strict parsing failed, beside the field's name when a lenient reader can still find it."""
    try:
        lenient = json.loads(body, parse_constant=_Constant)
    except (ValueError, RecursionError):
        return ParseError("The body is not valid JSON.", code="malformed")
    for path, problem in _problems(lenient):
        return ValidationError({path: [problem]})
    return ParseError("The body is not valid JSON.", code="malformed")


class _Constant(str):
    """NaN or an infinity, met by the lenient reader."""

    __slots__ = ()


def _problems(value: Any, path: str = "", depth: int = 1) -> Iterator[tuple[str, str]]:
    """Each value that must not get in, as dotted path and reason."""
    if isinstance(value, _Constant):
        yield path, f"{value} is not a number."
    elif isinstance(value, str):
        if "\0" in value:
            yield path, "Null characters are not allowed."
        elif any("\ud800" <= character <= "\udfff" for character in value):
            yield path, "The text is not valid Unicode."
    elif isinstance(value, dict | list):
        if depth > MAX_DEPTH:
            yield path, f"Nested more than {MAX_DEPTH} levels deep."
            return
        for key, member in value.items() if isinstance(value, dict) else enumerate(value):
            if isinstance(key, str) and ("\0" in key or any("\ud800" <= c <= "\udfff" for c in key)):
                yield path, "A member's name is not valid text."
                return
            yield from _problems(member, f"{path}.{key}" if path else str(key), depth + 1)
