"""How bodies are read and answers are written: strict JSON in, plain JSON or the envelope out."""

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import orjson
import pytest
from django.urls import path
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.views import APIView

from core.accounts.tests.factories import make_staff, make_user
from core.api.renderers import dump_json

ENVELOPE = "application/vnd.storefront.envelope+json"


class Echo(APIView):
    authentication_classes = ()
    permission_classes = (AllowAny,)

    def get(self, request):
        return Response({"price": Decimal("12.5"), "at": datetime(2026, 11, 21, 12, 0, tzinfo=UTC)})

    def post(self, request):
        return Response({"got": request.data})

    def delete(self, request):
        return Response(status=204)


urlpatterns = [path("api/v1/echo/", Echo.as_view())]
echoing = pytest.mark.urls(__name__)


def post(client, body: bytes, **headers):
    return client.generic("POST", "/api/v1/echo/", body, content_type="application/json", **headers)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("12.5"), '"12.50"'),
        (Decimal("1E+2"), '"100.00"'),
        (Decimal("-0.10"), '"-0.10"'),
        (Decimal("0.2125"), '"0.2125"'),
        (datetime(2026, 11, 21, 12, 0, 0, 5000, tzinfo=UTC), '"2026-11-21T12:00:00.005000Z"'),
        (date(2026, 11, 21), '"2026-11-21"'),
        (UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
        ({1: "é"}, '{"1":"é"}'),
        ({"b"}, '["b"]'),
    ],
)
def test_values_have_one_form(value, text):
    assert dump_json(value).decode() == text


def test_a_value_without_a_form_is_a_bug():
    with pytest.raises(TypeError):
        dump_json(object())


@echoing
@pytest.mark.parametrize(
    ("body", "got"),
    [
        (b'{"quantity": 3, "note": "caf\xc3\xa9 \\ud83d\\ude00"}', {"quantity": 3, "note": "café 😀"}),
        (b"[1, 2]", [1, 2]),
        (b"", {}),
    ],
)
def test_good_bodies_are_read(api_client, body, got):
    answer = post(api_client, body)
    assert (answer.status_code, answer.json()) == (200, {"got": got})


@echoing
@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"quantity": NaN}', "quantity"),
        (b'{"items": [{"quantity": 1}, {"quantity": -Infinity}]}', "items.1.quantity"),
        (b'{"note": "a\\u0000b"}', "note"),
        (b'{"a": {"note": "\\ud800"}}', "a.note"),
        (b'{"a\\u0000": 1}', ""),
        (b'{"a":' * 40 + b"1" + b"}" * 40, ".".join("a" * 32)),
        (b"[" * 100_000 + b"]" * 100_000, None),
        (b'{"note": "\xff"}', None),
        (b"{", None),
        (b'{"a": 1} x', None),
        (b'"text"', None),
        (b"12", None),
    ],
)
def test_bad_bodies_are_refused_by_name_where_it_is_known(api_client, body, field):
    answer = post(api_client, body)
    assert answer.status_code == 400, answer.content
    if field is None:
        assert answer.json()["code"] == "malformed"
    else:
        assert [error["field"] for error in answer.json()["errors"]] == [field]


@echoing
@pytest.mark.parametrize("announced", [True, False])
def test_a_body_past_the_limit_is_refused(api_client, settings, announced):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    headers = {} if announced else {"CONTENT_LENGTH": ""}
    answer = post(api_client, b'{"note": "' + b"x" * 200 + b'"}', **headers)
    if announced:
        assert (answer.status_code, answer.json()["code"]) == (413, "payload_too_large")
    else:
        # A body of unknown length is no body: nothing of it is read.
        assert (answer.status_code, answer.json()) == (200, {"got": {}})


@echoing
def test_other_media_types_are_refused(api_client):
    answer = api_client.post("/api/v1/echo/", "a=1", content_type="application/x-www-form-urlencoded")
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert api_client.get("/api/v1/echo/", HTTP_ACCEPT="text/csv").status_code == 406


@echoing
@pytest.mark.parametrize("query", ["a=%00", "a=b%00c", "%00=1"])
def test_null_characters_in_addresses_are_refused(api_client, query):
    assert api_client.generic("GET", "/api/v1/echo/", QUERY_STRING=query).status_code == 400


@echoing
def test_plain_and_enveloped_answers(api_client):
    plain = api_client.get("/api/v1/echo/")
    assert plain["Content-Type"] == "application/json"
    data = {"price": "12.50", "at": "2026-11-21T12:00:00Z"}
    assert plain.json() == data
    wrapped = api_client.get("/api/v1/echo/", HTTP_ACCEPT=ENVELOPE)
    assert wrapped["Content-Type"] == ENVELOPE
    assert orjson.loads(wrapped.content) == {"success": True, "data": data, "message": "", "errors": [], "meta": {}}
    assert api_client.delete("/api/v1/echo/", HTTP_ACCEPT=ENVELOPE).content == b""


@pytest.mark.django_db
def test_the_envelope_of_a_list_tells_the_pages(client_of):
    staff = make_staff()
    for _ in range(4):
        make_user()
    answer = client_of(staff).get("/api/v1/users/?page=2&per_page=2", HTTP_ACCEPT=ENVELOPE)
    envelope = orjson.loads(answer.content)
    assert len(envelope["data"]) == 2
    assert envelope["meta"] == {"pagination": {"page": 2, "per_page": 2, "total": 5, "total_pages": 3}}


@pytest.mark.django_db
def test_the_envelope_of_a_refusal(api_client):
    answer = api_client.post("/api/v1/auth/login/", {"email": "a@example.com"}, HTTP_ACCEPT=ENVELOPE)
    assert answer.status_code == 400
    assert answer["Content-Type"] == ENVELOPE
    assert orjson.loads(answer.content) == {
        "success": False,
        "data": None,
        "message": "The request is not valid.",
        "errors": [{"field": "password", "code": "required", "message": "This field is required."}],
        "meta": {"code": "invalid"},
    }
    refused = api_client.get("/api/v1/users/profile/", HTTP_ACCEPT=ENVELOPE)
    assert refused.status_code == 401
    assert orjson.loads(refused.content)["errors"][0]["code"] == "not_authenticated"
