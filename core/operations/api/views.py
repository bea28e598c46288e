"""Operations and their runs, for staff."""

import uuid
from collections.abc import Callable

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.renderers import EnvelopeRenderer, JSONRenderer
from core.operations import selectors, services
from core.operations.api.filters import RunFilter
from core.operations.api.parsers import FileParser
from core.operations.api.permissions import MayOperate
from core.operations.api.renderers import CSVRenderer
from core.operations.api.serializers import (
    OperationSerializer,
    RunCreateSerializer,
    RunFileSerializer,
    RunSerializer,
    UploadSerializer,
    operation_document,
)
from core.operations.models import Run
from core.operations.registry import operations_for
from core.spreadsheets import csv_lines


class OperationViewSet(viewsets.GenericViewSet):
    """What may be run, and new runs of it."""

    permission_classes = [MayOperate]
    queryset = Run.objects.none()
    serializer_class = OperationSerializer

    def list(self, request: Request) -> Response:
        documents = [operation_document(operation) for operation in operations_for(request.user)]
        return self.get_paginated_response(self.paginate_queryset(self.filter_queryset(documents)))

    @extend_schema(request=RunCreateSerializer, responses={201: RunSerializer})
    def create_run(self, request: Request, name: str) -> Response:
        operation = selectors.operation_for(user=request.user, name=name)
        body = RunCreateSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        run = services.create_run(operation=operation, user_id=request.user.pk, **body.validated_data)
        return Response(RunSerializer(run).data, status=status.HTTP_201_CREATED)


class RunFileViewSet(viewsets.GenericViewSet):
    """Files for the operations that read one."""

    permission_classes = [MayOperate]
    serializer_class = RunFileSerializer
    parser_classes = [FileParser]

    @extend_schema(request={"multipart/form-data": UploadSerializer}, responses={201: RunFileSerializer})
    def create(self, request: Request, name: str) -> Response:
        operation = selectors.operation_for(user=request.user, name=name)
        body = UploadSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        file = body.validated_data["file"]
        stored = services.store_file(operation=operation, name=file.name, stream=file, user_id=request.user.pk)
        return Response(RunFileSerializer(stored).data, status=status.HTTP_201_CREATED)


class RunViewSet(viewsets.GenericViewSet):
    """Runs: watched, started, paused, resumed, canceled."""

    permission_classes = [MayOperate]
    queryset = Run.objects.none()
    serializer_class = RunSerializer
    filterset_class = RunFilter

    def list(self, request: Request) -> Response:
        rows = self.paginate_queryset(self.filter_queryset(selectors.runs_for(user=request.user)))
        return self.get_paginated_response(RunSerializer(rows, many=True).data)

    def retrieve(self, request: Request, run_id: uuid.UUID) -> Response:
        return Response(RunSerializer(selectors.run_for(user=request.user, run_id=run_id)).data)

    @extend_schema(request=None)
    def start(self, request: Request, run_id: uuid.UUID) -> Response:
        return self._done(services.start_run, request, run_id)

    @extend_schema(request=None)
    def pause(self, request: Request, run_id: uuid.UUID) -> Response:
        return self._done(services.pause_run, request, run_id)

    @extend_schema(request=None)
    def resume(self, request: Request, run_id: uuid.UUID) -> Response:
        return self._done(services.resume_run, request, run_id)

    @extend_schema(request=None)
    def cancel(self, request: Request, run_id: uuid.UUID) -> Response:
        return self._done(services.cancel_run, request, run_id)

    @extend_schema(request=None)
    def retry_failed(self, request: Request, run_id: uuid.UUID) -> Response:
        return self._done(services.retry_failed_rows, request, run_id)

    def _done(self, service: Callable[..., Run], request: Request, run_id: uuid.UUID) -> Response:
        """The run after the service has worked on it, if the caller may see it."""
        selectors.run_for(user=request.user, run_id=run_id)
        service(run_id=run_id, user_id=request.user.pk)
        return self.retrieve(request, run_id)


class FailedRowsViewSet(viewsets.GenericViewSet):
    """The failed rows of a run as a spreadsheet."""

    permission_classes = [MayOperate]
    queryset = Run.objects.none()
    serializer_class = RunSerializer
    renderer_classes = [CSVRenderer, JSONRenderer, EnvelopeRenderer]

    @extend_schema(operation_id="runs_failed_rows", responses={(200, "text/csv"): OpenApiTypes.STR})
    def retrieve(self, request: Request, run_id: uuid.UUID) -> StreamingHttpResponse:
        run = selectors.run_for(user=request.user, run_id=run_id)
        return StreamingHttpResponse(
            csv_lines(services.failed_rows(run=run)),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="failed-rows-{run.pk}.csv"'},
        )
