"""`GET /metrics` in Prometheus' text format, for who asks from an allowed address or knows the token."""

from functools import lru_cache
from hmac import compare_digest
from ipaddress import ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views import View
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.registry import Collector

from core import metrics
from core.api.client_address import client_address
from core.api.problems import problem
from core.api.renderers import problem_response
from core.errors import Forbidden


class _LookedUp(Collector):
    def collect(self):
        return metrics.looked_up()


_looked_up = CollectorRegistry()
_looked_up.register(_LookedUp())


class MetricsView(View):
    """What was counted, then what is looked up now. What does not answer is told as `_up 0`, never as a 5xx."""

    def get(self, request: HttpRequest) -> HttpResponse:
        if not (has_token(request) or is_allowed_address(request)):
            document = problem(status=403, code=Forbidden.code, title=Forbidden.title, detail=Forbidden.title)
            return problem_response(request, document)
        text = generate_latest(metrics.registry()) + generate_latest(_looked_up)
        return HttpResponse(text, content_type=CONTENT_TYPE_LATEST)


def has_token(request: HttpRequest) -> bool:
    """Whether the request carries `METRICS_TOKEN` as its bearer token."""
    scheme, _, given = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    expected = settings.METRICS_TOKEN
    return bool(expected) and scheme.lower() == "bearer" and compare_digest(given.encode(), expected.encode())


def is_allowed_address(request: HttpRequest) -> bool:
    """Whether it comes from `METRICS_ADDRESSES`, itself or through a trusted proxy.

    With no proxy trusted, a forwarded request comes from one that nobody told us of: it stands on an
    allowed address for everybody it forwards.
    """
    if not settings.TRUSTED_PROXIES and ("HTTP_X_FORWARDED_FOR" in request.META or "HTTP_FORWARDED" in request.META):
        return False
    try:
        address = ip_address(client_address(request))
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return any(address in network for network in _networks(tuple(settings.METRICS_ADDRESSES)))


@lru_cache(maxsize=8)
def _networks(texts: tuple[str, ...]):
    return tuple(ip_network(text, strict=False) for text in texts)
