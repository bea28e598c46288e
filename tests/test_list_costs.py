"""What a list costs does not depend on how long it is: the statements of 1, 20 and 100 rows, list by list.

Rows are copies made in bulk. A list that is not here has a test of its own, named in `ELSEWHERE`.
"""

import copy
from collections.abc import Iterable
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django.db import models
from django.utils import timezone

from core.notifications.models import Mail
from core.notifications.services import queue_mail
from core.operations.models import Run
from core.operations.tests.factories import Touch, make_run, registered
from market.catalog.models import (
    Category,
    ImageRequest,
    PastPrice,
    PlannedPrice,
    Product,
    ProductDocument,
    ProductImage,
    Variant,
)
from market.catalog.tests.factories import make_product
from market.inventory.models import StockItem, StockMovement
from market.inventory.services import open_stock
from market.orders.models import Order
from market.orders.tests.factories import make_order, make_staff
from market.payments.models import Refund
from market.pricing.models import Coupon, PriceList, PriceListEntry
from market.pricing.tests.factories import make_coupon
from market.shipping.models import ShippingMethod, ShippingZone, ZoneArea
from market.taxes.models import TaxRate
from tests.test_fuzz import query_names, schema

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unthrottled")]
ROOT = Path(__file__).resolve().parents[1]
SIZES = (1, 20, 100)
ELSEWHERE = {
    "addresses/": "market/customers/tests/test_addresses.py",  # ends at 50 rows: nobody saves more
    "collections/": "market/catalog/tests/test_collections.py",
    "customers/": "market/customers/tests/test_staff.py",
    "customers/{customer_id}/history/": "market/customers/tests/test_staff.py",
    "product-types/": "market/catalog/tests/test_attributes.py",
    "products/": "market/catalog/tests/test_lists.py",
    "products/{product_id}/related/": "market/catalog/tests/test_collections.py",  # twelve at most
    "products/{product_id}/reviews/": "market/reviews/tests/test_lists.py",
    "reviews/": "market/reviews/tests/test_lists.py",
    "users/": "core/accounts/tests/test_api.py",
    "wishlists/": "market/carts/tests/test_wishlists.py",
    "wishlists/{wishlist_id}/items/": "market/carts/tests/test_wishlists.py",
}
# Bounded by the code: as many rows as there are operations in it.
OF_CODE = {"operations/"}


def copies(rows: Iterable[models.Model], **changes: Any) -> list[Any]:
    """The rows once more, with new keys."""
    made = []
    for row in rows:
        made.append(copy.copy(row))
        made[-1].pk = type(row)._meta.pk.get_default()
        for name, value in changes.items():
            setattr(made[-1], name, value)
    return type(made[0])._default_manager.bulk_create(made) if made else []


def orders(user: Any, numbers: range) -> str:
    """Orders of somebody, with lines, history, a payment and two refunds each."""
    first = Order.objects.first()
    if first is None:
        first = make_order(buyer=user)
        for reference in ("one", "two"):
            Refund.objects.create(payment=first.payments.get(), amount="0.50", reference=reference)
        numbers = numbers[1:]
    for number in numbers:
        [order] = copies([first], number=f"COPY-{number}", cart_uuid=None)
        copies(first.items.all(), order=order)
        copies(first.events.all(), order=order)
        [payment] = copies(first.payments.all(), order=order)
        copies(first.payments.get().refunds.all(), payment=payment)
    return "orders/?"


def variants(numbers: range) -> list[Variant]:
    """Variants of one product, each in stock and once dearer than now."""
    product = Product.objects.first() or make_product(variants=[])
    made = Variant.objects.bulk_create(Variant(product=product, sku=f"V{number}", price=5) for number in numbers)
    StockItem.objects.bulk_create(StockItem(variant=variant, on_hand=3) for variant in made)
    PastPrice.objects.bulk_create(
        PastPrice(variant=variant, price=Decimal(6), ended_at=timezone.now()) for variant in made
    )
    return made


def variants_of_product(user: Any, numbers: range) -> str:
    return f"products/{variants(numbers)[0].product_id}/variants/?"


def price_changes(user: Any, numbers: range) -> str:
    now = timezone.now()
    PlannedPrice.objects.bulk_create(
        PlannedPrice(variant=variant, sku=variant.sku, price=4, starts_at=now, due_at=now)
        for variant in variants(numbers)
    )
    return "price-changes/?"


def stock(user: Any, numbers: range) -> str:
    variants(numbers)
    return "stock/?"


def movements(user: Any, numbers: range) -> str:
    if numbers.start == 0:
        [variant] = variants(range(1))
        open_stock(units={variant.pk: 0})
    variant = Variant.objects.get()
    StockMovement.objects.bulk_create(
        StockMovement(variant=variant, kind="adjustment", quantity=1, reason="Came", actor=user) for _ in numbers
    )
    return f"stock/{variant.pk}/movements/?"


def images(user: Any, numbers: range) -> str:
    product = Product.objects.first() or make_product()
    ProductImage.objects.bulk_create(ProductImage(product=product, image=f"products/{n}.png") for n in numbers)
    return f"products/{product.pk}/images/?"


def product_documents(user: Any, numbers: range) -> str:
    """More than the shop lets a product have."""
    product = Product.objects.first() or make_product()
    ProductDocument.objects.bulk_create(
        ProductDocument(product=product, title=f"No. {n}", file=f"documents/{n}.pdf", size_bytes=1) for n in numbers
    )
    return f"products/{product.pk}/documents/?"


def documents_by_slug(user: Any, numbers: range) -> str:
    product_documents(user, numbers)
    return f"products/slug/{Product.objects.get().slug}/documents/?"


