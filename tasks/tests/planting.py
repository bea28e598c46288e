"""A shop in which every invariant holds, and the spade to plant violations with."""

from dataclasses import dataclass

from django.db import connection
from django.utils import timezone

from core.outbox.services import attempt_delivery, spread_events, take_due_deliveries
from market.carts.tests.factories import make_cart
from market.catalog.models import Variant
from market.catalog.services.searching import walk_catalog
from market.checkout.services import cancel_order, change_status
from market.inventory.tests.factories import make_stocked_variant
from market.orders.models import Order
from market.orders.tests.factories import make_order, make_staff
from market.payments.services import confirm_open_payment

CONSTRAINTS = """
SELECT 'ALTER TABLE ' || conrelid::regclass || ' DROP CONSTRAINT ' || quote_ident(conname)
FROM pg_constraint WHERE conrelid = %s::regclass AND contype IN ('c', 'u')
UNION ALL
SELECT 'DROP INDEX ' || indexrelid::regclass FROM pg_index
WHERE indrelid = %s::regclass AND indisunique AND NOT indisprimary
  AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
"""


@dataclass(frozen=True)
class Shop:
    """Ten lamps at 10.00: two ordered, one paid, one shipped, and one order canceled."""

    lamp: Variant
    pending: Order
    paid: Order
    shipped: Order
    canceled: Order


def make_shop() -> Shop:
    """The shop, its facts relayed and handled."""
    lamp = make_stocked_variant(sku="LAMP", price="10.00", on_hand=10)
    staff = make_staff()
    pending, paid, shipped, canceled = [make_order(cart=make_cart(units={lamp: quantity})) for quantity in (2, 1, 1, 3)]
    for order in (paid, shipped):
        confirm_open_payment(order_id=order.pk, actor=f"staff:{staff.pk}")
    for status in (Order.Status.PROCESSING, Order.Status.SHIPPED):
        change_status(order_id=shipped.pk, status=status, staff_id=staff.pk)
    cancel_order(order_id=canceled.pk, actor="customer")
    spread_events(limit=100)
    for pairs in take_due_deliveries(limit=100).values():
        for delivery_id, attempts in pairs:
            attempt_delivery(delivery_id=delivery_id, attempts_seen=attempts)
    walk_catalog(batches=2)
    return Shop(lamp, pending, paid, shipped, canceled)


def drop_constraints(*tables: str) -> None:
    """Take the checks and unique keys of the tables away, until the test's rollback."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in tables:
            cursor.execute(CONSTRAINTS, [table, table])
            for (statement,) in cursor.fetchall():
                cursor.execute(statement)


def plant(statement: str, shop: Shop) -> int:
    """Run a statement in which `{lamp}` and the like are ids, `{pending.number}` a number; answers its rows."""
    names = {"lamp": shop.lamp.pk, "now": f"'{timezone.now().isoformat()}'::timestamptz"}
    for name in ("pending", "paid", "shipped", "canceled"):
        order = getattr(shop, name)
        names |= {name: order.pk, f"{name}_number": order.number, f"{name}_cart": order.cart_uuid}
    with connection.cursor() as cursor:
        cursor.execute(statement.format(**names))
        return cursor.rowcount
