"""The API's documents as pages: served from this process alone, under the site's own CSP."""

from drf_spectacular.views import SpectacularRedocView, SpectacularSwaggerSplitView


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
