"""Who may call what: every route and method of the API, by four callers.

The routes come from the URL map, so that a new one without a policy here fails.
"""

import re
import uuid
from collections.abc import Iterator

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from core.accounts.tests.factories import make_user

pytestmark = pytest.mark.django_db

# Who gets past the door: everybody, whoever is signed in, staff with the permission for it.
PUBLIC, SIGNED_IN, STAFF = "public", "signed in", "staff"
# Tables that staff keep, and their models.
STAFF_ROWS = {
    "shipping-zones": "shipping.shippingzone",
    "shipping-methods": "shipping.shippingmethod",
    "tax-rates": "taxes.taxrate",
    "price-lists": "pricing.pricelist",
}
POLICY = {
    "auth/login/": {"post": PUBLIC},
    "auth/logout/": {"post": PUBLIC},
    "auth/refresh/": {"post": PUBLIC},
    "auth/register/": {"post": PUBLIC},
    "auth/logout/everywhere/": {"post": SIGNED_IN},
    "auth/verify-email/": {"get": PUBLIC, "post": PUBLIC},
    "auth/verify-email/resend/": {"post": PUBLIC},
    "auth/password/reset/": {"post": PUBLIC},
    "auth/password/reset/confirm/": {"post": PUBLIC},
    "auth/password/change/": {"post": SIGNED_IN},
    "users/": {"get": STAFF},
    "users/email/change/": {"post": SIGNED_IN},
    "users/email/confirm/": {"post": PUBLIC},
    "users/profile/export/": {"post": SIGNED_IN},
    # The mailed token says whose copy it is.
    "users/export/": {"get": PUBLIC},
    "users/profile/": dict.fromkeys(("get", "put", "patch", "delete"), SIGNED_IN),
    "notification-preferences/": {"get": SIGNED_IN, "patch": SIGNED_IN},
    "notifications/": {"get": SIGNED_IN},
    "addresses/": {"get": SIGNED_IN, "post": SIGNED_IN},
    "addresses/<pk>/": dict.fromkeys(("get", "put", "patch", "delete"), SIGNED_IN),
    "customers/": {"get": STAFF},
    "customers/<pk>/": {"get": STAFF},
    "customers/<customer_id>/history/": {"get": STAFF},
    "products/": {"get": PUBLIC, "post": STAFF},
    "products/<product_id>/": {"get": PUBLIC, "put": STAFF, "patch": STAFF, "delete": STAFF},
    "products/slug/<slug>/": {"get": PUBLIC},
    "products/facets/": {"get": PUBLIC},
    "products/suggest/": {"get": PUBLIC},
    "products/<product_id>/variants/": {"get": PUBLIC, "post": STAFF},
    "products/<product_id>/variants/<pk>/": {"get": PUBLIC, "put": STAFF, "patch": STAFF, "delete": STAFF},
    "products/<product_id>/images/": {"get": PUBLIC, "post": STAFF},
    "products/<product_id>/images/<pk>/": {"patch": STAFF, "delete": STAFF},
    "products/<product_id>/documents/": {"get": PUBLIC, "post": STAFF},
    "products/<product_id>/documents/<pk>/": {"delete": STAFF},
    "products/slug/<slug>/documents/": {"get": PUBLIC},
    "products/<product_id>/reviews/": {"get": PUBLIC, "post": SIGNED_IN},
    "products/<product_id>/reviews/summary/": {"get": PUBLIC},
    "reviews/": {"get": STAFF},
    # Whose review it is, the service decides.
    "reviews/<pk>/": {"patch": SIGNED_IN, "delete": SIGNED_IN},
    "reviews/<pk>/votes/": {"post": SIGNED_IN},
    "reviews/<pk>/reply/": {"post": STAFF},
    "reviews/<pk>/moderation/": {"post": STAFF},
    "categories/": {"get": PUBLIC, "post": STAFF},
    "categories/<pk>/": {"get": PUBLIC, "put": STAFF, "patch": STAFF, "delete": STAFF},
    "categories/<pk>/image/": {"put": STAFF, "delete": STAFF},
    "collections/": {"get": PUBLIC, "post": STAFF},
    "collections/<pk>/": {"get": PUBLIC, "put": STAFF, "patch": STAFF, "delete": STAFF},
    "collections/<pk>/image/": {"put": STAFF, "delete": STAFF},
    "collections/<pk>/products/": {"put": STAFF},
    "product-types/": {"get": PUBLIC, "post": STAFF},
    "product-types/<pk>/": {"get": PUBLIC, "put": STAFF, "patch": STAFF, "delete": STAFF},
    "product-types/<product_type_id>/attributes/": {"post": STAFF},
    "product-types/<product_type_id>/attributes/<pk>/": {"patch": STAFF, "delete": STAFF},
    "products/<product_id>/related/": {"get": PUBLIC},
    "products/<product_id>/image-requests/": {"get": STAFF, "post": STAFF},
    **{f"{name}/": dict.fromkeys(("get", "post"), STAFF) for name in STAFF_ROWS},
    **{f"{name}/<pk>/": dict.fromkeys(("get", "put", "patch", "delete"), STAFF) for name in STAFF_ROWS},
    "price-lists/<price_list_id>/entries/": {"get": STAFF},
    "promotions/": {"get": PUBLIC, "post": STAFF},
    "promotions/<promotion_id>/": {"get": PUBLIC, "put": STAFF, "patch": STAFF, "delete": STAFF},
    "promotions/<promotion_id>/simulate/": {"post": STAFF},
    "simulations/<pk>/": {"get": STAFF},
    "simulations/<pk>/orders.csv": {"get": STAFF},
    "promotions/<promotion_id>/coupons/": {"get": STAFF, "post": STAFF},
    "promotions/<promotion_id>/coupons.csv": {"get": STAFF},
    "promotions/<promotion_id>/coupons/<coupon_id>/": {"patch": STAFF, "delete": STAFF},
    "price-changes/": {"get": STAFF, "post": STAFF},
    "price-changes/batch/": {"post": STAFF},
    "price-changes/<pk>/": {"get": STAFF, "patch": STAFF, "delete": STAFF},
    "stock/": {"get": STAFF},
    "stock/<variant_id>/": {"get": STAFF, "put": STAFF},
    "stock/<variant_id>/movements/": {"get": STAFF, "post": STAFF},
    # The cart's UUID is its key.
    "carts/": {"post": PUBLIC},
    "carts/current/": {"get": SIGNED_IN},
    "carts/<cart_id>/claim/": {"post": SIGNED_IN},
    "carts/<cart_id>/": {"get": PUBLIC, "delete": PUBLIC},
    "carts/<cart_id>/delivery/": {"put": PUBLIC},
    "carts/<cart_id>/shipping-methods/": {"get": PUBLIC},
    "carts/<cart_id>/explanation/": {"get": PUBLIC},
    "carts/<cart_id>/coupons/": {"post": PUBLIC},
    "carts/<cart_id>/coupons/<code>/": {"delete": PUBLIC},
    "carts/<cart_id>/items/": {"post": PUBLIC, "put": PUBLIC},
    "carts/<cart_id>/items/<item_id>/": {"patch": PUBLIC, "delete": PUBLIC},
    "wishlists/": {"get": SIGNED_IN, "post": SIGNED_IN},
    "wishlists/<wishlist_id>/": {"get": SIGNED_IN, "patch": SIGNED_IN, "delete": SIGNED_IN},
    "wishlists/<wishlist_id>/items/": {"get": SIGNED_IN, "post": SIGNED_IN},
    "wishlists/<wishlist_id>/items/<wishlist_item_id>/": {"delete": SIGNED_IN},
    "wishlists/<wishlist_id>/items/<wishlist_item_id>/move-to-cart/": {"post": SIGNED_IN},
    "variants/<variant_id>/stock-alerts/": {"post": SIGNED_IN, "delete": SIGNED_IN},
    # A guest orders, and opens his order with its token; whose order it is, the service decides.
    "orders/": {"get": SIGNED_IN, "post": PUBLIC},
    "orders/<number>/": {"get": PUBLIC, "put": STAFF, "patch": STAFF},
    "orders/<number>/cancel/": {"post": PUBLIC},
    "orders/<number>/payments/": {"post": PUBLIC},
    "payments/<pk>/confirm/": {"post": STAFF},
    "operations/": {"get": STAFF},
    "operations/<name>/files/": {"post": STAFF},
    "operations/<name>/runs/": {"post": STAFF},
    "runs/": {"get": STAFF},
    "runs/<run_id>/": {"get": STAFF},
    "runs/<run_id>/start/": {"post": STAFF},
    "runs/<run_id>/pause/": {"post": STAFF},
    "runs/<run_id>/resume/": {"post": STAFF},
    "runs/<run_id>/cancel/": {"post": STAFF},
    "runs/<run_id>/retry-failed/": {"post": STAFF},
    "runs/<run_id>/failed-rows.csv": {"get": STAFF},
}
# Outside of the API: who reads what there. The admin's pages and uploads have tests of their own.
READERS = {
    "health/live/": PUBLIC,
    "health/ready/": PUBLIC,
    "metrics": "allowed address or token",
    "api/schema/": PUBLIC,
    "swagger/": PUBLIC,
    "redoc/": PUBLIC,
    # The mail's signed token says whose mails end.
    "unsubscribe/": PUBLIC,
}
ADMITTED = {
    PUBLIC: {"anonymous", "customer", "clerk", "manager"},
    SIGNED_IN: {"customer", "clerk", "manager"},
    STAFF: {"manager"},
}
VALUES = {"pk": "1", "slug": "none", "number": "AAAA-AAAA-AA", "cart_id": str(uuid.UUID(int=1))}
VALUES |= {"run_id": str(uuid.UUID(int=1)), "name": "reprice"}


