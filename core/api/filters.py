"""Filters that really filter: what a list does not know is refused, never ignored.

A view may have a `filterset_class` (django-filter) and `orderings`, the names that `ordering`
takes, each with the `Keyset` that it stands for; the first is the default. A filter set that takes
whole families of parameters, such as `attributes[color]`, says so by `is_known(name)`.
"""

from collections.abc import Sequence
from functools import reduce
from operator import or_

from django import forms
from django.db.models import Q, QuerySet
from django_filters import rest_framework as django_filters
from drf_spectacular.contrib.django_filters import DjangoFilterExtension

from core.api.keyset import Keyset
from core.errors import FieldError, Invalid

ORDERING = "ordering"
# As long as an address may be.
MAX_WORDS_LENGTH = 254
NOT_A_FLAG = "Give true or false."
BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


class StrictBooleanField(forms.CharField):
    """`true` or `1`, `false` or `0`; empty means that nobody asked."""

    def clean(self, value: str | None) -> bool | None:
        text = super().clean(value).lower()
        if text and text not in BOOLEANS:
            raise forms.ValidationError(NOT_A_FLAG, code="invalid")
        return BOOLEANS.get(text)


class StrictBooleanFilter(django_filters.BooleanFilter):
    """A yes or no that refuses anything else, where django-filter's own ignores it."""

    field_class = StrictBooleanField

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.extra.pop("widget", None)


class WordsFilter(django_filters.CharFilter):
    """Rows that have every word in some of the fields, as a part of it and whatever its case.

    Each word is another condition, so there are only so many characters.
    """

    def __init__(self, *, fields: Sequence[str], **kwargs) -> None:
        super().__init__(max_length=MAX_WORDS_LENGTH, **kwargs)
        self.fields = fields

    def filter(self, queryset: QuerySet, value: str | None) -> QuerySet:
        for word in (value or "").split():
            queryset = queryset.filter(reduce(or_, (Q(**{f"{field}__icontains": word}) for field in self.fields)))
        return queryset


class StrictFilterBackend(django_filters.DjangoFilterBackend):
    """Filters and orders lists; unknown parameters, values and orders are 400, naming the field."""

    def filter_queryset(self, request, queryset: QuerySet, view) -> QuerySet:
        if getattr(view, "detail", False):
            return queryset
        filterset = self.get_filterset(request, queryset, view)
        self._refuse_unknown(request, view, filterset)
        if filterset is not None:
            if not filterset.is_valid():
                raise _invalid_values(filterset.errors)
            queryset = filterset.qs
        if not getattr(view, "orderings", None):
            return queryset
        _, keyset = ordering_of(request, view)
        return keyset.ordered(queryset)

    def get_schema_operation_parameters(self, view) -> list[dict]:
        if getattr(view, "detail", False) or not getattr(view, "orderings", None):
            return []
        return [
            {
                "name": ORDERING,
                "in": "query",
                "required": False,
                "description": "Order of the rows; ties by id.",
                "schema": {"type": "string", "enum": list(view.orderings), "default": next(iter(view.orderings))},
            }
        ]

    def _refuse_unknown(self, request, view, filterset) -> None:
        known = set(filterset.filters) if filterset is not None else set()
        known |= set(getattr(view, "extra_query_parameters", ()))
        if getattr(view, "orderings", None):
            known.add(ORDERING)
        paginator = getattr(view, "paginator", None)
        known |= set(getattr(paginator, "query_parameters", ()))
        is_known = getattr(filterset, "is_known", known.__contains__)
        unknown = sorted(name for name in set(request.query_params) - known if not is_known(name))
        if unknown:
            errors = [FieldError(name, "unknown", "This list has no such parameter.") for name in unknown]
            raise Invalid("The query has parameters that this list does not know.", errors=errors)


class StrictFilterExtension(DjangoFilterExtension):
    """Documents the filters as for django-filter, and the orders beside them."""

    target_class = "core.api.filters.StrictFilterBackend"
    match_subclasses = True
    priority = 1

    def get_schema_operation_parameters(self, auto_schema, *args, **kwargs) -> list[dict]:
        filters = super().get_schema_operation_parameters(auto_schema, *args, **kwargs)
        return [*filters, *self.target.get_schema_operation_parameters(auto_schema.view)]


def ordering_of(request, view) -> tuple[str, Keyset]:
    """The order that the request asks of the view's list. Raises Invalid for one it does not have."""
    name = request.query_params.get(ORDERING) or next(iter(view.orderings))
    if name not in view.orderings:
        message = "Order by one of: " + ", ".join(view.orderings) + "."
        raise Invalid(message, errors=[FieldError(ORDERING, "unknown", message)])
    return name, view.orderings[name]


def read_flag(request, name: str) -> bool:
    """A yes or no of a list that is not filtered by the database, no unless given. Raises Invalid."""
    text = request.query_params.get(name, "").lower()
    if text and text not in BOOLEANS:
        raise Invalid("The query has values that cannot be used.", errors=[FieldError(name, "invalid", NOT_A_FLAG)])
    return BOOLEANS.get(text, False)


def _invalid_values(errors: forms.utils.ErrorDict) -> Invalid:
    fields = [
        FieldError(field, str(error["code"]) or "invalid", str(error["message"]))
        for field, failures in errors.get_json_data().items()
        for error in failures
    ]
    return Invalid("The query has values that cannot be used.", errors=fields)
