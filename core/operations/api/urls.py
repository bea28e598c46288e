"""Routes of operations and runs."""

from django.urls import path

from core.operations.api.views import FailedRowsViewSet, OperationViewSet, RunFileViewSet, RunViewSet

urlpatterns = [
    path("operations/", OperationViewSet.as_view({"get": "list"})),
    path("operations/<slug:name>/files/", RunFileViewSet.as_view({"post": "create"}, detail=True)),
    path("operations/<slug:name>/runs/", OperationViewSet.as_view({"post": "create_run"}, detail=True)),
    path("runs/", RunViewSet.as_view({"get": "list"})),
    path("runs/<uuid:run_id>/", RunViewSet.as_view({"get": "retrieve"}, detail=True)),
    path("runs/<uuid:run_id>/start/", RunViewSet.as_view({"post": "start"}, detail=True)),
    path("runs/<uuid:run_id>/pause/", RunViewSet.as_view({"post": "pause"}, detail=True)),
    path("runs/<uuid:run_id>/resume/", RunViewSet.as_view({"post": "resume"}, detail=True)),
    path("runs/<uuid:run_id>/cancel/", RunViewSet.as_view({"post": "cancel"}, detail=True)),
    path("runs/<uuid:run_id>/retry-failed/", RunViewSet.as_view({"post": "retry_failed"}, detail=True)),
    path("runs/<uuid:run_id>/failed-rows.csv", FailedRowsViewSet.as_view({"get": "retrieve"}, detail=True)),
]
