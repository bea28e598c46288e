"""Whose is it: every route with a policy, by everybody who could try, on somebody else's things.

The routes come from the URL map: a staff route without its permission here fails, and so do a route
to one thing that does not say whose it is, and a page outside of the API that nobody has thought of.
"""

import re
from dataclasses import dataclass

import pytest
from django.contrib.auth.models import Permission
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.test import APIClient

from core.accounts.models import User
from core.accounts.tests.factories import make_user
from core.operations import registry, services
from market.carts.models import Cart, CartItem, WishlistItem
from market.carts.tests.factories import make_cart, make_offer, make_wishlist
from market.catalog.services import create_collection, create_product_type
from market.catalog.tests.factories import make_category, make_price_change
from market.customers.models import Address
from market.inventory.models import StockItem
from market.orders.models import Order, OrderEvent
from market.orders.tests.factories import ADDRESS, make_buyer, make_order, make_staff
from market.payments.models import Payment
from market.pricing.tests.factories import make_coupon, make_simulation
from market.reviews.models import Review
from market.reviews.tests.factories import make_review
from tests.staff_tables import make_staff_tables
from tests.test_access import POLICY, SIGNED_IN, STAFF, STAFF_ROWS

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unthrottled")]

STAFF_ROUTES = [(path, method) for path, methods in POLICY.items() for method, who in methods.items() if who == STAFF]


def by_model(path: str, model: str, *methods: str) -> dict[tuple[str, str], str]:
    """Django's permission of each method on the model."""
    verbs = {"get": "view", "post": "add", "put": "change", "patch": "change", "delete": "delete"}
    app, name = model.split(".")
    return {(path, method): f"{app}.{verbs[method]}_{name}" for method in methods}


def rows_of_staff(name: str, model: str) -> dict[tuple[str, str], str]:
    """The permissions of a table that staff keep."""
    detail = by_model(f"{name}/<pk>/", model, "get", "put", "patch", "delete")
    return by_model(f"{name}/", model, "get", "post") | detail


# The one permission that opens a staff route.
PERMISSIONS = {
    **by_model("users/", "accounts.user", "get"),
    **by_model("customers/", "customers.customer", "get"),
    **by_model("customers/<pk>/", "customers.customer", "get"),
    ("customers/<customer_id>/history/", "get"): "customers.view_customer_history",
    **by_model("products/", "catalog.product", "post"),
    **by_model("products/<product_id>/", "catalog.product", "put", "patch", "delete"),
    **by_model("products/<product_id>/variants/", "catalog.variant", "post"),
    **by_model("products/<product_id>/variants/<pk>/", "catalog.variant", "put", "patch", "delete"),
    **by_model("products/<product_id>/images/", "catalog.productimage", "post"),
    **by_model("products/<product_id>/images/<pk>/", "catalog.productimage", "patch", "delete"),
    **by_model("products/<product_id>/documents/", "catalog.productdocument", "post"),
    **by_model("products/<product_id>/documents/<pk>/", "catalog.productdocument", "delete"),
    **by_model("categories/", "catalog.category", "post"),
    **by_model("categories/<pk>/", "catalog.category", "put", "patch", "delete"),
    **by_model("categories/<pk>/image/", "catalog.category", "put"),
    ("categories/<pk>/image/", "delete"): "catalog.change_category",
    **by_model("collections/", "catalog.collection", "post"),
    **by_model("collections/<pk>/", "catalog.collection", "put", "patch", "delete"),
    **by_model("collections/<pk>/image/", "catalog.collection", "put"),
    ("collections/<pk>/image/", "delete"): "catalog.change_collection",
    **by_model("collections/<pk>/products/", "catalog.collection", "put"),
    **by_model("product-types/", "catalog.producttype", "post"),
    **by_model("product-types/<pk>/", "catalog.producttype", "put", "patch", "delete"),
    **by_model("product-types/<product_type_id>/attributes/", "catalog.attribute", "post"),
    **by_model("product-types/<product_type_id>/attributes/<pk>/", "catalog.attribute", "patch", "delete"),
    **by_model("products/<product_id>/image-requests/", "catalog.imagerequest", "get", "post"),
    **{route: verb for name, model in STAFF_ROWS.items() for route, verb in rows_of_staff(name, model).items()},
    **by_model("price-lists/<price_list_id>/entries/", "pricing.pricelist", "get"),
    **by_model("promotions/", "pricing.promotion", "post"),
    **by_model("promotions/<promotion_id>/", "pricing.promotion", "put", "patch", "delete"),
    ("promotions/<promotion_id>/simulate/", "post"): "pricing.change_promotion",
    ("simulations/<pk>/", "get"): "pricing.change_promotion",
    ("simulations/<pk>/orders.csv", "get"): "pricing.change_promotion",
    **by_model("promotions/<promotion_id>/coupons/", "pricing.coupon", "get", "post"),
    **by_model("promotions/<promotion_id>/coupons.csv", "pricing.coupon", "get"),
    **by_model("promotions/<promotion_id>/coupons/<coupon_id>/", "pricing.coupon", "patch", "delete"),
    **by_model("stock/", "inventory.stockitem", "get"),
    **by_model("reviews/", "reviews.review", "get"),
    ("reviews/<pk>/reply/", "post"): "reviews.change_review",
    ("reviews/<pk>/moderation/", "post"): "reviews.change_review",
    **by_model("stock/<variant_id>/", "inventory.stockitem", "get", "put"),
    **by_model("stock/<variant_id>/movements/", "inventory.stockitem", "get"),
    ("stock/<variant_id>/movements/", "post"): "inventory.change_stockitem",
    **by_model("orders/<number>/", "orders.order", "put", "patch"),
    ("payments/<pk>/confirm/", "post"): "payments.change_payment",
    **{route: "catalog.change_variant" for route in STAFF_ROUTES if route[0].startswith("price-changes/")},
    # That of the operation, here `reprice`.
    **{route: "catalog.change_variant" for route in STAFF_ROUTES if route[0].startswith(("operations/", "runs/"))},
}
# What staff need beside it.
ALSO_NEEDED = {("simulations/<pk>/orders.csv", "get"): ["orders.view_order"]}
# Whoever may run any operation gets in, and sees his own operations only.
ANY_OPERATION = {("operations/", "get"), ("runs/", "get")}

