"""Orders of the past, from before this shop or from elsewhere: placed, paid, delivered, and some of it paid back.

They are for the books and for what follows from them, as a membership: no stock moves, no mail leaves,
no event is published.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.conf import settings
from django.db import connection

from core.money import ZERO
from core.transactions import in_one_transaction
from market.catalog.models import Variant
from market.customers import services as customers
from market.orders import rules as order_rules
from market.orders import services as orders
from market.orders.models import Order, OrderItem, OrderQuote
from market.payments import services as payments
from market.pricing.services import note_first_orders

# Two imports at once would both find the same orders missing.
IMPORT_LOCK = 7_310_003
# No version of the quote engine: these were priced elsewhere, and nobody can price them again.
PRICED_ELSEWHERE = 0
UNTAXED = Decimal("0.0000")

Quantities = Mapping[tuple[str, Decimal], int]


@dataclass(frozen=True, slots=True)
class PastItem:
    """So many units of a SKU at one price; which part of it was tax is not known."""

    sku: str
    quantity: int
    unit_price: Decimal


@dataclass(frozen=True, slots=True)
class PastOrder:
    """An order as it was, known again by its number. `email` is in lower case."""

    number: str
    email: str
    placed_at: datetime
    address: Mapping[str, str]
    items: Sequence[PastItem]


@dataclass(slots=True)
class ImportedOrders:
    """Numbers of orders that were added or there already, and why others were not: code and message by number."""

    added: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    refused: dict[str, tuple[str, str]] = field(default_factory=dict)

    def refuse(self, number: str, code: str, message: str) -> None:
        self.refused[number] = (code, message)


@in_one_transaction
def import_past_orders(*, past_orders: Sequence[PastOrder]) -> ImportedOrders:
    """Add the orders that are missing, delivered and paid, with their customers; others stay as they are.

    An order is refused whose SKUs the catalog does not have, that names one at two prices, that is more
    than an amount can be, or whose number is that of another order. Fifteen statements however many.
    """
    _hold_imports()
    told = ImportedOrders()
    numbers = [order.number for order in past_orders]
    present = {order.number: order for order in Order.objects.filter(number__in=numbers).prefetch_related("items")}
    skus = {item.sku for order in past_orders for item in order.items}
    columns = ("sku", "pk", "product__title", "title")
    variants = {sku: (pk, titles) for sku, pk, *titles in Variant.objects.filter(sku__in=skus).values_list(*columns)}
    fitting = []
    for past in past_orders:
        quantities = _quantities(past)
        if missing := sorted({item.sku for item in past.items} - variants.keys()):
            told.refuse(past.number, "unknown_product", f"The catalog has no {', '.join(missing)}.")
        elif len(quantities) > len({sku for sku, _ in quantities}):
            told.refuse(past.number, "two_prices", "It has a product at two prices.")
        elif order := present.get(past.number):
            if _is_same(order, past, quantities):
                told.known.append(past.number)
            else:
                told.refuse(past.number, "known_otherwise", f"There is an order {past.number} with other content.")
        elif not order_rules.is_holdable(_total(quantities)):
            told.refuse(past.number, "total_too_large", "It is more than an amount can be.")
        else:
            fitting.append((past, quantities))
    _write(fitting, variants, told)
    return told


def _write(
    fitting: Sequence[tuple[PastOrder, Quantities]], variants: Mapping[str, tuple[int, list[str]]], told: ImportedOrders
) -> None:
    since: dict[str, datetime] = {}
    for past, _ in fitting:
        since[past.email] = min(past.placed_at, since.get(past.email, past.placed_at))
    customer_ids = customers.import_customers(since=since)
    records = [
        (
            _order(past, customer_id=customer_ids[past.email], total=_total(quantities)),
            OrderQuote(engine_version=PRICED_ELSEWHERE, inputs={}, trace=[]),
            [_item(*variants[sku], sku, unit_price, units) for (sku, unit_price), units in quantities.items()],
        )
        for past, quantities in fitting
    ]
    payments.write_past_payments(orders=orders.write_past_orders(records=records))
    note_first_orders(numbers={f"customer:{customer_ids[past.email]}": past.number for past, _ in fitting})
    told.added += [past.number for past, _ in fitting]


def _quantities(past: PastOrder) -> Quantities:
    """Units by SKU and price: lines that say the same product at the same price are one."""
    quantities: dict[tuple[str, Decimal], int] = {}
    for item in past.items:
        key = (item.sku, item.unit_price)
        quantities[key] = quantities.get(key, 0) + item.quantity
    return quantities


def _total(quantities: Quantities) -> Decimal:
    return sum((unit_price * units for (_, unit_price), units in quantities.items()), ZERO)


def _is_same(order: Order, past: PastOrder, quantities: Quantities) -> bool:
    items = {(item.sku, item.unit_price): item.quantity for item in order.items.all()}
    return items == quantities and (order.email, order.placed_at) == (past.email, past.placed_at)


def _order(past: PastOrder, *, customer_id: int, total: Decimal) -> Order:
    """What it cost to send it is in no file: what was paid for it is its lines."""
    return Order(
        number=past.number,
        customer_id=customer_id,
        email=past.email,
        status=Order.Status.DELIVERED,
        payment_status=Order.PaymentStatus.COMPLETE,
        currency=settings.SHOP_CURRENCY,
        prices_include_tax=True,
        subtotal=total,
        discount_total=ZERO,
        shipping_total=ZERO,
        shipping_tax_total=ZERO,
        tax_total=ZERO,
        grand_total=total,
        shipping_address=dict(past.address),
        billing_address=dict(past.address),
        shipping_method="past",
        shipping_label="Delivered in the past",
        placed_at=past.placed_at,
    )


def _item(variant_id: int, titles: Sequence[str], sku: str, unit_price: Decimal, units: int) -> OrderItem:
    return OrderItem(
        variant_id=variant_id,
        sku=sku,
        title=", ".join(filter(None, titles)),
        quantity=units,
        unit_price=unit_price,
        discount_total=ZERO,
        tax_rate=UNTAXED,
        tax_total=ZERO,
        line_total=unit_price * units,
    )


def _hold_imports() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [IMPORT_LOCK])
