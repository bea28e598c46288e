"""Hostile input on every operation of the OpenAPI document: refused in the API's own words, never a 5xx.

The operations come from the schema, so that a new one is attacked without being named here. `FUZZ_TRIES=20` tries so
many hostile values at each place.
"""

import json
import os
import random
import re
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from uuid import uuid4

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from conftest import with_api_middleware
from core.accounts.tests.factories import make_staff
from core.accounts.tokens import issue_tokens
from core.operations.registry import operation_named
from core.operations.services import create_run
from market.carts.models import CartItem
from market.carts.tests.factories import make_cart, make_offer, make_wishlist
from market.catalog.services import create_collection
from market.catalog.tests.factories import (
    make_attribute,
    make_category,
    make_document,
    make_image,
    make_price_change,
)
from market.customers.models import Address, Customer
from market.orders.tests.factories import ADDRESS, make_buyer, make_order
from market.payments.models import Payment
from market.pricing.tests.factories import make_coupon, make_simulation
from market.reviews.tests.factories import make_review
from tests.staff_tables import make_staff_tables

pytestmark = pytest.mark.django_db

NASTY = [
    None,
    True,
    0,
    -1,
    1.5,
    1e9,
    2**31,
    2**63,
    2**70,
    1e308,
    "",
    " ",
    "1",
    "NaN",
    "Infinity",
    "-0",
    "1e400",
    "x" * 10_000,
    "' OR 1=1 --",
    "<script>alert(1)</script>",
    "\u202e\U0001f600",
    "2026-02-30",
    "0001-01-01T00:00:00+23:59",
    "9999-12-31T23:59:59-23:59",
    "00000000-0000-0000-0000-000000000000",
    [],
    {},
    [[]],
    [None],
    {"a": {"b": []}},
    list(range(200)),
]
# How many of them are tried at one place, drawn alike each time.
TRIES = int(os.environ.get("FUZZ_TRIES", "3"))
# Of one operation and client, beside those of the body as a whole: each place of a long form is tried, none for long.
MOST_TRIES = 50 * TRIES
RAW_BODIES = [b"", b"{", b"[]", b"null", b"NaN", b'"\\ud800"', b'{"a": "\\u0000"}', b"[" * 5000, b"\xff\xfe", b"{}" * 3]
PATH_VALUES = ["0", "-1", "99999999999999999999", "abc", "%00", "..", "'", "%F0%9F%98%80", "a" * 300, str(uuid4())]


@cache
def schema() -> dict:
    return json.loads(Client().get("/api/schema/?format=json").content)


def operations() -> list[tuple[str, str]]:
    return [(method, path) for path, methods in schema()["paths"].items() for method in methods]


def resolved(node: dict) -> dict:
    """The schema node behind references, with the members of `allOf` put together."""
    while "$ref" in node:
        node = schema()["components"]["schemas"][node["$ref"].rpartition("/")[2]]
    if "allOf" in node:
        merged = dict(node)
        for part in merged.pop("allOf"):
            merged = {**resolved(part), **merged}
        return merged
    return node


def example(node: dict, depth: int = 0) -> object:
    """A value that fits the schema, more or less."""
    node = resolved(node)
    if "oneOf" in node or "anyOf" in node:
        return example((node.get("oneOf") or node["anyOf"])[0], depth)
    if node.get("enum"):
        return node["enum"][0]
    match node.get("type"):
        case "object" if depth < 5:
            return {name: example(member, depth + 1) for name, member in node.get("properties", {}).items()}
        case "array":
            return [example(node.get("items", {}), depth + 1)]
        case "integer":
            return max(node.get("minimum", 1), 1)
        case "number":
            return 1.5
        case "boolean":
            return True
    formats = {"email": "ann@example.com", "uuid": str(uuid4()), "date": "1990-05-17", "uri": "https://a.example/"}
    if node.get("format") == "decimal" or "\\d" in node.get("pattern", ""):
        return "12.50"
    return formats.get(node.get("format", ""), "GB" if node.get("maxLength") == 2 else "word")


def places(value: object, path: tuple = ()) -> Iterator[tuple]:
    """Every place in a body, the whole included."""
    yield path
    if isinstance(value, dict):
        for key, member in value.items():
            yield from places(member, (*path, key))
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from places(member, (*path, index))


