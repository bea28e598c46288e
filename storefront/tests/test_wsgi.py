"""One application, two stacks: the API without sessions, the pages with them."""

import io
import re
import sys
from http.cookies import SimpleCookie
from urllib.parse import urlencode

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache

from core.accounts.tests.factories import PASSWORD, make_staff
from core.accounts.tokens import issue_tokens
from core.quick_redis import quick_redis
from storefront.wsgi import application


def call(path: str, *, method: str = "GET", form: dict[str, str] | None = None, **headers: str):
    """Status, headers and body of one request through the whole application."""
    body = urlencode(form or {}).encode()
    answer = {}
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "SERVER_NAME": "testserver",
        "SERVER_PORT": "80",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        "wsgi.url_scheme": "http",
        "wsgi.errors": sys.stderr,
        **headers,
    }

    def start_response(status, response_headers, exc_info=None):
        answer["status"], answer["headers"] = int(status.split()[0]), response_headers

    response = application(environ, start_response)
    text = b"".join(response).decode(errors="replace")
    response.close()
    cookies = SimpleCookie()
    for name, value in answer["headers"]:
        if name.lower() == "set-cookie":
            cookies.load(value)
    return answer["status"], {key: morsel.value for key, morsel in cookies.items()}, text


@pytest.mark.django_db(transaction=True)
def test_the_api_knows_no_cookies():
    token = issue_tokens(user=make_staff()).access
    status, cookies, _ = call("/api/v1/users/", HTTP_AUTHORIZATION=f"Bearer {token}", HTTP_COOKIE="sessionid=abc")
    assert (status, cookies) == (200, {})


def sign_in(staff) -> str:
    """The cookie of a session that the admin gave for the password."""
    _, cookies, page = call("/admin/login/")
    hidden = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert hidden
    form = {"username": staff.email, "password": PASSWORD, "next": "/admin/"}
    refused, _, _ = call("/admin/login/", method="POST", form=form)
    assert refused == 403
    form["csrfmiddlewaretoken"] = hidden[1]
    status, signed_in, _ = call(
        "/admin/login/", method="POST", form=form, HTTP_COOKIE=f"csrftoken={cookies['csrftoken']}"
    )
    assert status == 302
    return f"sessionid={signed_in['sessionid']}"


@pytest.mark.django_db(transaction=True)
def test_staff_sign_in_to_the_admin_with_a_session_that_the_cache_holds():
    staff = make_staff(email="staff@example.com")
    cookie = sign_in(staff)
    key = cookie.removeprefix("sessionid=")
    assert cache.get(f"django.contrib.sessions.cached_db{key}")["_auth_user_id"] == str(staff.pk)
    assert Session.objects.get().session_key == key
    status, _, page = call("/admin/", HTTP_COOKIE=cookie)
    assert (status, "staff@example.com" in page) == (200, True)


@pytest.mark.django_db(transaction=True)
def test_staff_sign_in_and_out_of_the_admin_while_redis_is_away(redis_away):
    cookie = sign_in(make_staff(email="staff@example.com"))
    status, _, page = call("/admin/", HTTP_COOKIE=cookie)
    assert (status, "staff@example.com" in page) == (200, True)
    Session.objects.all().delete()
    assert call("/admin/", HTTP_COOKIE=cookie)[0] == 302
    assert quick_redis().breaker.is_open


def test_a_cached_session_is_believed_for_a_minute():
    cache.set("session", "signed in", timeout=14 * 24 * 3600)
    name = cache.make_key("session")
    assert 0 < quick_redis().call(lambda client: client.ttl(name)) <= 60
    assert (cache.add("session", "again"), cache.touch("session", 30), cache.get("session")) == (
        False,
        True,
        "signed in",
    )
    assert quick_redis().call(lambda client: client.ttl(name)) <= 30
    assert (cache.delete("session"), cache.delete("session"), cache.get("session", "gone")) == (True, False, "gone")
    cache.set("session", "signed in", timeout=0)
    assert cache.get("session") is None


@pytest.mark.django_db
def test_the_api_redirects_no_body_to_the_final_slash():
    """A client that follows a 301 sends no body any more, so the cart would be made without its lines."""
    status, _, text = call("/api/v1/carts", method="POST")
    assert (status, '"code":"not_found"' in text) == (404, True)
    assert call("/api/v1/products")[0] == 301
    assert call("/api/v1/nowhere")[0] == 404


@pytest.mark.django_db
def test_what_browsers_ask_for_unasked_is_there():
    status, _, text = call("/favicon.ico")
    assert (status, text[:4]) == (200, "\x00\x00\x01\x00")  # an ICO file begins like this
