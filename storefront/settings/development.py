"""What `make run` uses: DEBUG and readable logs unless the environment says otherwise."""

from storefront.settings.base import *  # noqa: F403
from storefront.settings.base import LOG_LEVEL, logging_settings, read

DEBUG = read("bool", "DJANGO_DEBUG", True)
LOG_FORMAT = read("str", "LOG_FORMAT", "console")
LOGGING = logging_settings(LOG_FORMAT, LOG_LEVEL)

# Pages show the toolbar; API requests appear in its history panel.
DEBUG_TOOLBAR = DEBUG and read("bool", "DEBUG_TOOLBAR", False)
if DEBUG_TOOLBAR:
    INSTALLED_APPS = [*INSTALLED_APPS, "debug_toolbar"]
    MIDDLEWARE = ["debug_toolbar.middleware.DebugToolbarMiddleware", *MIDDLEWARE]
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
