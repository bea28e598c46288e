"""The statement that writes an order leaves the rows that plain ORM writes."""

import uuid
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import Model
from django.utils import timezone

from market.carts.tests.factories import make_offer
from market.orders import sql
from market.orders.models import Order, OrderEvent, OrderItem, OrderQuote
from market.orders.tests.factories import ADDRESS, make_buyer, make_order

pytestmark = pytest.mark.django_db


def new_rows(*, number: str, variants, customer_id: int | None):
    now = timezone.now()
    money = {name: Decimal("0.00") for name in ("discount_total", "tax_total")}
    order = Order(
        number=number,
        customer_id=customer_id,
        cart_uuid=uuid.uuid4(),
        email="é'\"@shop.example",
        currency="GBP",
        prices_include_tax=True,
        subtotal=Decimal("30.00"),
        discounts=[{"label": "ten % \\ off", "amount": "0.00"}],
        shipping_total=Decimal("4.95"),
        shipping_tax_total=Decimal("0.83"),
        grand_total=Decimal("34.95"),
        shipping_address=ADDRESS | {"name": "Ünïcode {braces}"},
        billing_address=ADDRESS,
        shipping_method="standard",
        shipping_label="Standard",
        note="line\nbreak",
        placed_at=now,
        reserved_until=None if customer_id else now,
        **money,
    )
    quote = OrderQuote(engine_version=1, inputs={"a": [1, None]}, trace=[{"b": "2"}], request_fingerprint="f" * 64)
    items = [
        OrderItem(
            variant_id=variant.pk,
            sku=variant.sku,
            title="A, {B}",
            quantity=position + 1,
            unit_price=Decimal("10.00"),
            tax_rate=Decimal("0.2000"),
            line_total=Decimal("10.00") * (position + 1),
            **money,
        )
        for position, variant in enumerate(variants)
    ]
    event = OrderEvent(at=now, kind="placed", status="pending", detail="d", actor="customer")
    return order, quote, items, event


def written(order: Order) -> list[dict[str, Any]]:
    """All rows of the order without what must differ: keys and the order's own identity."""
    rows: list[Model] = [order, order.quote, *order.events.all(), *order.items.all()]
    differing = {"id", "order", "number", "cart_uuid", "placed_at", "updated_at", "at", "reserved_until"}
    return [{f.attname: getattr(row, f.attname) for f in row._meta.fields if f.name not in differing} for row in rows]


@pytest.mark.alters_orders
@pytest.mark.parametrize("is_guest", [True, False])
def test_insert_order_is_its_orm_twin(is_guest):
    variants = [make_offer() for _ in range(3)][::-1]
    customer_id = None if is_guest else make_buyer().customer.pk
    order, quote, items, event = new_rows(number="SQL", variants=variants, customer_id=customer_id)
    order_id = sql.insert_order(order=order, quote=quote, items=items, event=event)

    twin, quote, items, event = new_rows(number="ORM", variants=variants, customer_id=customer_id)
    twin.save(force_insert=True)
    quote.order = event.order = twin
    quote.save(force_insert=True)
    event.save(force_insert=True)
    for item in items:
        item.order = twin
    OrderItem.objects.bulk_create(items)

    by_sql = Order.objects.get(pk=order_id)
    assert written(by_sql) == written(Order.objects.get(pk=twin.pk))
    assert [item.variant_id for item in by_sql.items.all()] == [variant.pk for variant in variants]
    assert (by_sql.placed_at, by_sql.updated_at, by_sql.reserved_until) == (
        order.placed_at,
        order.placed_at,
        order.reserved_until,
    )


def test_insert_past_history_is_its_orm_twin():
    by_sql, twin = make_order(), make_order()
    OrderEvent.objects.all().delete()
    sql.insert_past_history(order_ids=[by_sql.pk])
    steps = [("imported", "pending"), ("paid", "confirmed")]
    steps += [("status_changed", status) for status in ("processing", "shipped", "delivered")]
    OrderEvent.objects.bulk_create(
        OrderEvent(order=twin, at=twin.placed_at, kind=kind, status=status, actor="system") for kind, status in steps
    )
    columns = ("kind", "status", "detail", "actor")
    assert list(by_sql.events.values_list(*columns)) == list(twin.events.values_list(*columns))
    assert set(by_sql.events.values_list("at", flat=True)) == {by_sql.placed_at}