def planted(body: object, path: tuple, nasty: object) -> object:
    """A copy of the body with something nasty at a place."""
    if not path:
        return nasty
    copy = json.loads(json.dumps(body))
    inner = copy
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = nasty
    return copy


@pytest.fixture
def clients() -> dict[str, APIClient]:
    """Nobody, and staff who may do everything: most code is behind the door."""
    staff = with_api_middleware(APIClient())
    staff.credentials(HTTP_AUTHORIZATION=f"Bearer {issue_tokens(user=make_staff()).access}")
    return {"nobody": with_api_middleware(APIClient()), "staff": staff}


@pytest.fixture
def things(clients) -> dict[str, str]:
    """One of each thing that a path or a body can name, by the name of its parameter; the address is the staff's."""
    customer = Customer.objects.get()
    variant, attribute = make_offer(), make_attribute()
    cart = make_cart(units={variant: 2})
    order = make_order()
    wishlist = make_wishlist(customer=make_buyer().customer, variants=[variant])
    return {
        "cart_id": str(cart.pk),
        "cart": str(cart.pk),
        "code": (coupon := make_coupon("AUTUMN")).code,
        "promotion_id": str(coupon.promotion_id),
        "run": make_simulation(coupon.promotion),
        "coupon_id": str(coupon.pk),
        **make_staff_tables(),
        "item_id": str(CartItem.objects.get(cart=cart).pk),
        "number": order.number,
        "wishlist_id": str(wishlist.pk),
        "wishlist_item_id": str(wishlist.items.get().pk),
        "addresses": str(Address.objects.create(customer=customer, **ADDRESS).pk),
        "customers": str(make_buyer().customer.pk),
        "customer_id": str(customer.pk),
        "product": str(variant.product_id),
        "product_id": str(variant.product_id),
        "slug": variant.product.slug,
        "variant": str(variant.pk),
        "variant_id": str(variant.pk),
        "categories": str(make_category().pk),
        "collections": str(create_collection(title="Gifts").pk),
        "product-types": str(attribute.product_type_id),
        "product_type_id": str(attribute.product_type_id),
        "attributes": str(attribute.pk),
        "reviews": str(make_review(product=variant.product).pk),
        "payments": str(Payment.objects.get().pk),
        "variants": str(variant.pk),
        "price-changes": str(make_price_change(variant).pk),
        "images": str(make_image(variant.product).pk),
        "documents": str(make_document(variant.product).pk),
        "name": "reprice",
        "run_id": str(create_run(operation=operation_named("reprice"), params={"percent": "10"}).pk),
    }


def assert_spoken(answer, what: str) -> None:
    """Below 500, and a refusal is a problem document that names no internals."""
    assert answer.status_code < 500, (what, answer.status_code, answer.content[:500])
    if answer.status_code >= 400:
        assert answer["Content-Type"] == "application/problem+json", what
        assert answer.json()["code"], what


def path_of(template: str, things: dict[str, str]) -> str:
    """The path to something that exists; a plain `id` is that of the resource before it."""
    parts = template.split("/")
    for position, part in enumerate(parts):
        if part == "{id}":
            parts[position] = things[parts[position - 1]]
        elif part.startswith("{"):
            parts[position] = things[part.strip("{}")]
    return "/".join(parts)


def pointed(body: object, things: dict[str, str]) -> object:
    """The body with what a schema cannot tell: references to what exists, known codes, a good password."""
    if isinstance(body, list):
        return [pointed(member, things) for member in body]
    if not isinstance(body, dict):
        return body
    known = {
        "variant": int(things["variant"]),
        "cart": things["cart"],
        "category": int(things["categories"]),
        "product_type": None,
        "choices": [],
        "swatches": {},
        "rules": None,
        "products": [],
        "parent": None,
        "shipping_method": "standard",
        "tax_class": "standard",
        "payment_provider": "manual",
        "expected_total": None,
        "shipping_address_id": None,
        "password": "correct-horse-battery",
        "phone": "+44 20 7946 0958",
        "params": {"percent": "10"},
        # Of kinds, places and people of the shop that the example of a promotion is not about.
        **{key: [] for key in ("collections", "categories", "thresholds", "tiers", "customer_lists")},
        **{key: [] for key in (f"get_{name}" for name in ("products", "collections", "categories", "attributes"))},
        **dict.fromkeys(("gift_variant", "starts_at", "ends_at"), None),
        **({"starts_at": (timezone.now() + timedelta(days=1)).isoformat()} if "compare_at_price" in body else {}),
        "placed_after": "2026-01-01T00:00:00Z",
        "placed_before": "2026-02-01T00:00:00Z",
        "countries": ["GB"],
        **{key: [] for key in ("zones", "steps")},
        "tier": "gold",
        "rate": "0.25",
        "is_per_unit": False,
        "from_hour": 8,
        "until_hour": 20,
        "attributes": [] if isinstance(body.get("attributes"), list) else body.get("attributes"),
    }
    return {name: known.get(name, pointed(member, things)) for name, member in body.items()}


