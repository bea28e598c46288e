"""Every route of the shop."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from core.notifications.api.views import UnsubscribeView
from storefront.media import media

urlpatterns = [
    path("api/v1/", include("core.accounts.api.urls")),
    path("api/v1/", include("core.operations.api.urls")),
    path("api/v1/", include("core.notifications.api.urls")),
    path("api/v1/", include("market.customers.api.urls")),
    path("api/v1/", include("market.catalog.api.urls")),
    path("api/v1/", include("market.inventory.api.urls")),
    path("api/v1/", include("market.pricing.api.urls")),
    path("api/v1/", include("market.shipping.api.urls")),
    path("api/v1/", include("market.taxes.api.urls")),
    path("api/v1/", include("market.carts.api.urls")),
    path("api/v1/", include("market.checkout.api.urls")),
    path("api/v1/", include("market.payments.api.urls")),
    path("api/v1/", include("market.reviews.api.urls")),
    path("", include("core.api.urls")),
    path("unsubscribe/", UnsubscribeView.as_view()),
    path("admin/", admin.site.urls),
]
if settings.MEDIA_URL.startswith("/") and not settings.AWS_STORAGE_BUCKET_NAME:
    urlpatterns.append(path(f"{settings.MEDIA_URL.strip('/')}/<path:path>", media))
if settings.OIDC_ISSUER:
    urlpatterns.append(path("", include("core.accounts.api.social_urls")))
if getattr(settings, "DEBUG_TOOLBAR", False):
    urlpatterns.append(path("__debug__/", include("debug_toolbar.urls")))
if getattr(settings, "SILK_PERCENT", 0):
    urlpatterns.append(path("silk/", include("silk.urls", namespace="silk")))

handler400 = "core.api.errors.bad_request"
handler403 = "core.api.errors.permission_denied"
handler404 = "core.api.errors.not_found"
handler500 = "core.api.errors.server_error"
