"""Refusals and failures as problem documents."""

import json

import psycopg
import pytest
from django.core.exceptions import PermissionDenied
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import DataError, NotSupportedError, OperationalError
from django.http import Http404
from django.test import RequestFactory, override_settings
from django.urls import path
from rest_framework import exceptions, serializers
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api.errors import bad_request, not_found, server_error
from core.errors import Conflict, FieldError, Forbidden, InProgress, Invalid, NotAuthenticated, NotFound, Unavailable

SHORT = FieldError("items.0.quantity", "insufficient_stock", "Only 2 left.")


class LineSerializer(serializers.Serializer):
    quantity = serializers.IntegerField(min_value=1)


class BodySerializer(serializers.Serializer):
    email = serializers.EmailField()
    address = LineSerializer()
    items = LineSerializer(many=True)
    tags = serializers.ListField(child=serializers.IntegerField(), required=False)

    def validate(self, attrs):
        raise serializers.ValidationError("Together they make no sense.", code="senseless")


class View(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)
    error = Exception()

    def get(self, request):
        raise self.error

    def post(self, request):
        body = BodySerializer(data=request.data)
        body.is_valid(raise_exception=True)
        return Response(body.validated_data)


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


ERRORS = {
    "invalid": (Invalid(), 400, "invalid"),
    "not-authenticated": (NotAuthenticated(), 401, "not_authenticated"),
    "forbidden": (Forbidden(), 403, "permission_denied"),
    "not-found": (NotFound(code="cart_not_found"), 404, "cart_not_found"),
    "conflict": (Conflict("Sold out.", code="insufficient_stock", errors=[SHORT]), 409, "insufficient_stock"),
    "in-progress": (InProgress(), 409, "idempotency_in_progress"),
    "unavailable": (Unavailable(), 503, "unavailable"),
    "http404": (Http404("No Product matches the given query."), 404, "not_found"),
    "django-permission": (PermissionDenied("secret reason"), 403, "permission_denied"),
    "django-validation": (DjangoValidationError({"title": ["Too long."]}), 400, "invalid"),
    "drf-permission": (exceptions.PermissionDenied(), 403, "permission_denied"),
    "method": (exceptions.MethodNotAllowed("GET"), 405, "method_not_allowed"),
    "media-type": (exceptions.UnsupportedMediaType("text/csv"), 415, "unsupported_media_type"),
    "throttled": (exceptions.Throttled(wait=7.2), 429, "throttled"),
    "database-down": (OperationalError("connection to 10.0.0.7 failed"), 503, "unavailable"),
    "stale-plan": (caused(NotSupportedError("cached plan"), psycopg.errors.FeatureNotSupported()), 503, "unavailable"),
    "out-of-range": (DataError("integer out of range"), 400, "invalid"),
}
urlpatterns = [path(f"api/v1/{name}/", View.as_view(error=error)) for name, (error, _, _) in ERRORS.items()]
urlpatterns.append(path("api/v1/broken/", View.as_view(error=RuntimeError("password of the database"))))
handler404, handler500 = "core.api.errors.not_found", "core.api.errors.server_error"

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


@pytest.mark.parametrize("name", ERRORS)
def test_each_refusal_is_a_problem_document(api_client, name):
    _, status, code = ERRORS[name]
    answer = api_client.get(f"/api/v1/{name}/")
    document = answer.json()
    assert answer.status_code == document["status"] == status
    assert answer["Content-Type"] == "application/problem+json"
    assert document["code"] == code
    assert document["type"] == f"urn:storefront:problem:{code}"
    assert document["title"]
    assert document["detail"]
    for internal in ("10.0.0.7", "secret reason", "Product", "integer", "cached plan", "Traceback"):
        assert internal not in answer.content.decode()


