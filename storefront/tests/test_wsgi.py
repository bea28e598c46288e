"""One application, two stacks: the API without sessions, the pages with them, static files with hashed names."""

import io
import os
import re
import subprocess
import sys
from http.cookies import SimpleCookie
from pathlib import Path
from urllib.parse import urlencode

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache

from core.accounts.tests.factories import PASSWORD, make_staff
from core.accounts.tokens import issue_tokens
from storefront.wsgi import application

ROOT = Path(__file__).resolve().parents[2]


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


@pytest.mark.django_db(transaction=True)
def test_staff_sign_in_to_the_admin_with_a_session_in_the_cache():
    staff = make_staff(email="staff@example.com")
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
    assert cache.get(f"django.contrib.sessions.cache{signed_in['sessionid']}")["_auth_user_id"] == str(staff.pk)
    assert Session.objects.count() == 0
    status, _, page = call("/admin/", HTTP_COOKIE=f"sessionid={signed_in['sessionid']}")
    assert (status, "staff@example.com" in page) == (200, True)


STATIC = """
import django
django.setup()
from django.conf import settings
from django.core.management import call_command
call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=["drf_spectacular_sidecar"])
from django.contrib.staticfiles.storage import staticfiles_storage
from django.test import Client
url = staticfiles_storage.url("admin/css/base.css")
answer = Client().get(url, secure=True)
plain = Client().get("/static/admin/css/base.css", secure=True)
print(url, "|", answer.status_code, "|", answer["Cache-Control"], "|", plain.status_code)
"""


def test_static_files_have_hashed_names_and_are_kept_for_ever(tmp_path):
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "storefront.settings.production",
        "DJANGO_SECRET_KEY": "django-" * 8,
        "JWT_SECRET_KEY": "tokens-" * 8,
        "DJANGO_ALLOWED_HOSTS": "testserver",
        "STATIC_ROOT": str(tmp_path),
    }
    command = [sys.executable, "-c", STATIC]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    url, status, cached, plain_status = done.stdout.splitlines()[-1].split(" | ")
    assert re.fullmatch(r"/static/admin/css/base\.[0-9a-f]{12}\.css", url)
    assert (status, cached) == ("200", "max-age=315360000, public, immutable")
    assert plain_status == "404"
