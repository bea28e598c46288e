"""Hooks of schemathesis: half of what it makes up is pointed at things that exist.

Loaded by schemathesis itself (SCHEMATHESIS_HOOKS); `KNOWN_THINGS` is a JSON object from the name of a
path parameter or body field to a value. Which half is decided by the request's own content, so that the
same seed sends the same requests.
"""

import json
import os
import zlib
from typing import Any

import schemathesis

THINGS: dict[str, Any] = json.loads(os.environ["KNOWN_THINGS"])
# What a plain `id` in a path names, by the resource before it.
RESOURCES = {
    "categories": "category",
    "payments": "payment",
    "variants": "variant",
    "images": "image",
    "reviews": "review",
}


def is_pointed(case: Any, place: str) -> bool:
    """Whether this place of this request gets something that exists."""
    return zlib.crc32(f"{place} {case.method} {case.path_parameters!r} {case.query!r} {case.body!r}".encode()) % 2 == 0


def pointed(case: Any, body: Any) -> Any:
    """The body with known values for half of the fields that have one."""
    if isinstance(body, list):
        return [pointed(case, member) for member in body]
    if not isinstance(body, dict):
        return body
    return {
        name: THINGS[name] if name in THINGS and is_pointed(case, name) else pointed(case, member)
        for name, member in body.items()
    }


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    """Put known keys into the path and the body of half of the requests."""
    path, body = dict(case.path_parameters or {}), case.body
    new_body = pointed(case, body)
    for name in path:
        resource = case.path.partition("{" + name + "}")[0].rstrip("/").rpartition("/")[2]
        key = RESOURCES.get(resource, name) if name == "id" else name
        if key in THINGS and is_pointed(case, name):
            path[name] = THINGS[key]
    if path:
        case.path_parameters = path
    if isinstance(body, dict | list):
        case.body = new_body