@pytest.mark.parametrize(
    ("name", "seconds"), [("in-progress", 1), ("unavailable", 2), ("throttled", 8), ("database-down", 2)]
)
def test_who_may_try_again_is_told_when(api_client, name, seconds):
    assert api_client.get(f"/api/v1/{name}/")["Retry-After"] == str(seconds)


def test_a_401_names_the_scheme(api_client):
    assert api_client.get("/api/v1/not-authenticated/")["WWW-Authenticate"] == 'Bearer realm="api"'


def test_a_conflict_names_its_lines(api_client):
    assert api_client.get("/api/v1/conflict/").json()["errors"] == [
        {"field": "items.0.quantity", "code": "insufficient_stock", "message": "Only 2 left."}
    ]


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({}, {("email", "required"), ("address", "required"), ("items", "required")}),
        (
            {"email": "x", "address": {"quantity": 0}, "items": [{"quantity": 1}, {"quantity": "many"}]},
            {("email", "invalid"), ("address.quantity", "min_value"), ("items.1.quantity", "invalid")},
        ),
        (
            {"email": "a@example.com", "address": {"quantity": 1}, "items": [], "tags": [1, "x"]},
            {("tags.1", "invalid")},
        ),
        ({"email": "a@example.com", "address": {"quantity": 1}, "items": []}, {("", "senseless")}),
        ([], {("", "invalid")}),
    ],
)
def test_validation_errors_are_flat_with_dotted_paths(api_client, body, found):
    answer = api_client.post("/api/v1/invalid/", body)
    assert answer.status_code == 400
    assert {(error["field"], error["code"]) for error in answer.json()["errors"]} == found


@override_settings(DEBUG=False)
def test_a_bug_tells_nothing(api_client):
    api_client.raise_request_exception = False
    answer = api_client.get("/api/v1/broken/")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert answer["Content-Type"] == "application/problem+json"
    assert b"password" not in answer.content
    assert answer["X-Request-ID"]


def test_unknown_addresses_answer_in_the_form_of_their_side(api_client):
    answer = api_client.get("/api/v1/nothing/here/")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert answer["Content-Type"] == "application/problem+json"
    page = api_client.get("/nothing/<script>/")
    assert page.status_code == 404
    assert page["Content-Type"].startswith("text/html")
    assert b"script" not in page.content


@pytest.mark.parametrize(
    ("answer_of", "status"),
    [
        (lambda request: bad_request(request, ValueError("why")), 400),
        (lambda request: not_found(request, Http404("why")), 404),
        (server_error, 500),
    ],
)
def test_djangos_own_error_pages(answer_of, status):
    document = answer_of(RequestFactory().get("/api/v1/x/"))
    assert (document.status_code, json.loads(document.content)["status"]) == (status, status)
    page = answer_of(RequestFactory().get("/x/"))
    assert page.status_code == status
    assert b"why" not in page.content


@pytest.mark.parametrize(("name", "status", "code"), [("nowhere", 404, "not_found"), ("broken", 500, "internal_error")])
def test_clients_of_a_shop_in_development_get_documents_too(api_client, settings, name, status, code):
    settings.DEBUG = True
    api_client.raise_request_exception = False
    # The debug page would be packed.
    answer = api_client.get(f"/api/v1/{name}/", HTTP_ACCEPT_ENCODING="gzip")
    assert "Content-Encoding" not in answer
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Length"] == str(len(answer.content))
    assert b"password" not in answer.content
    assert b"URLconf" in api_client.get("/nowhere/").content


def test_answers_outside_of_views_come_in_an_envelope_on_request(api_client):
    wanted = {"HTTP_ACCEPT": "application/vnd.storefront.envelope+json"}
    for address, code in (("/api/v1/nowhere/", "not_found"), ("/api/v1/nowhere/?a=%00", "invalid")):
        answer = api_client.get(address, **wanted)
        assert answer["Content-Type"] == "application/vnd.storefront.envelope+json"
        assert (answer.json()["success"], answer.json()["meta"]["code"]) == (False, code)
