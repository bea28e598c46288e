"""Reads of payments, and of orders with their payments."""

from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Prefetch, QuerySet, Sum, TextField
from django.db.models.functions import Cast, JSONObject

from market.orders.models import Order, OrderEvent, OrderItem
from market.orders.selectors import OrderRecord, with_record
from market.payments.models import Payment, Refund

# What an order tells whoever placed it.
ORDER_COLUMNS = (
    *("number", "status", "payment_status", "email", "language", "currency", "subtotal", "discounts", "discount_total"),
    *("shipping_total", "tax_total", "prices_include_tax", "grand_total", "shipping_address", "billing_address"),
    *("shipping_method", "shipping_label", "note", "placed_at", "reserved_until"),
)
ITEM_COLUMNS = ("sku", "title", "quantity", "unit_price", "discount_total", "tax_total", "line_total")
EVENT_COLUMNS = ("at", "kind", "status", "detail")
PAYMENT_COLUMNS = ("id", "provider", "status", "amount", "currency", "created_at", "captured_at")


@dataclass(frozen=True, slots=True)
class RefundView:
    """Money that went back, and of which payment."""

    id: UUID
    payment: UUID
    amount: Decimal
    currency: str
    refunded_at: datetime


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order with all that its page shows. Refunds are in the order of their payments, then oldest first."""

    order: Order
    items: list[OrderItem]
    events: list[OrderEvent]
    payments: list[Payment]
    refunds: list[RefundView]


def order_view(*, record: OrderRecord, payments: list[Payment]) -> OrderView:
    """The view of an order that was just written, of which nothing was refunded yet: no query."""
    return OrderView(record.order, record.items, record.events, payments, [])


def with_view(orders: QuerySet[Order]) -> QuerySet[Order]:
    """The orders loaded for `view_of`: three more queries however many orders."""
    rows = Refund.objects.filter(payment=OuterRef("pk")).order_by("refunded_at", "pk")
    # As text: a JSON number would come back as a float.
    row = JSONObject(id="pk", amount=Cast("amount", TextField()), refunded_at="refunded_at")
    payments = Payment.objects.annotate(refund_rows=ArraySubquery(rows.values(row=row)))
    return with_record(orders).prefetch_related(Prefetch("payments", payments))


def view_of(order: Order) -> OrderView:
    """The view of an order that `with_view` loaded: no query."""
    payments = list(order.payments.all())
    refunds = [_refund_view(payment, row) for payment in payments for row in payment.refund_rows]
    return OrderView(order, list(order.items.all()), list(order.events.all()), payments, refunds)


def _refund_view(payment: Payment, row: dict[str, str]) -> RefundView:
    return RefundView(
        id=UUID(row["id"]),
        payment=payment.pk,
        amount=Decimal(row["amount"]),
        currency=payment.currency,
        refunded_at=datetime.fromisoformat(row["refunded_at"]),
    )


def view_of_number(*, number: str) -> OrderView:
    """The view of the order of that number: four queries. For callers who may open it."""
    return view_of(with_view(Order.objects.filter(number=number)).get())


def orders_data(*, orders: QuerySet[Order]) -> Iterator[dict[str, Any]]:
    """These orders for whoever placed them, oldest first: four queries per 500."""
    for order in with_view(orders.order_by("placed_at", "pk")).iterator(chunk_size=500):
        view = view_of(order)
        yield {
            **{name: getattr(order, name) for name in ORDER_COLUMNS},
            "items": [{name: getattr(item, name) for name in ITEM_COLUMNS} for item in view.items],
            "events": [{name: getattr(event, name) for name in EVENT_COLUMNS} for event in view.events],
            "payments": [{name: getattr(payment, name) for name in PAYMENT_COLUMNS} for payment in view.payments],
            "refunds": [asdict(refund) for refund in view.refunds],
        }


def spent_by_customers(*, customer_ids: Collection[int], since: datetime, until: datetime) -> dict[int, Decimal]:
    """What each of these customers spent: captured minus refunded until then, of their delivered orders that
    were placed after `since` and not after `until`; 0 for who spent nothing. Two queries.
    """
    paid = Payment.objects.filter(
        order__customer__in=customer_ids,
        order__status=Order.Status.DELIVERED,
        order__placed_at__gt=since,
        order__placed_at__lte=until,
        captured_at__lte=until,
    )
    refunded = Refund.objects.filter(payment__in=paid.values("pk"), refunded_at__lte=until)
    spent = dict.fromkeys(customer_ids, Decimal("0.00"))
    for customer_id, amount in paid.order_by().values_list("order__customer").annotate(Sum("amount")):
        spent[customer_id] += amount
    refunds = refunded.order_by().values_list("payment__order__customer").annotate(Sum("amount"))
    for customer_id, amount in refunds:
        spent[customer_id] -= amount
    return spent
