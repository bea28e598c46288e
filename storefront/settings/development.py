"""What `make run` uses: DEBUG and readable logs unless the environment says otherwise."""

from importlib.util import find_spec

from django.core.exceptions import ImproperlyConfigured

from storefront.settings.base import *  # noqa: F403
from storefront.settings.base import LOG_LEVEL, logging_settings, read

DEBUG = read("bool", "DJANGO_DEBUG", True)
LOG_FORMAT = read("str", "LOG_FORMAT", "console")
LOGGING = logging_settings(LOG_FORMAT, LOG_LEVEL)


def need(package: str, variable: str) -> None:
    """Say how to get a package that only contributors have."""
    if find_spec(package) is None:
        raise ImproperlyConfigured(f"{variable} needs the packages of requirements/development.txt")


# Pages show the toolbar; API requests appear in its history panel.
DEBUG_TOOLBAR = DEBUG and read("bool", "DEBUG_TOOLBAR", False)
if DEBUG_TOOLBAR:
    need("debug_toolbar", "DEBUG_TOOLBAR")
    INSTALLED_APPS = [*INSTALLED_APPS, "debug_toolbar"]
    # Inside the static files, which would crowd the history.
    _inside = MIDDLEWARE.index("whitenoise.middleware.WhiteNoiseMiddleware") + 1
    MIDDLEWARE = [*MIDDLEWARE[:_inside], "debug_toolbar.middleware.DebugToolbarMiddleware", *MIDDLEWARE[_inside:]]
    API_MIDDLEWARE = ["debug_toolbar.middleware.DebugToolbarMiddleware", *API_MIDDLEWARE]
    INTERNAL_IPS = ["127.0.0.1", "::1"]
    DEBUG_TOOLBAR_PANELS = [
        "debug_toolbar.panels.history.HistoryPanel",
        "debug_toolbar.panels.timer.TimerPanel",
        "debug_toolbar.panels.headers.HeadersPanel",
        "debug_toolbar.panels.request.RequestPanel",
        "debug_toolbar.panels.sql.SQLPanel",
        "debug_toolbar.panels.cache.CachePanel",
        "debug_toolbar.panels.signals.SignalsPanel",
        "debug_toolbar.panels.profiling.ProfilingPanel",
    ]

# The share of requests that Silk records, shown to staff at /silk/. No other environment knows it.
SILK_PERCENT = read("int", "SILK_PERCENT", 0) if DEBUG else 0
if not 0 <= SILK_PERCENT <= 100:
    raise ImproperlyConfigured(f"SILK_PERCENT must be 0 to 100, not {SILK_PERCENT}")
if SILK_PERCENT:
    need("silk", "SILK_PERCENT")
    INSTALLED_APPS = [*INSTALLED_APPS, "silk"]
    # Inside the deadlines and the log line, and in the pages' stack inside the static files.
    _inside = API_MIDDLEWARE.index("core.api.deadlines.DatabaseDeadlineMiddleware") + 1
    API_MIDDLEWARE = [*API_MIDDLEWARE[:_inside], "core.api.profiling.ProfilingMiddleware", *API_MIDDLEWARE[_inside:]]
    MIDDLEWARE = [*MIDDLEWARE, "core.api.profiling.ProfilingMiddleware"]
    DATABASES = DATABASES | {"silk": DATABASES["default"].copy()}
    DATABASE_ROUTERS = ["core.api.profiling.OwnConnection"]
    SILKY_MIDDLEWARE_CLASS = "core.api.profiling.ProfilingMiddleware"
    SILKY_AUTHENTICATION = SILKY_AUTHORISATION = True
    LOGIN_URL = "admin:login"
    # Beat prunes; a request never does.
    SILKY_MAX_RECORDED_REQUESTS_CHECK_PERCENT = -1
    SILKY_MAX_REQUEST_BODY_SIZE = SILKY_MAX_RESPONSE_BODY_SIZE = 0
    # Silk's own pages have scripts in them.
    CONTENT_SECURITY_POLICY = CONTENT_SECURITY_POLICY | {"EXCLUDE_URL_PREFIXES": ["/silk/"]}
