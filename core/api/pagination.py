"""Lists in pages: by offset everywhere, by cursor where a list has a keyset order.

A view may have `page_rows(queryset, start, stop)`, which answers the rows of a page with what they
show and their count does not need: joins under a count of 10,000 rows cost more than the page.
"""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from rest_framework.pagination import BasePagination
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param

from core.api.filters import ordering_of
from core.api.keyset import Cursor
from core.errors import FieldError, Invalid

DEFAULT_LIMIT = 20
MAX_LIMIT = 100
# Counting 10,001 rows of a million takes 0.6 ms, counting all of them 66 ms.
MAX_COUNT = 10_000
MAX_OFFSET = 10_000
MAX_DIGITS = 18


class LimitOffsetPagination(BasePagination):
    """`limit` and `offset`, or `page` and `per_page`. Two statements: a capped count and the page."""

    default_limit = DEFAULT_LIMIT
    query_parameters = ("limit", "offset", "page", "per_page")
    too_deep_advice = ""

    def paginate_queryset(self, queryset: QuerySet | Sequence, request, view=None) -> list[Any]:
        self.request = request
        if not self.too_deep_advice and getattr(view, "filterset_class", None):
            self.too_deep_advice = "; narrow the list by its filters"
        self._read_place()
        self.count, self.count_is_exact = _capped_count(queryset)
        return list(_page_rows(queryset, view, self.offset, self.offset + self.limit))

    def get_paginated_response(self, data: Any) -> Response:
        return Response(
            {
                "count": self.count,
                "count_is_exact": self.count_is_exact,
                "next": self.get_next_link(),
                "previous": self.get_previous_link(),
                "results": data,
            }
        )

    def page_meta(self) -> dict[str, int | None]:
        """The same place told in pages, for the envelope."""
        total_pages = None if self.count is None else -(-self.count // self.limit)
        page = None if self.offset is None else self.offset // self.limit + 1
        return {"page": page, "per_page": self.limit, "total": self.count, "total_pages": total_pages}

    def get_next_link(self) -> str | None:
        after = self.offset + self.limit
        has_more = after < self.count or not self.count_is_exact
        return self._link(after) if has_more and after <= MAX_OFFSET else None

    def get_previous_link(self) -> str | None:
        return self._link(max(self.offset - self.limit, 0)) if self.offset > 0 else None

    def get_paginated_response_schema(self, schema: dict) -> dict:
        link = {"type": "string", "nullable": True, "format": "uri"}
        return {
            "type": "object",
            "required": ["count", "count_is_exact", "next", "previous", "results"],
            "properties": {
                "count": {"type": "integer", "nullable": True, "maximum": MAX_COUNT},
                "count_is_exact": {"type": "boolean"},
                "next": link,
                "previous": link,
                "results": schema,
            },
        }

    def get_schema_operation_parameters(self, view) -> list[dict]:
        return [
            _parameter("limit", "Rows per page.", minimum=1, maximum=MAX_LIMIT, default=self.default_limit),
            _parameter("offset", "Rows to skip.", minimum=0, maximum=MAX_OFFSET),
            _parameter("page", "Instead of an offset: the number of the page, from 1.", minimum=1),
            _parameter("per_page", "Instead of `limit`, beside `page`.", minimum=1, maximum=MAX_LIMIT),
        ]

    def _read_place(self) -> None:
        given = self.request.query_params
        paged = "page" in given or "per_page" in given
        for mixed in ("limit", "offset") if paged else ():
            if mixed in given:
                raise _refusal(mixed, "ambiguous", "Give either limit and offset, or page and per_page.")
        if paged:
            self.limit = _number(given, "per_page", default=self.default_limit, lowest=1, highest=MAX_LIMIT)
            self.offset = (_number(given, "page", default=1, lowest=1) - 1) * self.limit
        else:
            self.limit = _number(given, "limit", default=self.default_limit, lowest=1, highest=MAX_LIMIT)
            self.offset = _number(given, "offset", default=0, lowest=0)
        if self.offset > MAX_OFFSET:
            message = f"No more than {MAX_OFFSET} rows can be skipped{self.too_deep_advice}."
            raise _refusal("page" if paged else "offset", "offset_too_deep", message)

    def _link(self, offset: int) -> str:
        url = self.request.build_absolute_uri()
        if "page" in self.request.query_params or "per_page" in self.request.query_params:
            return replace_query_param(url, "page", offset // self.limit + 1)
        if offset == 0:
            return remove_query_param(url, "offset")
        return replace_query_param(url, "offset", offset)


class KeysetPagination(LimitOffsetPagination):
    """Adds `cursor`: empty to begin a walk, then as `next` and `previous` say.

    A page by cursor is one statement and is not counted. The view names its orders in `orderings`
    (see `core.api.filters`), and its rows carry the columns of the keyset.
    """

    query_parameters = (*LimitOffsetPagination.query_parameters, "cursor")
    too_deep_advice = "; walk the list with cursor= and the links it answers"

    def paginate_queryset(self, queryset: QuerySet, request, view=None) -> list[Any]:
        self.next_cursor = self.previous_cursor = None
        self.by_cursor = "cursor" in request.query_params
        if not self.by_cursor:
            return super().paginate_queryset(queryset, request, view)
        self.request = request
        for mixed in ("offset", "page", "per_page"):
            if mixed in request.query_params:
                raise _refusal(mixed, "ambiguous", "A cursor already names the place; give limit alone beside it.")
        self._read_place()
        self.offset = self.count = None
        self.count_is_exact = False
        return self._page_at(request.query_params["cursor"], queryset, request, view)

    def get_next_link(self) -> str | None:
        return self._cursor_link(self.next_cursor) if self.by_cursor else super().get_next_link()

    def get_previous_link(self) -> str | None:
        return self._cursor_link(self.previous_cursor) if self.by_cursor else super().get_previous_link()

    def get_schema_operation_parameters(self, view) -> list[dict]:
        cursor = _parameter("cursor", "Empty to begin a walk whose pages cost the same at any depth.")
        return [*super().get_schema_operation_parameters(view), cursor | {"schema": {"type": "string"}}]

    def _page_at(self, text: str, queryset: QuerySet, request, view) -> list[Any]:
        name, keyset = ordering_of(request, view)
        order = f"{view.queryset.model._meta.label}:{name}:{','.join(keyset.fields)}"
        cursor = Cursor.decode(text, order=order, queryset=queryset, keyset=keyset) if text else None
        backward = bool(cursor and cursor.backward)
        rows = keyset.ordered(queryset, backward=backward)
        if cursor:
            rows = keyset.beyond(rows, cursor.values, backward=backward)
        page = list(_page_rows(rows, view, 0, self.limit + 1))
        has_more = len(page) > self.limit
        page = page[: self.limit]
        if backward:
            page.reverse()
        if page and (has_more or backward):
            self.next_cursor = Cursor(tuple(keyset.values_of(page[-1]))).encode(order=order)
        if page and cursor and (has_more or not backward):
            self.previous_cursor = Cursor(tuple(keyset.values_of(page[0])), backward=True).encode(order=order)
        return page

    def _cursor_link(self, cursor: str | None) -> str | None:
        return replace_query_param(self.request.build_absolute_uri(), "cursor", cursor) if cursor else None


def _capped_count(rows: QuerySet | Sequence) -> tuple[int, bool]:
    if not isinstance(rows, QuerySet):
        return len(rows), getattr(rows, "is_exact", True)
    count = rows.order_by()[: MAX_COUNT + 1].count()
    return min(count, MAX_COUNT), count <= MAX_COUNT


def _page_rows(rows: QuerySet | Sequence, view, start: int, stop: int) -> QuerySet | Sequence:
    read = getattr(view, "page_rows", None)
    return read(rows, start, stop) if read else rows[start:stop]


def _number(given, name: str, *, default: int, lowest: int, highest: int | None = None) -> int:
    text = given.get(name, "")
    if text == "":
        return default
    if not (text.isascii() and text.isdigit()):
        raise _refusal(name, "invalid", "Give a whole number.")
    number = int(text) if len(text) <= MAX_DIGITS else 10**MAX_DIGITS
    if number < lowest or (highest is not None and number > highest):
        raise _refusal(name, "out_of_range", f"Give a number from {lowest}" + (f" to {highest}." if highest else "."))
    return number


def _refusal(field: str, code: str, message: str) -> Invalid:
    code_of_answer = code if code == "offset_too_deep" else None
    return Invalid(message, code=code_of_answer, errors=[FieldError(field, code, message)])


def _parameter(name: str, description: str, **schema: int) -> dict:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": description,
        "schema": {"type": "integer", **schema},
    }
