"""What every answer carries, and the one log line of each request."""

import json
import re

import pytest

from core.accounts.tests.factories import make_user

pytestmark = pytest.mark.django_db
PROFILE = "/api/v1/users/profile/"


def lines(capsys) -> list[dict]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]


def test_a_request_gets_an_id_and_one_line(api_client, capsys):
    answer = api_client.get("/health/live/?a=1", REMOTE_ADDR="203.0.113.9")
    (line,) = lines(capsys)
    assert re.fullmatch("[0-9a-f]{32}", line["request_id"])
    assert answer["X-Request-ID"] == line["request_id"]
    assert line["duration_ms"] > 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT.+Z", line["timestamp"])
    assert (
        line.items()
        >= {
            "event": "request",
            "level": "info",
            "method": "GET",
            "path": "/health/live/",
            "query": "a=1",
            "status": 200,
            "address": "203.0.113.9",
            "user_id": None,
        }.items()
    )


def test_the_line_tells_who_called(client_of, capsys):
    user = make_user()
    client_of(user).get(PROFILE)
    assert [line["user_id"] for line in lines(capsys)] == [user.pk]


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("trace-1234.abc", True),
        ("short", False),
        ("x" * 65, False),
        ("has spaces in it", False),
        ("new\nline-12345", False),
    ],
)
def test_a_sane_request_id_is_kept(api_client, given, taken):
    assert (api_client.get("/health/live/", HTTP_X_REQUEST_ID=given)["X-Request-ID"] == given) is taken


def test_no_secret_is_in_the_log(api_client, client_of, capsys):
    api_client.post("/api/v1/auth/login/?email=ann@example.com", {"email": "ann@example.com", "password": "hunter2"})
    api_client.get("/api/v1/orders/S7K4/?token=order-secret-1234&x=eyJhbGciOi.eyJ1c2VyX2lk.c2ln")
    client_of(make_user(email="bob@example.com")).get(f"{PROFILE}?search=bob%40example.com")
    written = capsys.readouterr().out
    assert written.count('"event":"request"') == 3
    assert "token=***" in written
    for secret in ("hunter2", "ann@", "bob%40", "bob@", "order-secret", "eyJ"):
        assert secret not in written


def test_a_link_with_a_token_does_not_tell_it_to_the_next_page(api_client):
    assert api_client.get("/api/v1/orders/S7K4/?token=abc")["Referrer-Policy"] == "no-referrer"
    assert api_client.get("/api/v1/orders/S7K4/")["Referrer-Policy"] == "same-origin"


def test_security_headers_are_on_every_answer(api_client):
    for path in (PROFILE, "/health/live/", "/nowhere/", "/swagger/"):
        answer = api_client.get(path)
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["X-Frame-Options"] == "DENY"
        assert "script-src 'self'" in answer["Content-Security-Policy"]


@pytest.mark.parametrize(("origin", "allowed"), [("http://localhost:3000", True), ("https://evil.example", False)])
def test_browsers_of_listed_origins_may_call(api_client, origin, allowed):
    asked = {
        "HTTP_ORIGIN": origin,
        "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "POST",
        "HTTP_ACCESS_CONTROL_REQUEST_HEADERS": "authorization, idempotency-key",
    }
    preflight = api_client.options("/api/v1/auth/login/", **asked)
    assert preflight.get("Access-Control-Allow-Origin") == (origin if allowed else None)
    assert ("idempotency-key" in preflight.get("Access-Control-Allow-Headers", "")) is allowed
    answer = api_client.get("/health/live/", HTTP_ORIGIN=origin)
    assert answer.get("Access-Control-Allow-Origin") == (origin if allowed else None)


@pytest.mark.parametrize(
    ("query", "fields"), [("search=a%00b&limit=1", ["search"]), ("x%00=1", ["x\0"]), ("a=%00&b=%00", ["a", "b"])]
)
def test_null_characters_in_a_query_are_refused_by_name(api_client, query, fields):
    answer = api_client.get(f"/api/v1/products/?{query}")
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert [error["field"] for error in answer.json()["errors"]] == fields
    assert api_client.get("/api/v1/products/%00/").status_code == 400
