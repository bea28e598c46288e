"""The API's description and its pages: served from this process alone, under the site's own CSP."""

from functools import cache
from hashlib import sha256
from threading import Lock

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.views import View
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from drf_spectacular.views import SpectacularRedocView, SpectacularSwaggerSplitView

RENDERERS = {"yaml": OpenApiYamlRenderer, "json": OpenApiJsonRenderer}


# The generator keeps what it has seen in places that all threads share: two at once answered 500.
_generating = Lock()


def schema_document(kind: str) -> tuple[bytes, str]:
    """The OpenAPI document of this version of the code, and its ETag. Made once per process: 200 ms."""
    with _generating:
        return _generated(kind)


@cache
def _generated(kind: str) -> tuple[bytes, str]:
    document = RENDERERS[kind]().render(SchemaGenerator().get_schema(request=None, public=True), renderer_context={})
    return document, f'"{sha256(document).hexdigest()[:32]}"'


class SchemaView(View):
    """The OpenAPI document as YAML, or as JSON when asked by `Accept` or `?format=json`."""

    def get(self, request: HttpRequest) -> HttpResponse:
        wants_json = request.GET.get("format") == "json" or "json" in request.headers.get("Accept", "")
        kind = "json" if wants_json else "yaml"
        document, etag = schema_document(kind)
        headers = {"ETag": etag, "Cache-Control": "public, max-age=300", "Vary": "Accept"}
        if etag in request.headers.get("If-None-Match", ""):
            return HttpResponseNotModified(headers=headers)
        return HttpResponse(document, content_type=RENDERERS[kind].media_type, headers=headers)


class SwaggerView(SpectacularSwaggerSplitView):
    """Swagger UI. Its start script has an address of its own, as inline scripts are refused."""

    title = "Storefront API"
    throttle_classes = ()
    authentication_classes = ()


class ReDocView(SpectacularRedocView):
    """ReDoc, from our template: the package's own asks another site for fonts."""

    title = "Storefront API"
    template_name = "docs/redoc.html"
    throttle_classes = ()
    authentication_classes = ()