def image_requests(user: Any, numbers: range) -> str:
    product = Product.objects.first() or make_product()
    ImageRequest.objects.bulk_create(
        ImageRequest(product=product, url=f"https://pictures.example/{number}.png") for number in numbers
    )
    return f"products/{product.pk}/image-requests/?"


def promotions(user: Any, numbers: range) -> str:
    for number in numbers:
        make_coupon(f"CODE-{number}")
    return "promotions/?"


def coupons(user: Any, numbers: range) -> str:
    for number in numbers:
        if number == 0:
            make_coupon("CODE")
        else:
            copies(Coupon.objects.all()[:1], code=f"CODE-{number}")
    return f"promotions/{Coupon.objects.first().promotion_id}/coupons/?"


def zones(user: Any, numbers: range) -> str:
    """Each with an area."""
    made = ShippingZone.objects.bulk_create(ShippingZone(name=f"No. {number}") for number in numbers)
    ZoneArea.objects.bulk_create(ZoneArea(zone=zone, country="GB") for zone in made)
    return "shipping-zones/?"


def methods(user: Any, numbers: range) -> str:
    """Each with a step and a zone; the first is there already."""
    if numbers.start == 0:
        ShippingZone.objects.create(name="Everywhere")
    for number in numbers[1:] if numbers.start == 0 else numbers:
        copies(ShippingMethod.objects.all()[:1], code=f"method-{number}")
    for method in ShippingMethod.objects.filter(steps=None):
        method.steps.create(at_least=1, price=1)
        method.zones.add(ShippingZone.objects.get())
    return "shipping-methods/?"


def rates(user: Any, numbers: range) -> str:
    """The first is there already."""
    TaxRate.objects.bulk_create(
        TaxRate(name="Of a place", country="GB", region=f"No. {number}", rate=0) for number in numbers if number
    )
    return "tax-rates/?"


def price_lists(user: Any, numbers: range) -> str:
    PriceList.objects.bulk_create(PriceList(label=f"No. {number}") for number in numbers)
    return "price-lists/?"


def entries(user: Any, numbers: range) -> str:
    made = variants(numbers)
    price_list, _ = PriceList.objects.get_or_create(label="Trade")
    PriceListEntry.objects.bulk_create(
        PriceListEntry(price_list=price_list, variant=variant, price=1) for variant in made
    )
    return f"price-lists/{price_list.pk}/entries/?"


def categories(user: Any, numbers: range) -> str:
    """Each with one below it."""
    above = Category.objects.bulk_create(Category(title=f"No. {n}", slug=f"no-{n}") for n in numbers)
    Category.objects.bulk_create(Category(title="Below", slug=f"below-{row.slug}", parent=row) for row in above)
    return "categories/?"


def flat_categories(user: Any, numbers: range) -> str:
    """All below the first."""
    for number in numbers:
        Category.objects.create(title=f"No. {number}", slug=f"no-{number}", parent=Category.objects.first())
    return "categories/?flat=1&"


def notifications(user: Any, numbers: range) -> str:
    for number in numbers:
        if number == 0:
            queue_mail(kind="user_registered", recipient=user.email, context={}, key="0", user_id=user.pk)
        else:
            copies([Mail.objects.get(key="0")], key=str(number))
    return "notifications/?"


def runs(user: Any, numbers: range) -> str:
    for number in numbers:
        if number == 0:
            run = make_run(rows=1)
            run.started_by = user
            run.save()
        else:
            copies(Run.objects.all()[:1])
    return "runs/?"


# Which list each fills, and its statements: the caller, the product or variant that it is of, the count, the page.
HERE = {
    orders: ("orders/", 6),  # beside them what orders bring along: lines, history, refunds
    variants_of_product: ("products/{product_id}/variants/", 4),
    images: ("products/{product_id}/images/", 4),
    product_documents: ("products/{product_id}/documents/", 4),
    documents_by_slug: ("products/slug/{slug}/documents/", 4),
    image_requests: ("products/{product_id}/image-requests/", 4),
    promotions: ("promotions/", 4),  # beside them their codes
    coupons: ("promotions/{promotion_id}/coupons/", 4),
    price_changes: ("price-changes/", 3),
    stock: ("stock/", 3),
    movements: ("stock/{variant_id}/movements/", 4),
    categories: ("categories/", 2),
    flat_categories: ("categories/", 2),
    notifications: ("notifications/", 3),
    zones: ("shipping-zones/", 4),
    methods: ("shipping-methods/", 5),
    rates: ("tax-rates/", 3),
    price_lists: ("price-lists/", 3),
    entries: ("price-lists/{price_list_id}/entries/", 4),
    runs: ("runs/", 3),
}


@pytest.mark.parametrize("fill", HERE, ids=lambda fill: fill.__name__)
def test_a_list_costs_the_same_however_long(client_of, count_statements, fill):
    staff = make_staff()
    client, costs = client_of(staff), {}
    with registered(Touch):
        for before, rows in pairwise((0, *SIZES)):
            path = fill(staff, range(before, rows))
            with count_statements() as counted:
                answer = client.get(f"/api/v1/{path}limit=100")
            assert len(answer.json()["results"]) == rows
            costs[rows] = len(counted)
    assert costs == dict.fromkeys(SIZES, HERE[fill][1])


def test_every_list_is_measured():
    lists = {
        path.removeprefix("/api/v1/")
        for path, methods in schema()["paths"].items()
        if "get" in methods and "limit" in query_names("get", path)
    }
    assert lists == {*(path for path, _ in HERE.values()), *ELSEWHERE, *OF_CODE}
    assert [test for test in ELSEWHERE.values() if not (ROOT / test).exists()] == []