# Routes to one thing that everybody may see or staff alone may touch.
REVIEWS_OF_ALL = ("reviews/<pk>/votes/", "reviews/<pk>/reply/", "reviews/<pk>/moderation/")
SHARED = ("customers/", "products/", "categories/", "collections/", "product-types/", "stock/", "operations/")
SHARED += ("runs/", "price-changes/", "variants/", "payments/", "promotions/", "simulations/", *REVIEWS_OF_ALL)
SHARED += tuple(f"{name}/" for name in STAFF_ROWS)
# Routes to what belongs to one customer: a body that would change it, and the permission of staff who may too.
OWNED = {
    ("carts/<cart_id>/", "get"): ({}, None),
    ("carts/<cart_id>/", "delete"): ({}, None),
    ("carts/<cart_id>/claim/", "post"): ({}, None),
    ("carts/<cart_id>/delivery/", "put"): ({"country": "GB", "postal_code": "E1"}, None),
    ("carts/<cart_id>/shipping-methods/", "get"): ({}, None),
    ("carts/<cart_id>/explanation/", "get"): ({}, None),
    ("carts/<cart_id>/coupons/", "post"): ({"code": "AUTUMN"}, None),
    ("carts/<cart_id>/coupons/<code>/", "delete"): ({}, None),
    ("carts/<cart_id>/items/", "post"): ({"variant": "VARIANT", "quantity": 1}, None),
    ("carts/<cart_id>/items/", "put"): ({"items": []}, None),
    ("carts/<cart_id>/items/<item_id>/", "patch"): ({"quantity": 5}, None),
    ("carts/<cart_id>/items/<item_id>/", "delete"): ({}, None),
    ("wishlists/<wishlist_id>/", "get"): ({}, None),
    ("wishlists/<wishlist_id>/", "patch"): ({"title": "Mine"}, None),
    ("wishlists/<wishlist_id>/", "delete"): ({}, None),
    ("wishlists/<wishlist_id>/items/", "get"): ({}, None),
    ("wishlists/<wishlist_id>/items/", "post"): ({"variant": "VARIANT"}, None),
    ("wishlists/<wishlist_id>/items/<wishlist_item_id>/", "delete"): ({}, None),
    ("wishlists/<wishlist_id>/items/<wishlist_item_id>/move-to-cart/", "post"): ({"cart": "CART"}, None),
    ("addresses/<pk>/", "get"): ({}, None),
    ("addresses/<pk>/", "put"): (ADDRESS, None),
    ("addresses/<pk>/", "patch"): ({"city": "Mine"}, None),
    ("addresses/<pk>/", "delete"): ({}, None),
    ("orders/<number>/", "get"): ({}, "orders.view_order"),
    ("orders/<number>/", "put"): ({"status": "confirmed"}, "orders.change_order"),
    ("orders/<number>/", "patch"): ({"status": "confirmed"}, "orders.change_order"),
    ("orders/<number>/cancel/", "post"): ({"reason": "mine"}, "orders.change_order"),
    ("orders/<number>/payments/", "post"): ({"payment_provider": "manual"}, "orders.change_order"),
    ("reviews/<pk>/", "patch"): ({"rating": 1}, None),
    ("reviews/<pk>/", "delete"): ({}, "reviews.delete_review"),
}
CLOSED = {401, 403, 404}
# The world has none of these.
ABSENT = ("/images/<pk>/", "/documents/<pk>/", "/attributes/<pk>/")


