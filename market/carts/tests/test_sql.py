"""Every statement of `sql.py` does what its plain ORM form does."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils import timezone

from core.accounts.models import User
from core.models import ReferenceVersion
from market.carts import sql
from market.carts.models import Cart, CartItem
from market.carts.tests.factories import make_cart, make_offer
from market.catalog.models import CollectionItem, Product, ProductImage, Variant
from market.catalog.services import create_collection
from market.customers.models import Customer
from market.pricing.models import PriceList, PriceListEntry

pytestmark = pytest.mark.django_db

FACTS = 13  # the column about the buyer: tests/test_promotions.py
LIFETIME = timedelta(days=30)


def run(statement: str, **parameters: Any) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"lifetime": LIFETIME, **parameters})
        return cursor.rowcount


def state() -> tuple[list, list]:
    """All carts, with whether their life was prolonged, and all lines in the order of their ids."""
    soon = timezone.now() + timedelta(days=2)
    carts = [
        (*row[:3], row[3] > soon)
        for row in Cart.objects.order_by("pk").values_list("pk", "version", "order_number", "expires_at")
    ]
    lines = CartItem.objects.order_by("pk").values_list("cart_id", "variant_id", "quantity", "unit_price")
    return carts, list(lines)


def outcome(write: Callable[[], Any]) -> tuple[bool, tuple]:
    """Whether the write did anything and what it left behind; undone afterwards."""
    with transaction.atomic():
        wrote = bool(write())
        result = wrote, state()
        transaction.set_rollback(True)
    return result


def take(*, cart_id, user_id) -> bool:
    customer_id = Customer.objects.filter(user_id=user_id).values_list("pk", flat=True).first()
    cart = Cart.objects.filter(pk=cart_id, order_number=None, expires_at__gt=timezone.now()).first()
    if cart is None or cart.customer_id not in {None, customer_id}:
        return False
    cart.version += 1
    cart.expires_at = timezone.now() + LIFETIME
    cart.save()
    return True


def offer_of(variant_id) -> tuple[Decimal, int] | None:
    """Price and units of what is for sale."""
    return (
        Variant.objects.filter(pk=variant_id, is_active=True, product__status="active")
        .values_list("price", Coalesce(F("stock__on_hand") - F("stock__reserved"), 0))
        .first()
    )


def add_to_line(*, cart_id, user_id, variant_id, quantity, max_quantity, max_lines) -> bool:
    offer = offer_of(variant_id)
    line = CartItem.objects.filter(cart_id=cart_id, variant_id=variant_id).first()
    if offer is None or (line is None and CartItem.objects.filter(cart_id=cart_id).count() >= max_lines):
        return False
    price, available = offer
    wanted = quantity + (line.quantity if line else 0)
    if wanted > min(available, max_quantity) or not take(cart_id=cart_id, user_id=user_id):
        return False
    CartItem.objects.update_or_create(
        cart_id=cart_id, variant_id=variant_id, defaults={"quantity": wanted, "unit_price": price}
    )
    return True


def set_line(*, cart_id, user_id, item_id, quantity) -> bool:
    line = CartItem.objects.filter(cart_id=cart_id, pk=item_id).first()
    offer = offer_of(line.variant_id) if line else None
    if offer is None or quantity > offer[1] or not take(cart_id=cart_id, user_id=user_id):
        return False
    line.quantity, line.unit_price = quantity, offer[0]
    line.save()
    return True


def delete_line(*, cart_id, user_id, item_id) -> bool:
    line = CartItem.objects.filter(cart_id=cart_id, pk=item_id).first()
    return bool(line and take(cart_id=cart_id, user_id=user_id) and line.delete())


def replace_lines(*, cart_id, variant_ids, quantities) -> bool:
    CartItem.objects.filter(cart_id=cart_id).exclude(variant_id__in=variant_ids).delete()
    for variant_id, quantity in zip(variant_ids, quantities, strict=True):
        price = Variant.objects.get(pk=variant_id).price
        CartItem.objects.update_or_create(
            cart_id=cart_id, variant_id=variant_id, defaults={"quantity": quantity, "unit_price": price}
        )
    return True


def delete_expired(*, limit) -> bool:
    gone = Cart.objects.filter(order_number=None, expires_at__lte=timezone.now()).order_by("expires_at", "pk")[:limit]
    return bool(Cart.objects.filter(pk__in=[cart.pk for cart in gone]).delete()[0])


@pytest.fixture
def world() -> dict[str, Any]:
    """Four units on a line of six available ones whose price rose since, in carts of every kind."""
    owner, stranger = (User.objects.create_user(f"{name}@example.com", "correct horse") for name in ("ada", "bob"))
    kept = make_offer(available=6, price=Decimal("3.00"))
    carts = {
        "open": make_cart(units={kept: 4}),
        "claimed": make_cart(units={kept: 4}, customer=owner.customer),
        "ordered": make_cart(units={kept: 4}, order_number="X"),
        "expired": make_cart(units={kept: 4}, expires_at=timezone.now() - timedelta(seconds=1)),
    }
    Variant.objects.filter(pk=kept.pk).update(price=Decimal("3.50"))
    return {
        "carts": carts,
        "users": {"nobody": None, "owner": owner.pk, "stranger": stranger.pk},
        "variants": {
            "kept": kept,
            "new": make_offer(available=6),
            "inactive": make_offer(is_active=False),
            "draft": make_offer(status=Product.Status.DRAFT),
            "unstocked": make_variant_without_stock(),
        },
    }


def make_variant_without_stock() -> Variant:
    variant = make_offer()
    variant.stock.delete()
    return variant


WHO = [
    ("open", "nobody", True),
    ("open", "stranger", True),
    ("claimed", "owner", True),
    ("claimed", "stranger", False),
    ("claimed", "nobody", False),
    ("ordered", "nobody", False),
    ("expired", "nobody", False),
]


@pytest.mark.parametrize(("cart", "user", "may_write"), WHO)
@pytest.mark.parametrize(
    ("variant", "quantity", "limits", "may_buy"),
    [
        ("kept", 2, (9, 9), True),
        ("kept", 3, (9, 9), False),
        ("kept", 2, (5, 9), False),
        ("kept", 2, (9, 1), True),
        ("new", 6, (9, 9), True),
        ("new", 7, (9, 9), False),
        ("new", 1, (9, 1), False),
        ("inactive", 1, (9, 9), False),
        ("draft", 1, (9, 9), False),
        ("unstocked", 1, (9, 9), False),
    ],
)
def test_add_to_line(world, cart, user, may_write, variant, quantity, limits, may_buy):
    parameters = {
        "cart_id": world["carts"][cart].pk,
        "user_id": world["users"][user],
        "variant_id": world["variants"][variant].pk,
        "quantity": quantity,
        "max_quantity": limits[0],
        "max_lines": limits[1],
    }
    before = state()

    got = outcome(lambda: run(sql.ADD_TO_LINE, **parameters))

    assert got == outcome(lambda: add_to_line(**parameters))
    assert got[0] is (may_write and may_buy)
    assert (got[1] == before) is not got[0]


@pytest.mark.parametrize(("cart", "user", "may_write"), WHO)
@pytest.mark.parametrize(("quantity", "may_buy"), [(1, True), (6, True), (7, False)])
def test_set_line(world, cart, user, may_write, quantity, may_buy):
    of = world["carts"][cart]
    parameters = {
        "cart_id": of.pk,
        "user_id": world["users"][user],
        "item_id": of.items.get().pk,
        "quantity": quantity,
    }

    got = outcome(lambda: run(sql.SET_LINE, **parameters))

    assert got == outcome(lambda: set_line(**parameters))
    assert got[0] is (may_write and may_buy)


@pytest.mark.parametrize("variant", ["inactive", "draft"])
def test_set_line_that_is_not_for_sale(world, variant):
    cart = make_cart(units={world["variants"][variant]: 2})
    parameters = {"cart_id": cart.pk, "user_id": None, "item_id": cart.items.get().pk, "quantity": 1}
    before = state()

    got = outcome(lambda: run(sql.SET_LINE, **parameters))

    assert got == outcome(lambda: set_line(**parameters)) == (False, before)


@pytest.mark.parametrize(("cart", "user", "may_write"), WHO)
def test_delete_line(world, cart, user, may_write):
    of = world["carts"][cart]
    parameters = {"cart_id": of.pk, "user_id": world["users"][user], "item_id": of.items.get().pk}

    got = outcome(lambda: run(sql.DELETE_LINE, **parameters))

    assert got == outcome(lambda: delete_line(**parameters))
    assert got[0] is may_write


def test_lines_of_other_carts_are_not_touched(world):
    line = world["carts"]["claimed"].items.get()
    before = state()
    for statement in (sql.SET_LINE, sql.DELETE_LINE):
        cart_id = world["carts"]["open"].pk
        assert outcome(
            lambda statement=statement, cart_id=cart_id: run(
                statement, cart_id=cart_id, user_id=None, item_id=line.pk, quantity=1
            )
        ) == (False, before)


@pytest.mark.parametrize("wanted", [[], [("kept", 5)], [("new", 2), ("kept", 1)], [("unstocked", 1), ("new", 9)]])
def test_replace_lines(world, wanted):
    parameters = {
        "cart_id": world["carts"]["open"].pk,
        "variant_ids": [world["variants"][name].pk for name, _ in wanted],
        "quantities": [quantity for _, quantity in wanted],
    }

    _, got = outcome(lambda: run(sql.REPLACE_LINES, **parameters))

    assert got == outcome(lambda: replace_lines(**parameters))[1]


def take_up_lines(*, cart_id, item_ids, quantities) -> bool:
    for item_id, quantity in zip(item_ids, quantities, strict=True):
        CartItem.objects.filter(pk=item_id).update(cart_id=cart_id, quantity=quantity)
    return bool(item_ids)


@pytest.mark.parametrize("taken", [[], [("open", 9)], [("claimed", 1)], [("claimed", 7), ("own", 2)]])
def test_take_up_lines(world, taken):
    cart = make_cart(units={world["variants"]["new"]: 1})
    lines = {"own": cart} | world["carts"]
    parameters = {
        "cart_id": cart.pk,
        "item_ids": [lines[name].items.get().pk for name, _ in taken],
        "quantities": [quantity for _, quantity in taken],
    }

    assert outcome(lambda: run(sql.TAKE_UP_LINES, **parameters)) == outcome(lambda: take_up_lines(**parameters))


@pytest.mark.parametrize(("limit", "left"), [(1, 4), (2, 3), (9, 3)])
def test_delete_expired(world, limit, left):
    make_cart(units={world["variants"]["new"]: 1}, expires_at=timezone.now() - timedelta(days=3))

    got = outcome(lambda: run(sql.DELETE_EXPIRED, limit=limit))

    assert got == outcome(lambda: delete_expired(limit=limit))
    assert got[0] is True
    assert len(got[1][0]) == left


def priced_rows(cart_id, country, region, postal_code, shipping_method) -> list[tuple]:
    """The plain form of PRICED_CART without the facts about the buyer: a query for each thing."""
    cart = Cart.objects.select_related("customer").get(pk=cart_id)
    aim = (cart.country, cart.region, cart.postal_code)
    if country is not None:
        aim = (country, region or "", postal_code or "")
    wanted = cart.shipping_method if shipping_method is None else shipping_method
    version = ReferenceVersion.objects.filter(topic="prices").values_list("version", flat=True).first() or 0
    header = (
        cart.pk,
        cart.customer_id,
        cart.customer and cart.customer.user_id,
        cart.version,
        cart.order_number,
        cart.expires_at,
        cart.order_number is None and cart.expires_at <= timezone.now(),
        *aim,
        wanted,
        version,
        cart.coupons,
    )
    rows = []
    for item in CartItem.objects.filter(cart=cart).select_related("variant__product").order_by("pk"):
        variant, product = item.variant, item.variant.product
        image = ProductImage.objects.filter(product=product).order_by("-is_primary", "position", "pk").first()
        stock = getattr(variant, "stock", None)
        rows.append(
            (
                *header,
                item.pk,
                item.quantity,
                item.unit_price,
                item.created_at,
                item.updated_at,
                variant.pk,
                variant.sku,
                variant.title,
                variant.price,
                product.pk,
                product.title,
                product.slug,
                image.image.name if image else None,
                image.alt if image else None,
                stock.available if stock else 0,
                variant.is_active and product.status == "active",
                variant.weight_grams,
                product.tax_class,
                product.category_id,
                [product.attributes, variant.attributes],
                sorted(product.collection_items.values_list("collection_id", flat=True)) or None,
                list_prices(variant),
            )
        )
    return rows or [(*header, *[None] * 14, 0, None, None, None, None, [None, None], None, None)]


def list_prices(variant: Variant) -> list[dict] | None:
    """The plain form of LIST_PRICES."""
    entries = PriceListEntry.objects.filter(variant=variant, price_list__is_active=True).order_by("pk")
    names = ("price", "min_quantity", "price_list__tier", "price_list_id", "price_list__label")
    told = ("price", "min_quantity", "tier", "price_list", "label")
    found = [dict(zip(told, (str(row[0]), *row[1:]), strict=True)) for row in entries.values_list(*names)]
    return found or None


@pytest.mark.parametrize("cart", ["open", "claimed", "ordered", "expired", "full", "empty"])
@pytest.mark.parametrize(
    ("country", "region", "postal_code", "shipping_method"),
    [
        (None, None, None, None),
        ("GB", None, "E1", None),
        ("DE", "BE", "10115", "express"),
        ("US", "NY", "10001", "pickup"),
        (None, None, None, "express"),
    ],
)
@pytest.mark.parametrize("own", [("", "", "", ""), ("DE", "BE", "10115", "pickup"), ("GB", "", "E1", "express")])
def test_priced_cart(world, cart, country, region, postal_code, shipping_method, own):
    world["carts"]["full"] = make_cart(units=dict.fromkeys(world["variants"].values(), 2))
    world["carts"]["empty"] = make_cart()
    for name, primary, position in [("a.jpg", False, 0), ("b.jpg", True, 1), ("c.jpg", False, 2)]:
        ProductImage.objects.create(
            product=world["variants"]["kept"].product, image=name, alt=name, is_primary=primary, position=position
        )
    ProductImage.objects.create(product=world["variants"]["new"].product, image="only.jpg")
    kept = world["variants"]["kept"]
    CollectionItem.objects.create(collection=create_collection(title="Gifts"), product=kept.product)
    lists = [PriceList.objects.create(label=label, is_active=label != "Old") for label in ("Trade", "Old")]
    PriceListEntry.objects.bulk_create(
        PriceListEntry(price_list=price_list, variant=kept, min_quantity=number, price=9 - number)
        for price_list in lists
        for number in (1, 5)
    )
    cart_id = world["carts"][cart].pk
    Cart.objects.filter(pk=cart_id).update(
        **dict(zip(["country", "region", "postal_code", "shipping_method"], own, strict=True))
    )
    aim = {"country": country, "region": region, "postal_code": postal_code, "shipping_method": shipping_method}

    with connection.cursor() as cursor:
        cursor.execute(sql.PRICED_CART, {"cart_id": cart_id, "user_id": None, "email": None, **aim})
        rows = cursor.fetchall()

    assert [row[:FACTS] + row[FACTS + 1 :] for row in rows] == priced_rows(cart_id, **aim)
    assert [row[FACTS] is None for row in rows] == [False] + [True] * (len(rows) - 1)  # told once
