"""Public answers that browsers and proxies may keep."""

from hashlib import blake2b

from django.http import HttpResponse
from django.utils.cache import get_conditional_response, patch_cache_control, patch_vary_headers
from rest_framework.request import Request
from rest_framework.response import Response

# Prices and stock are decided again in the cart and at checkout, so a shop window may be this old.
FRESH_SECONDS = 10
STALE_SECONDS = 60


class PublicCacheMixin:
    """Gives anonymous reads an ETag and a public lifetime, and answers 304 to a caller who has the bytes.

    A request with a credential keeps the API's default, `private, no-store`.
    """

    def finalize_response(self, request: Request, response: Response, *args, **kwargs) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        patch_vary_headers(response, ["Accept", "Authorization"])
        is_read = request.method in {"GET", "HEAD"} and response.status_code == 200
        if is_read and "HTTP_AUTHORIZATION" not in request.META:
            patch_cache_control(response, public=True, max_age=FRESH_SECONDS, stale_while_revalidate=STALE_SECONDS)
            response.add_post_render_callback(lambda rendered: conditional(request, rendered))
        return response


def conditional(request: Request, response: Response) -> HttpResponse:
    """The answer with its ETag, or 304 without a body when the caller's is the same."""
    # Weak, so that the packed answer (core.api.compression) has the same.
    response["ETag"] = f'W/"{blake2b(response.content, digest_size=12).hexdigest()}"'
    return get_conditional_response(request, etag=response["ETag"], response=response)