def routes(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[tuple[str, set[str]]]:
    """(path with names in <>, methods) of each route below the patterns."""
    for pattern in patterns:
        path = prefix + re.sub(
            r"\(\?P<(\w+)>[^)]*\)|<(?:\w+:)?(\w+)>", lambda m: f"<{m[1] or m[2]}>", str(pattern.pattern)
        )
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, path)
        elif path.startswith("api/v1/"):
            actions = getattr(pattern.callback, "actions", None)
            methods = set(actions) - {"head"} if actions else methods_of_class(pattern.callback.cls)
            yield path.removeprefix("api/v1/").replace("^", "").replace("$", ""), methods


def methods_of_class(view: type) -> set[str]:
    """The methods that a class-based view answers."""
    return {name for name in ("get", "post", "put", "patch", "delete") if hasattr(view, name)}


def test_every_route_has_a_policy():
    found = dict(routes(get_resolver().url_patterns))
    assert {path: set(policy) for path, policy in POLICY.items()} == found


def test_every_route_outside_of_the_api_has_a_policy():
    elsewhere = ("api/v1/", "admin/", "media/")
    top = [pattern for pattern in get_resolver().url_patterns if not str(pattern.pattern).startswith(elsewhere)]
    inner = [below for pattern in top for below in getattr(pattern, "url_patterns", [pattern])]
    assert {str(pattern.pattern) for pattern in inner} == set(READERS)