def all_but(permission: str) -> User:
    """Staff who hold every permission except one."""
    staff = make_user(is_staff=True)
    app, codename = permission.split(".")
    staff.user_permissions.set(Permission.objects.exclude(content_type__app_label=app, codename=codename))
    return staff


@dataclass
class World:
    """What one customer has, beside what everybody sees."""

    owner: User
    values: dict[str, str]

    def url(self, path: str) -> str:
        own = self.values | {"pk": self.values.get(path.split("/")[0], "1")}
        return "/api/v1/" + re.sub(r"<(\w+)>", lambda name: own[name[1]], path)

    def body(self, body: dict) -> dict:
        known = {"VARIANT": int(self.values["variant_id"]), "CART": self.values["cart_id"]}
        return {name: known.get(str(value), value) for name, value in body.items()}

    def rows(self) -> list:
        """Everything of the owner's that somebody could have changed."""
        kept = (Address, Cart, CartItem, Order, OrderEvent, Payment, Review, StockItem, WishlistItem)
        return [list(model.objects.order_by("pk").values()) for model in kept]


@pytest.fixture
def world() -> World:
    owner = make_buyer()
    variant = make_offer()
    cart = make_cart(units={variant: 2}, customer=owner.customer)
    order = make_order(buyer=owner)
    wishlist = make_wishlist(customer=owner.customer, variants=[variant])
    run = services.create_run(
        operation=registry.operation_named("reprice"), user_id=make_staff().pk, params={"percent": "1"}, dry_run=True
    )
    return World(
        owner,
        {
            "cart_id": str(cart.pk),
            "item_id": str(CartItem.objects.get(cart=cart).pk),
            "variant_id": str(variant.pk),
            "product_id": str(variant.product_id),
            "code": (coupon := make_coupon("AUTUMN")).code,
            "promotion_id": str(coupon.promotion_id),
            "simulations": make_simulation(coupon.promotion),
            "coupon_id": str(coupon.pk),
            **make_staff_tables(),
            "number": order.number,
            "wishlist_id": str(wishlist.pk),
            "wishlist_item_id": str(wishlist.items.get().pk),
            "addresses": str(Address.objects.create(customer=owner.customer, **ADDRESS).pk),
            "customers": str(owner.customer.pk),
            "customer_id": str(owner.customer.pk),
            "payments": str(Payment.objects.get().pk),
            "categories": str(make_category().pk),
            "price-changes": str(make_price_change(variant).pk),
            "collections": str(create_collection(title="Gifts").pk),
            "product-types": (product_type := str(create_product_type(title="Mug").pk)),
            "product_type_id": product_type,
            "products": str(variant.pk),
            "reviews": str(make_review(author=owner, product=variant.product).pk),
            "name": "reprice",
            "run_id": str(run.pk),
        },
    )


def test_every_staff_route_names_its_permission():
    assert set(PERMISSIONS) == set(STAFF_ROUTES)


def test_every_route_to_one_thing_says_whose_it_is():
    to_one = {(path, method) for path, methods in POLICY.items() for method in methods if "<" in path}
    owned = {route for route in to_one if not route[0].startswith(SHARED)}
    assert owned == set(OWNED)


@pytest.mark.parametrize(("path", "method"), STAFF_ROUTES)
def test_staff_need_this_permission_and_no_other(path, method, world, client_of):
    permission = PERMISSIONS[path, method]
    also = ALSO_NEEDED.get((path, method), [])
    without, holder = client_of(all_but(permission)), client_of(make_staff(permission, *also))

    def ask(client: APIClient) -> int:
        return getattr(client, method)(world.url(path), {}, format="json").status_code

    before = world.rows()
    if (path, method) not in ANY_OPERATION:
        assert ask(without) in {403, 404}
    assert ask(client_of(make_user(is_staff=True))) == 403
    assert world.rows() == before
    assert ask(holder) not in (CLOSED - {404} if path.endswith(ABSENT) else CLOSED)


