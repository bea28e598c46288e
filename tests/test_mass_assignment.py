"""What a body may set, field by field, and that nothing else that it says is believed.

The operations come from the OpenAPI document: a field that becomes writable without being listed
here fails. Then every operation gets a good body twice, the second time with every field that an
attacker would like to set, and must leave the same rows behind.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.db import models, transaction
from rest_framework import serializers
from rest_framework.test import APIClient

from conftest import with_api_middleware
from core.accounts.mailed_tokens import CHANGE_EMAIL, VERIFY_EMAIL, reset_link_of, token_for
from core.accounts.models import User
from core.accounts.tests.factories import PASSWORD, make_user
from core.accounts.tokens import issue_tokens
from core.models import ReferenceVersion
from core.operations.registry import operation_named
from core.operations.services import create_run
from market.carts.models import CartItem
from market.carts.tests.factories import make_cart, make_offer, make_wishlist
from market.catalog.services import create_collection
from market.catalog.tests.factories import make_attribute, make_category, make_image, make_price_change
from market.customers.models import Address
from market.orders.tests.factories import ADDRESS as FROZEN
from market.orders.tests.factories import make_buyer, make_order, make_staff
from market.payments.models import Payment
from market.pricing.tests.factories import make_coupon
from market.reviews.tests.factories import make_review
from tests.staff_tables import make_staff_tables
from tests.test_fuzz import example, path_of, pointed, resolved, schema
from tests.writable_pricing import PRICING

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unthrottled")]

LINES = {"items.*.variant", "items.*.quantity"}
ADDRESS = {"name", "line1", "line2", "city", "region", "postal_code", "country", "phone"}
SAVED_ADDRESS = ADDRESS | {"is_default_shipping", "is_default_billing"}
ATTRIBUTE = {"title", "choices.*", "swatches", "position"}
COLLECTION = {"title", "slug", "description", "rules", "is_active", "position"}
CATEGORY = {"title", "slug", "description", "parent", "is_active", "position"}
PRODUCT = {"title", "slug", "description", "status", "category", "product_type", "attributes", "featured"} | {
    "tax_class"
}
VARIANT = {"sku", "title", "price", "compare_at_price", "cost", "weight_grams", "is_active", "position", "attributes"}
PRICE_CHANGE = {"price", "compare_at_price", "starts_at", "ends_at"}
PROFILE = {"first_name", "last_name", "full_name", "language", "phone", "birth_date"}
REVIEW = {"rating", "title", "body"}
# Files are no JSON: what else their forms set, the tests of pictures and documents send.
NOT_JSON = {
    ("post", "products/{product_id}/documents/"): {"file", "title", "position"},
    ("post", "products/{product_id}/images/"): {"image", "alt", "is_primary"},
    ("put", "categories/{id}/image/"): {"image"},
    ("put", "collections/{id}/image/"): {"image"},
    ("post", "operations/{name}/files/"): {"file"},
}
WRITABLE: dict[tuple[str, str], set[str]] = {
    **NOT_JSON,
    ("post", "addresses/"): SAVED_ADDRESS,
    ("put", "addresses/{id}/"): SAVED_ADDRESS,
    ("patch", "addresses/{id}/"): SAVED_ADDRESS,
    ("post", "auth/login/"): {"email", "password", "device"},
    ("post", "auth/logout/"): {"refresh"},
    ("post", "auth/refresh/"): {"refresh"},
    ("post", "auth/register/"): {"email", "password", "first_name", "last_name", "language"},
    ("post", "auth/logout/everywhere/"): set(),
    ("post", "auth/password/change/"): {"old_password", "new_password"},
    ("post", "auth/password/reset/"): {"email"},
    ("post", "auth/password/reset/confirm/"): {"uid", "token", "new_password"},
    ("post", "auth/verify-email/"): {"token"},
    ("post", "auth/verify-email/resend/"): {"email"},
    ("post", "carts/"): LINES,
    ("post", "carts/{cart_id}/claim/"): set(),
    ("put", "carts/{cart_id}/delivery/"): {"country", "region", "postal_code", "shipping_method"},
    ("post", "carts/{cart_id}/coupons/"): {"code"},
    ("post", "carts/{cart_id}/items/"): {"variant", "quantity"},
    ("put", "carts/{cart_id}/items/"): LINES,
    ("patch", "carts/{cart_id}/items/{item_id}/"): {"quantity"},
    ("post", "categories/"): CATEGORY,
    ("put", "categories/{id}/"): CATEGORY,
    ("patch", "categories/{id}/"): CATEGORY,
    ("post", "collections/"): COLLECTION,
    ("put", "collections/{id}/"): COLLECTION,
    ("patch", "collections/{id}/"): COLLECTION,
    ("put", "collections/{id}/products/"): {"products.*"},
    ("post", "product-types/"): {"title", "slug"},
    ("put", "product-types/{id}/"): {"title", "slug"},
    ("patch", "product-types/{id}/"): {"title", "slug"},
    ("post", "product-types/{product_type_id}/attributes/"): ATTRIBUTE
    | {"code", "kind", "is_of_variant", "is_filterable"},
    ("patch", "product-types/{product_type_id}/attributes/{id}/"): ATTRIBUTE,
    ("post", "products/{product_id}/image-requests/"): {"urls.*", "alt"},
    ("post", "operations/{name}/runs/"): {"params", "dry_run", "reason"},
    ("post", "orders/"): {"cart", "email", "shipping_method", "payment_provider", "expected_total", "note"}
    | {"shipping_address_id"}
    | {f"{kind}_address.{field}" for kind in ("shipping", "billing") for field in ADDRESS},
    ("put", "orders/{number}/"): {"status"},
    ("patch", "orders/{number}/"): {"status"},
    ("post", "orders/{number}/cancel/"): {"reason"},
    ("post", "orders/{number}/payments/"): {"payment_provider"},
    ("post", "payments/{id}/confirm/"): set(),
    ("post", "products/"): PRODUCT | {f"variants.*.{field}" for field in VARIANT},
    ("put", "products/{product_id}/"): PRODUCT,
    ("patch", "products/{product_id}/"): PRODUCT,
    ("patch", "products/{product_id}/images/{id}/"): {"alt", "is_primary", "position"},
    ("post", "products/{product_id}/variants/"): VARIANT,
    ("put", "products/{product_id}/variants/{id}/"): VARIANT,
    ("patch", "products/{product_id}/variants/{id}/"): VARIANT,
    ("post", "price-changes/"): PRICE_CHANGE | {"variant"},
    ("post", "price-changes/batch/"): {f"changes.*.{field}" for field in PRICE_CHANGE | {"variant"}},
    ("patch", "price-changes/{id}/"): PRICE_CHANGE,
    ("post", "products/{product_id}/reviews/"): REVIEW,
    ("patch", "reviews/{id}/"): REVIEW,
    ("post", "reviews/{id}/votes/"): {"is_helpful"},
    ("post", "reviews/{id}/reply/"): {"body"},
    ("post", "reviews/{id}/moderation/"): {"status", "reason"},
    **{("post", f"runs/{{run_id}}/{verb}/"): set() for verb in ("start", "pause", "resume", "cancel", "retry-failed")},
    ("post", "variants/{variant_id}/stock-alerts/"): set(),
    ("post", "wishlists/"): {"title"},
    ("patch", "wishlists/{wishlist_id}/"): {"title"},
    ("post", "wishlists/{wishlist_id}/items/"): {"variant"},
    ("post", "wishlists/{wishlist_id}/items/{wishlist_item_id}/move-to-cart/"): {"cart", "quantity"},
    **PRICING,
    ("put", "stock/{variant_id}/"): {"on_hand", "reason"},
    ("post", "stock/{variant_id}/movements/"): {"quantity", "reason"},
    ("post", "users/email/change/"): {"new_email", "password"},
    ("post", "users/email/confirm/"): {"token"},
    ("patch", "notification-preferences/"): {
        *("back_in_stock", "marketing", "membership_changed", "review_replied", "review_request")
    },
    ("post", "users/profile/export/"): set(),
    ("put", "users/profile/"): PROFILE,
    ("patch", "users/profile/"): PROFILE,
}
# What the things below are not ready for: a picture that is not there, a run that has not begun, what is sold out,
# an address that nobody has shown to be his, a code that nobody gave out.
NOT_NOW = {
    "carts/{cart_id}/coupons/",
    "users/profile/export/",
    "variants/{variant_id}/stock-alerts/",
    *(f"runs/{{run_id}}/{verb}/" for verb in ("pause", "resume", "retry-failed")),
}
# The run's parameters are a form of the operation, the others are named by staff: checked by them.
FREE = {"params", "attributes", "swatches", "rules"}

WANTED = {
    "price": "0.01",
    "unit_price": "0.01",
    "total": "0.01",
    "subtotal": "0.01",
    "line_total": "0.01",
    "grand_total": "0.01",
    "tax_total": "0.00",
    "shipping_total": "0.00",
    "discount": "99.00",
    "discount_total": "99.00",
    "discounts": [{"promotion": 1, "label": "mine", "amount": "99.00", "target": "merchandise"}],
    "tier": "gold",
    "membership": {"tier": "gold"},
    "is_staff": True,
    "is_superuser": True,
    "is_verified": True,
    "is_active": False,
    "role": "admin",
    "groups": [1],
    "user_permissions": [1],
    "status": "shipped",
    "payment_status": "complete",
    "state": "done",
    "order_number": "MINE",
    "number": "MINE",
    "id": 1,
    "pk": 1,
    "stock": 7777,
    "on_hand": 7777,
    "reserved": 7777,
    "available": 7777,
    "low_stock_threshold": 7777,
    "version": 7777,
    "popularity": 7777,
    "review_count": 7777,
    "helpful_count": 7777,
    "verified_purchase": True,
    "reply": "I am the shop.",
    "rating": "5.00",
    "in_stock": True,
    "featured": True,
    "paid_at": "2020-01-01T00:00:00Z",
    "placed_at": "2020-01-01T00:00:00Z",
    "created_at": "2020-01-01T00:00:00Z",
    "reserved_until": "2090-01-01T00:00:00Z",
    "expires_at": "2090-01-01T00:00:00Z",
    "prices_include_tax": False,
    "currency": "XXX",
    "kind": "count",
    "actor": "staff:1",
    "started_by": 1,
}
POINTS_AT_USERS = ("user", "user_id", "customer", "customer_id")


def writable(node: dict, prefix: str = "") -> Iterator[str]:
    """The fields of a body as dotted paths, members of lists below `*`."""
    node = resolved(node)
    if node.get("type") == "array":
        yield from writable(node["items"], f"{prefix}.*")
        return
    members = {
        name: member for name, member in node.get("properties", {}).items() if not resolved(member).get("readOnly")
    }
    if not members and prefix:
        yield prefix.removeprefix(".")
    for name, member in members.items():
        yield from writable(member, f"{prefix}.{name}")


def operations() -> dict[tuple[str, str], set[str]]:
    """The fields that each writing operation documents."""
    found = {}
    for path, methods in schema()["paths"].items():
        for method in methods.keys() & {"post", "put", "patch"}:
            contents = methods[method].get("requestBody", {}).get("content", {}).values()
            fields = {field for content in contents for field in writable(content["schema"])}
            found[method, path.removeprefix("/api/v1/")] = fields
    return found


def test_every_writable_field_is_listed():
    found = operations()
    unlisted = {operation: fields - WRITABLE.get(operation, set()) for operation, fields in found.items()}
    assert {operation: fields for operation, fields in unlisted.items() if fields} == {}
    assert found == WRITABLE


def test_no_serializer_opens_all_fields_of_a_model():
    def kinds(kind: type) -> Iterator[type]:
        yield kind
        for derived in kind.__subclasses__():
            yield from kinds(derived)

    ours = [kind for kind in kinds(serializers.ModelSerializer) if kind.__module__.startswith(("core.", "market."))]
    assert len(ours) > 5
    assert [kind for kind in ours if kind.Meta.fields == "__all__" or hasattr(kind.Meta, "exclude")] == []


def hostile(body: Any, allowed: set[str], people: User, prefix: str = "") -> Any:
    """The body with everything that an attacker would like to set, on each of its levels."""
    if isinstance(body, list):
        return [hostile(member, allowed, people, f"{prefix}*.") for member in body]
    if not isinstance(body, dict):
        return body
    extra = WANTED | dict.fromkeys(POINTS_AT_USERS, people.pk)
    extra = {name: value for name, value in extra.items() if f"{prefix}{name}" not in allowed}
    inner = {
        name: member if name in FREE else hostile(member, allowed, people, f"{prefix}{name}.")
        for name, member in body.items()
    }
    return extra | inner


def shown(field: models.Field, row: models.Model, people: set[int]) -> Any:
    """What of a column must be the same in both worlds: keys and times of new rows are not."""
    value = getattr(row, field.attname)
    if field.is_relation:
        is_person = field.related_model in {User, apps.get_model("customers", "Customer")}
        return value if is_person and value in people else value is None
    if isinstance(field, models.DateTimeField):
        return value if value is None or value.year in {2020, 2090} else "a time"
    return value


def rows(people: set[int]) -> Counter:
    """Every row of the shop by its numbers, flags, choices and which of these people it belongs to."""
    kept: Counter = Counter()
    for model in apps.get_models():
        # A version rises with every change of what it counts.
        if not model.__module__.startswith(("core.", "market.")) or model is ReferenceVersion:
            continue
        columns = [
            field
            for field in model._meta.concrete_fields
            if not field.primary_key
            and (
                field.choices
                or field.is_relation
                or isinstance(
                    field, models.DecimalField | models.BooleanField | models.IntegerField | models.DateTimeField
                )
            )
        ]
        for row in model._default_manager.all():
            kept[model._meta.label, *((field.name, str(shown(field, row, people))) for field in columns)] += 1
    return kept


class Undo(Exception):
    """Takes back what a request has written."""


def outcome(client: APIClient, method: str, address: str, body: Any, people: set[int]) -> tuple[int, Counter]:
    """The status and the rows that a request would leave."""
    with_rows: list[Counter] = []
    try:
        with transaction.atomic():
            answer = getattr(client, method)(address, body, format="json")
            with_rows.append(rows(people))
            raise Undo
    except Undo:
        return answer.status_code, with_rows[0]


def mailed_parts(path: str, owner: User) -> dict[str, str]:
    """What only a mail or the owner himself could say to these routes."""
    if path in {"auth/password/change/", "users/email/change/"}:
        owner.set_password(PASSWORD)
        owner.save()
    if path == "users/email/confirm/":
        User.objects.filter(pk=owner.pk).update(new_email="new@example.com")
    parts = {
        "auth/verify-email/": lambda: {"token": token_for(purpose=VERIFY_EMAIL, user=owner, email=owner.email)},
        "users/email/confirm/": lambda: {"token": token_for(purpose=CHANGE_EMAIL, user=owner, email="new@example.com")},
        "auth/password/reset/confirm/": lambda: reset_link_of(owner) | {"new_password": PASSWORD},
        "auth/password/change/": lambda: {"old_password": PASSWORD, "new_password": PASSWORD},
    }
    return parts[path]() if path in parts else {}


@pytest.mark.parametrize(("method", "path"), [row for row in WRITABLE if row not in NOT_JSON])
def test_what_a_body_may_not_set_is_not_set(method, path, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    owner, other = make_buyer(), make_buyer()
    variant, attribute = make_offer(), make_attribute()
    cart = make_cart(units={variant: 2}, customer=owner.customer)
    order = make_order(buyer=owner)
    wishlist = make_wishlist(customer=owner.customer, variants=[variant])
    run = create_run(operation=operation_named("reprice"), params={"percent": "10"}, user_id=make_staff().pk)
    names = {
        "cart_id": str(cart.pk),
        "cart": str(cart.pk),
        "code": (coupon := make_coupon("AUTUMN")).code,
        "promotion_id": str(coupon.promotion_id),
        "coupon_id": str(coupon.pk),
        **make_staff_tables(),
        "item_id": str(CartItem.objects.get(cart=cart).pk),
        "number": order.number,
        "wishlist_id": str(wishlist.pk),
        "wishlist_item_id": str(wishlist.items.get().pk),
        "addresses": str(Address.objects.create(customer=owner.customer, **FROZEN).pk),
        "product_id": str(variant.product_id),
        "variant": str(variant.pk),
        "variant_id": str(variant.pk),
        "variants": str(variant.pk),
        "price-changes": str(make_price_change(variant).pk),
        "categories": str(make_category().pk),
        "collections": str(create_collection(title="Gifts").pk),
        "product-types": str(attribute.product_type_id),
        "product_type_id": str(attribute.product_type_id),
        "attributes": str(attribute.pk),
        "reviews": str(make_review(author=owner, product=variant.product, status="approved").pk),
        "payments": str(Payment.objects.get().pk),
        "images": str(make_image(variant.product).pk),
        "name": "reprice",
        "run_id": str(run.pk),
    }
    content = schema()["paths"][f"/api/v1/{path}"][method].get("requestBody", {}).get("content", {})
    good = pointed(example(content["application/json"]["schema"]), names) if content else {}
    good.pop("expected_total", None)
    if path == "orders/{number}/payments/":
        Payment.objects.update(status=Payment.Status.FAILED)
    good |= {"orders/{number}/": {"status": "confirmed"}, "shipping-methods/{id}/": {"code": "van"}}.get(path, {})
    # As `is_active` says.
    good |= {"status": "active"} if path in {"promotions/", "promotions/{promotion_id}/"} else {}
    good |= {"email": make_user().email} if path == "auth/login/" else {}
    good |= {"refresh": issue_tokens(user=owner).refresh} if "refresh" in good else {}
    good |= mailed_parts(path, owner)
    bad = hostile(good, WRITABLE[method, path], other)
    address = path_of(f"/api/v1/{path}", names)
    reached = []
    for caller in (None, owner, make_staff()):
        client = with_api_middleware(APIClient())
        if caller:
            client.credentials(HTTP_AUTHORIZATION=f"Bearer {issue_tokens(user=caller).access}")
        people = {*User.objects.values_list("pk", flat=True), *User.objects.values_list("customer__pk", flat=True)}
        before = rows(people)
        status, left = outcome(client, method, address, good, people)
        hostile_status, left_by_hostile = outcome(client, method, address, bad, people)
        reached.append(status)
        if hostile_status == 400 != status:
            assert left_by_hostile == before
        else:
            assert (hostile_status, left_by_hostile - left, left - left_by_hostile) == (status, Counter(), Counter())
    assert path in NOT_NOW or any(status < 300 for status in reached), reached
