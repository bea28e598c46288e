"""The ASGI application, for servers that speak nothing else: the same two stacks as `wsgi.py`.

Django's synchronous views run in threads here, at a third of the speed (docs/adr/0002): prefer WSGI.
"""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "storefront.settings.development")

import django
from django.conf import settings
from django.core.handlers.asgi import ASGIHandler

from core.metrics_folder import share_metrics

share_metrics(settings.DATA_DIR)
django.setup(set_prefix=False)

from core.quick_redis import quick_redis

quick_redis().begin()


def handler_with(middleware: list[str]) -> ASGIHandler:
    """A handler with its own middleware. Django's reads one global setting while it is built."""
    configured = settings.MIDDLEWARE
    settings.MIDDLEWARE = middleware
    try:
        return ASGIHandler()
    finally:
        settings.MIDDLEWARE = configured


api = handler_with(settings.API_MIDDLEWARE)
pages = handler_with(settings.MIDDLEWARE)


async def application(scope, receive, send):
    """Answer the API with the lean stack and everything else (admin, pages) with the full one."""
    handler = api if scope.get("path", "").startswith(settings.API_PREFIXES) else pages
    await handler(scope, receive, send)
