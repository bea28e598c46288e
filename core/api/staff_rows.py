"""Tables that staff keep: listed, read, made, changed and deleted, each write by a service."""

from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import Model
from rest_framework import serializers, status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from core.errors import NotFound


class WholeSerializer(serializers.Serializer):
    """A part of a row that is written whole, also where of the row itself only some fields are given."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if isinstance(data, Mapping):
            needed = [name for name, field in self.fields.items() if field.required and not field.read_only]
            missing = {name: [self.fields[name].error_messages["required"]] for name in needed if name not in data}
            if missing:
                raise serializers.ValidationError(missing, code="required")
        return super().to_internal_value(data)


class StaffRowsViewSet(viewsets.GenericViewSet):
    """One shape to read and to write, `serializer_class`; `queryset` loads what it shows, in order.

    Services, as static methods: `make_row(values=)` and `change_row(row_id=, changes=)` answer the row.
    """

    make_row: Callable[..., Model]
    change_row: Callable[..., Model]
    delete_row: Callable[..., None]

    def list(self, request: Request) -> Response:
        rows = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(self.get_serializer(rows, many=True).data)

    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(self._document(pk))

    def create(self, request: Request) -> Response:
        made = self.make_row(values=self._body())
        return Response(self._document(made.pk), status=status.HTTP_201_CREATED)

    def update(self, request: Request, pk: int) -> Response:
        """What is left out stays as it was."""
        self.change_row(row_id=pk, changes=self._body())
        return Response(self._document(pk))

    def partial_update(self, request: Request, pk: int) -> Response:
        self.change_row(row_id=pk, changes=self._body(partial=True))
        return Response(self._document(pk))

    def destroy(self, request: Request, pk: int) -> Response:
        self.delete_row(row_id=pk)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _body(self, *, partial: bool = False) -> dict[str, Any]:
        body = self.get_serializer(data=self.request.data, partial=partial)
        body.is_valid(raise_exception=True)
        return body.validated_data

    def _document(self, pk: int) -> dict[str, Any]:
        row = self.get_queryset().filter(pk=pk).first()
        if row is None:
            raise NotFound
        return self.get_serializer(row).data
