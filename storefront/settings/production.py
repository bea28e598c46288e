"""A real shop behind HTTPS. Refuses to start half-configured."""

from django.core.exceptions import ImproperlyConfigured

from storefront.settings.base import *  # noqa: F403
from storefront.settings.base import (
    DEBUG,
    INSECURE_SECRET_KEY,
    JWT_SECRET_KEY,
    SECRET_KEY,
    SECRET_KEY_FALLBACKS,
    read,
)

if DEBUG:
    raise ImproperlyConfigured("DJANGO_DEBUG must be off in production")
for name, value in {"DJANGO_SECRET_KEY": SECRET_KEY, "JWT_SECRET_KEY": JWT_SECRET_KEY}.items():
    if value == INSECURE_SECRET_KEY or len(value) < 32:
        raise ImproperlyConfigured(f"{name} must be set to a secret of at least 32 characters in production")
if INSECURE_SECRET_KEY in SECRET_KEY_FALLBACKS:
    raise ImproperlyConfigured(
        "DJANGO_SECRET_KEY_FALLBACKS must not hold the development key: everybody can sign with it"
    )
if SECRET_KEY == JWT_SECRET_KEY:
    raise ImproperlyConfigured("JWT_SECRET_KEY must differ from DJANGO_SECRET_KEY")

SECURE_SSL_REDIRECT = read("bool", "SECURE_SSL_REDIRECT", True)
SECURE_REDIRECT_EXEMPT = [r"^health/", r"^metrics$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = read("int", "SECURE_HSTS_SECONDS", 31_536_000)
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
