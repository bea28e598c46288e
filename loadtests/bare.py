"""The least that Django can do: `/NAME` answers the bytes of that file, without middleware or database.

The floor that the shop's CPU per request is compared with; served by the same server as the shop.
The folder is LOADTEST_BARE_FOLDER.
"""

import os
from functools import cache
from pathlib import Path

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse
from django.urls import path

settings.configure(
    ROOT_URLCONF=__name__,
    MIDDLEWARE=[],
    ALLOWED_HOSTS=["*"],
    SECRET_KEY="signs-nothing",  # noqa: S106 - there is nothing to sign
    USE_I18N=False,
    LOGGING_CONFIG=None,
)


@cache
def bytes_of(name: str) -> bytes:
    """The file's bytes, read once per process."""
    return (Path(os.environ["LOADTEST_BARE_FOLDER"]) / name).read_bytes()


def bare(request: HttpRequest, name: str) -> HttpResponse:
    """The bytes, as JSON."""
    return HttpResponse(bytes_of(name), content_type="application/json")


def ready(request: HttpRequest) -> HttpResponse:
    """Whether the server serves."""
    return HttpResponse(b"ready")


urlpatterns = [path("", ready), path("<slug:name>", bare)]
application = get_wsgi_application()