def resource(path: str) -> str:
    """What the path is about: the first word after the version."""
    return path.removeprefix("/api/v1/").partition("/")[0]


WRITES = [(method, path) for method, path in operations() if method in {"post", "put", "patch"}]


@pytest.mark.parametrize("about", sorted({resource(path) for _, path in WRITES}))
def test_nasty_bodies(clients, things, about):
    for method, path in WRITES:
        if resource(path) == about:
            with transaction.atomic():
                attack(clients, things, method, path)
                transaction.set_rollback(True)  # the next operation finds the things as they were


def attack(clients: dict[str, APIClient], things: dict[str, str], method: str, path: str) -> None:
    """Send bodies with something nasty at each place, and some that are no bodies at all."""
    content = schema()["paths"][path][method].get("requestBody", {}).get("content", {})
    dice = random.Random(f"{method} {path}")
    good = pointed(example(content["application/json"]["schema"]), things) if "application/json" in content else {}
    address = path_of(path, things)
    spots = list(places(good))
    tries = min(TRIES, max(1, MOST_TRIES // len(spots)))
    for client in clients.values():
        for place in spots:
            for nasty in dice.sample(NASTY, tries) if place else NASTY:
                raw = json.dumps(planted(good, place, nasty)).encode()
                answer = client.generic(method.upper(), address, raw, content_type="application/json")
                assert_spoken(answer, f"{method} {path} with {nasty!r:.60} at {place}")
        for raw in RAW_BODIES:
            media_type = dice.choice(["application/json", "multipart/form-data; boundary=x", "text/csv", ""])
            answer = client.generic(method.upper(), address, raw, content_type=media_type)
            assert_spoken(answer, f"{method} {path} with {raw[:40]!r} as {media_type}")


def test_nasty_paths(clients):
    for method, path in operations():
        for value in PATH_VALUES if "{" in path else ():
            address = re.sub(r"{\w+}", value, path)
            for client in clients.values():
                answer = client.generic(method.upper(), address, b"{}", content_type="application/json")
                assert_spoken(answer, f"{method} {path} with {value!r:.60}")


def test_options(clients, things):
    for path in schema()["paths"]:
        for client in clients.values():
            assert_spoken(
                client.generic("OPTIONS", path_of(path, things), b"{}", content_type="application/json"), path
            )


def query_names(method: str, path: str) -> list[str]:
    """The parameters that the document gives an operation in its query."""
    parameters = schema()["paths"][path][method].get("parameters", [])
    return [parameter["name"] for parameter in parameters if parameter["in"] == "query"]


def test_pages_are_asked_of_lists_and_facets_narrowed_as_products():
    pages = {"limit", "offset", "page", "per_page", "cursor"}
    assert [path for method, path in operations() if method != "get" and pages & {*query_names(method, path)}] == []
    products = {*query_names("get", "/api/v1/products/")}
    assert {*query_names("get", "/api/v1/products/facets/")} == products - pages - {"ordering", "status"}


def test_nasty_queries(clients, things):
    values = [str(nasty) for nasty in NASTY] + ["\0", "a\0b", "\ud800", "%", "1,2", "true", "-price"]
    for path in [path for method, path in operations() if method == "get"]:
        names = query_names("get", path)
        dice = random.Random(path)
        for name in [*names, "unknown", "a[b]", ""]:
            for value in dice.sample(values, TRIES):
                query = {name: value.encode("utf-8", "surrogatepass")}
                answer = clients["staff"].get(path_of(path, things), query)
                assert_spoken(answer, f"{path}?{name}={value!r:.60}")
