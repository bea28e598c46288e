"""The WSGI application: one process, two middleware stacks."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "storefront.settings.development")

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler

from core.metrics_folder import share_metrics

share_metrics(settings.DATA_DIR)
django.setup(set_prefix=False)

from core.quick_redis import quick_redis

quick_redis().begin()


def handler_with(middleware: list[str]) -> WSGIHandler:
    """A handler with its own middleware. Django's reads one global setting while it is built."""
    configured = settings.MIDDLEWARE
    settings.MIDDLEWARE = middleware
    try:
        return WSGIHandler()
    finally:
        settings.MIDDLEWARE = configured


api = handler_with(settings.API_MIDDLEWARE)
pages = handler_with(settings.MIDDLEWARE)


def application(environ, start_response):
    """Answer the API with the lean stack and everything else (admin, pages) with the full one."""
    handler = api if environ["PATH_INFO"].startswith(settings.API_PREFIXES) else pages
    return handler(environ, start_response)
