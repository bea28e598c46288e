"""Answers in gzip: when asked, when it saves something, with the same ETag."""

import gzip

import pytest
from django.test import Client
from django.urls import path
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.views import APIView

from core.accounts.tests.factories import make_staff

pytestmark = pytest.mark.django_db


class Echo(APIView):
    """Answers so many bytes."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    def get(self, request):
        headers = {"ETag": '"strong"'} if "strong" in request.query_params else {}
        return Response("x" * (int(request.query_params["bytes"]) - 2), headers=headers)


urlpatterns = [path("api/v1/echo/", Echo.as_view())]


@pytest.mark.parametrize(
    ("asked", "is_packed"),
    [
        ("gzip", True),
        ("deflate, GZIP;q=0.5, br", True),
        ("*", True),
        ("gzip; q=1.0", True),
        ("", False),
        ("br, deflate", False),
        ("gzip;q=0", False),
        ("gzip;q=0.000, *", False),
        ("identity, *;q=0", False),
        ("gzipped", False),
    ],
)
@pytest.mark.urls(__name__)
def test_it_is_packed_when_asked(api_client, asked, is_packed):
    answer = api_client.get("/api/v1/echo/?bytes=5000", HTTP_ACCEPT_ENCODING=asked)
    content = gzip.decompress(answer.content) if is_packed else answer.content
    assert (answer.get("Content-Encoding"), len(content)) == ("gzip" if is_packed else None, 5000)
    assert answer["Content-Length"] == str(len(answer.content))
    assert "Accept-Encoding" in answer["Vary"]


@pytest.mark.parametrize(("size", "is_packed"), [(1024, False), (1025, True)])
@pytest.mark.urls(__name__)
def test_only_what_is_larger_than_a_kilobyte(api_client, size, is_packed):
    answer = api_client.get(f"/api/v1/echo/?bytes={size}", HTTP_ACCEPT_ENCODING="gzip")
    assert (answer.get("Content-Encoding") == "gzip") is is_packed


@pytest.mark.urls(__name__)
def test_a_strong_etag_becomes_the_weak_one_of_the_same_value(api_client):
    tags = [
        api_client.get("/api/v1/echo/?bytes=5000&strong", HTTP_ACCEPT_ENCODING=asked)["ETag"] for asked in ("", "gzip")
    ]
    assert tags == ['"strong"', 'W/"strong"']


def test_pages_with_a_session_are_not_packed():
    office = Client()
    office.force_login(make_staff())
    page = office.get("/admin/", HTTP_ACCEPT_ENCODING="gzip")
    assert (len(page.content) > 1024, page.get("Content-Encoding")) == (True, None)
