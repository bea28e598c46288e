"""Uploaded pictures and documents, where no web server or CDN in front of the shop serves them."""

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse
from django.views.static import serve

A_YEAR_SECONDS = 365 * 24 * 3600
PICTURES = ("image/jpeg", "image/png", "image/webp")


def media(request: HttpRequest, path: str) -> HttpResponse | FileResponse:
    """A stored file. Names are random and contents never change, so it may be kept for ever.

    Nothing in it may run, and what is no picture is downloaded, whatever got into the folder.
    """
    response = serve(request, path, document_root=settings.MEDIA_ROOT)
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    if isinstance(response, FileResponse) and response["Content-Type"] not in PICTURES:
        response["Content-Type"] = "application/octet-stream"
        response["Content-Disposition"] = "attachment"
    response["Cache-Control"] = f"public, max-age={A_YEAR_SECONDS}, immutable"
    return response
