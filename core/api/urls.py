"""Health, and the documents of the API."""

from django.urls import path

from core.api.documentation import ReDocView, SchemaView, SwaggerView
from core.api.health import LiveView, ReadyView
from core.api.metrics import MetricsView

urlpatterns = [
    path("health/live/", LiveView.as_view()),
    path("health/ready/", ReadyView.as_view()),
    path("metrics", MetricsView.as_view()),
    path("api/schema/", SchemaView.as_view(), name="schema"),
    path("swagger/", SwaggerView.as_view(), name="swagger"),
    path("redoc/", ReDocView.as_view(), name="redoc"),
]