@pytest.mark.parametrize(("path", "method"), OWNED)
def test_what_belongs_to_somebody_is_closed_to_everybody_else(path, method, world, client_of, api_client):
    body, permission = OWNED[path, method]
    strangers = {
        "anonymous": api_client,
        "another customer": client_of(make_buyer()),
        "staff without a permission": client_of(make_user(is_staff=True)),
        "staff with every other permission": client_of(all_but(permission or "orders.view_order")),
    }
    if permission is None:
        strangers["superuser"] = client_of(make_staff())
    before = world.rows()
    statuses = {
        name: getattr(client, method)(world.url(path), world.body(body), format="json").status_code
        for name, client in strangers.items()
    }
    # Where the route itself is for staff, or for whoever signs in, that is told; never that it exists.
    told = {STAFF: {401, 403}, SIGNED_IN: {401, 404}}.get(POLICY[path][method], {404})
    assert set(statuses.values()) <= told, statuses
    assert world.rows() == before
    entitled = make_staff(permission) if POLICY[path][method] == STAFF else world.owner
    for caller in (entitled, *([make_staff(permission)] if permission else [])):
        with transaction.atomic():
            answer = getattr(client_of(caller), method)(world.url(path), world.body(body), format="json")
            transaction.set_rollback(True)  # the next one finds it as it was
        assert answer.status_code not in CLOSED, answer.content


def test_another_customers_lists_show_nothing_of_it(world, client_of):
    assert client_of(make_buyer()).get("/api/v1/orders/").json()["results"] == []
    assert [order["number"] for order in client_of(world.owner).get("/api/v1/orders/").json()["results"]] == [
        world.values["number"]
    ]


# --- Pages outside of the API -----------------------------------------------------------------------
PAGES = {
    "api/schema/",
    "swagger/",
    "redoc/",
    "health/live/",
    "health/ready/",
    "media/<path>",
    "metrics",
    "unsubscribe/",  # whoever holds a link of a mail: core/notifications/tests
}
# What the admin shows to whoever is not signed in.
ADMIN_DOORS = {"admin/login/", "admin/logout/"}


def pages(patterns: list[URLPattern | URLResolver], prefix: str = "") -> list[str]:
    """Every path outside of the API, with names in <>."""
    found = []
    for pattern in patterns:
        path = prefix + re.sub(
            r"\(\?P<(\w+)>[^)]*\)|<(?:\w+:)?(\w+)>", lambda m: f"<{m[1] or m[2]}>", str(pattern.pattern)
        ).replace("^", "").replace("$", "")
        if isinstance(pattern, URLResolver):
            found += pages(pattern.url_patterns, path)
        elif not path.startswith("api/v1/"):
            found.append(path)
    return found


ADMIN_PAGES = sorted({path for path in pages(get_resolver().url_patterns) if path.startswith("admin/")} - ADMIN_DOORS)


def test_every_page_outside_of_the_api_is_known():
    assert {path for path in pages(get_resolver().url_patterns) if not path.startswith(("admin/", "silk/"))} == PAGES


def test_the_admin_is_closed_to_everybody_but_staff():
    """Each of its pages, by GET and POST: a redirect to the login, and nothing of the page."""
    customer = Client()
    customer.force_login(make_buyer())
    opened = {}
    for path in ADMIN_PAGES:
        url = "/" + re.sub(r"<\w+>", "1", path).replace(r"(?P1.*)", "nowhere")
        for name, client in {"anonymous": Client(), "customer": customer}.items():
            for method in ("get", "post"):
                answer = getattr(client, method)(url)
                if not (answer.status_code == 302 and answer.headers["Location"].startswith("/admin/login/")):
                    opened[name, method, path] = answer.status_code
    assert len(ADMIN_PAGES) > 50
    assert opened == {}


def test_staff_without_permissions_see_nothing_in_the_admin():
    clerk = Client()
    clerk.force_login(make_user(is_staff=True))
    seen = {
        path: answer.status_code
        for path in ADMIN_PAGES
        if re.fullmatch(r"admin/(?!password_change)\w+/\w+/(add/|<object_id>/(change|delete|history)/)?", path)
        and (answer := clerk.get("/" + path.replace("<object_id>", "1"))).status_code not in {302, 403, 404}
    }
    assert seen == {}