@pytest.mark.parametrize("path", READERS)
def test_strangers_read_only_what_is_public(path, api_client):
    status = api_client.get(f"/{path}", REMOTE_ADDR="203.0.113.9").status_code
    assert status == (200 if READERS[path] == PUBLIC else 403)


@pytest.mark.parametrize(
    ("path", "method", "level"),
    [(path, method, level) for path, policy in POLICY.items() for method, level in policy.items()],
)
def test_only_who_may_gets_past_the_door(path, method, level, api_client, client_of, unthrottled):
    callers = {
        "anonymous": api_client,
        "customer": client_of(make_user()),
        "clerk": client_of(make_user(is_staff=True)),  # staff, and no permission for anything
        "manager": client_of(make_user(is_staff=True, is_superuser=True)),
    }
    url = "/api/v1/" + re.sub(r"<(\w+)>", lambda name: VALUES.get(name[1], "1"), path)
    if path.startswith(("payments/", "simulations/")):
        url = url.replace("/1/", f"/{uuid.UUID(int=1)}/")
    statuses = {name: getattr(client, method)(url, {}, format="json").status_code for name, client in callers.items()}
    refused = {name for name, status in statuses.items() if status in {401, 403}}
    if path.startswith("auth/") and level == PUBLIC:
        # Everybody may try; without a good password or token the answer is 400 or 401 all the same.
        assert set(statuses.values()) <= {400, 401}
        return
    assert refused == set(callers) - ADMITTED[level], statuses
    if level != PUBLIC:
        assert statuses["anonymous"] == 401
    if level == STAFF:
        assert (statuses["customer"], statuses["clerk"]) == (403, 403)
