"""Every move of stock: kept for orders, shipped, counted anew.

Units are whole numbers by variant. A variant without a stock row has nothing in stock. Locks are
taken in one order: stock rows by variant, then (only when the last unit goes or the first comes)
variants and listings.
"""

from collections.abc import Collection, Mapping
from datetime import datetime

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import timezone

from core.errors import FieldError, Invalid
from core.transactions import in_one_transaction
from market.catalog.errors import VariantNotFound
from market.catalog.models import Variant
from market.catalog.services import set_variants_in_stock
from market.inventory import sql
from market.inventory.errors import InsufficientStock, StockBelowReserved
from market.inventory.events import variant_back_in_stock
from market.inventory.models import DEFAULT_LOCATION, AwaitedStock, Reservation, StockItem, StockMovement

MAX_ON_HAND = 1_000_000_000
LOW_STOCK_THRESHOLD = StockItem._meta.get_field("low_stock_threshold").default
OPENING_REASON = "Opening stock"


def reserve(*, reference: str, units: Mapping[int, int], expires_at: datetime) -> None:
    """Keep units for the order `reference` until `expires_at`: all lines, or none.

    Two statements, and two more when something sells out. Idempotent: a line that is kept already
    stays as it is; a released one is kept anew. Raises InsufficientStock naming every short line;
    the caller's transaction is then as it was, and may go on.
    """
    if not units:
        return
    variant_ids = sorted(units)
    # No savepoint, which would be two round trips more under the locks: a refusal has written nothing.
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        cursor.execute(sql.lock_stock(), {"variant_ids": variant_ids})
        cursor.execute(
            sql.reserve(),
            {
                "variant_ids": variant_ids,
                "quantities": [units[variant_id] for variant_id in variant_ids],
                "reference": reference,
                "expires_at": expires_at,
            },
        )
        lines = cursor.fetchall()
        if sold_out := [variant_id for variant_id, *_, is_sold_out in lines if is_sold_out]:
            set_variants_in_stock(variant_ids=sold_out, in_stock=False)
    short = [
        {"variant": variant_id, "sku": sku, "requested": quantity, "available": max(available, 0)}
        for variant_id, sku, quantity, is_short, available, _ in lines
        if is_short
    ]
    if short:
        raise _insufficient(short)


@transaction.atomic(savepoint=False)
def release(*, reference: str) -> None:
    """Give the units kept for an order back to sale. Idempotent; shipped units stay shipped.

    Two statements, and three more when something is in stock again.
    """
    with connection.cursor() as cursor:
        cursor.execute(sql.LOCK_RESERVED_STOCK, {"reference": reference})
        cursor.execute(sql.RELEASE, {"reference": reference})
        for_sale_again = [variant_id for (variant_id,) in cursor.fetchall()]
    if for_sale_again:
        _show_in_stock(for_sale_again)


def commit(*, reference: str) -> None:
    """Keep the held units of an order without a limit: it is paid or confirmed. Idempotent, one statement."""
    Reservation.objects.filter(reference=reference, state=Reservation.State.HELD).update(
        state=Reservation.State.COMMITTED, expires_at=None, updated_at=timezone.now()
    )


def extend(*, reference: str, expires_at: datetime) -> None:
    """Hold the units of an order until `expires_at` at least. Idempotent, one statement."""
    Reservation.objects.filter(reference=reference, state=Reservation.State.HELD).update(
        expires_at=Greatest(F("expires_at"), expires_at), updated_at=timezone.now()
    )


@transaction.atomic(savepoint=False)
def consume(*, reference: str, actor_id: int | None = None) -> None:
    """Ship the committed units of an order: they leave, with one ledger line per variant.

    Two statements. Idempotent; held units, which nobody has paid or confirmed, stay held.
    """
    with connection.cursor() as cursor:
        cursor.execute(sql.LOCK_RESERVED_STOCK, {"reference": reference})
        cursor.execute(sql.CONSUME, {"reference": reference, "actor_id": actor_id, "location": DEFAULT_LOCATION})


@in_one_transaction
def open_stock(*, units: Mapping[int, int]) -> int:
    """Give variants that have no stock row their first one, and answer how many did not have one.

    One statement however many variants, and three more when some are now in stock. Idempotent: variants
    with a stock row are left alone.
    """
    variant_ids = sorted(units)
    with connection.cursor() as cursor:
        cursor.execute(
            sql.OPEN_STOCK,
            {
                "variant_ids": variant_ids,
                "quantities": [units[variant_id] for variant_id in variant_ids],
                "low_stock_threshold": LOW_STOCK_THRESHOLD,
                "location": DEFAULT_LOCATION,
                "reason": OPENING_REASON,
            },
        )
        opened = cursor.fetchall()
    if in_stock := [variant_id for variant_id, on_hand in opened if on_hand > 0]:
        _show_in_stock(in_stock)
    return len(opened)


@in_one_transaction
def set_on_hand(*, variant_id: int, on_hand: int, reason: str, actor_id: int | None = None) -> StockItem:
    """Correct what is on hand to a counted number, with a ledger line for the difference.

    Locks the stock row. Raises VariantNotFound, Invalid for a number out of range, and
    StockBelowReserved when fewer would be there than are kept for orders.
    """
    if on_hand < 0:
        raise _out_of_range("on_hand")
    stock = _held_stock(variant_id=variant_id)
    return _move(stock, on_hand - stock.on_hand, reason=reason, actor_id=actor_id, field="on_hand")


@in_one_transaction
def move_stock(*, variant_id: int, quantity: int, reason: str, actor_id: int | None = None) -> StockItem:
    """Add units that came or take away units that went (negative), with a ledger line.

    Locks the stock row. Raises Invalid for zero, else as `set_on_hand`.
    """
    if quantity == 0:
        message = "Give a number of units that is not zero."
        raise Invalid(message, errors=[FieldError("quantity", "invalid", message)])
    return _move(_held_stock(variant_id=variant_id), quantity, reason=reason, actor_id=actor_id, field="quantity")


@in_one_transaction
def set_low_stock_threshold(*, variant_id: int, low_stock_threshold: int) -> StockItem:
    """At how many available units the variant counts as low. Raises VariantNotFound."""
    stock = _held_stock(variant_id=variant_id)
    stock.low_stock_threshold = low_stock_threshold
    stock.save(update_fields=["low_stock_threshold", "updated_at"])
    return stock


def await_stock(*, variant_id: int) -> None:
    """Have it published when the variant is in stock the next time: one statement. Idempotent.

    The caller holds the variant from before it saw that it is sold out: whoever turns `in_stock` takes
    the variant first, so that no turn goes unseen.
    """
    AwaitedStock.objects.bulk_create([AwaitedStock(variant_id=variant_id)], ignore_conflicts=True)


def _show_in_stock(variant_ids: Collection[int]) -> None:
    """Note that variants are in stock again, and publish it of those that are awaited.

    Three statements, and two more when there are any.
    """
    set_variants_in_stock(variant_ids=variant_ids, in_stock=True)
    awaited = AwaitedStock.objects.filter(pk__in=variant_ids).order_by("pk").select_for_update()
    if came := list(awaited.values_list("pk", flat=True)):
        AwaitedStock.objects.filter(pk__in=came).delete()
        variant_back_in_stock.publish_each({"variant_id": variant_id} for variant_id in came)


@in_one_transaction
def publish_awaited_stock(*, limit: int) -> int:
    """Publish up to `limit` awaited variants that are for sale with stock on them; how many there were.

    Stock that comes to a variant which is not for sale is told when that is for sale again.
    """
    came = Variant.objects.for_sale().filter(in_stock=True)
    awaited = AwaitedStock.objects.filter(variant__in=came).order_by("pk").select_for_update(skip_locked=True)
    variant_ids = list(awaited.values_list("pk", flat=True)[:limit])
    AwaitedStock.objects.filter(pk__in=variant_ids).delete()
    variant_back_in_stock.publish_each({"variant_id": variant_id} for variant_id in variant_ids)
    return len(variant_ids)


def _held_stock(*, variant_id: int) -> StockItem:
    """The stock row, made where there is none, and locked; its variant stays until the transaction ends."""
    StockItem.objects.bulk_create([StockItem(variant_id=variant_id)], ignore_conflicts=True)
    stock = StockItem.objects.select_for_update(no_key=True).filter(pk=variant_id).first()
    with connection.cursor() as cursor:
        cursor.execute(sql.KEEP_VARIANT, {"variant_id": variant_id})
        is_there = cursor.fetchone() is not None
    # Whoever deletes a variant at this moment takes its stock first, and misses a row that was just made.
    if stock is None or not is_there:
        raise VariantNotFound
    return stock


def _move(stock: StockItem, quantity: int, *, reason: str, actor_id: int | None, field: str) -> StockItem:
    was_available = stock.available > 0
    on_hand = stock.on_hand + quantity
    if on_hand > MAX_ON_HAND:
        raise _out_of_range(field)
    if on_hand < stock.reserved:
        raise StockBelowReserved(
            f"{stock.on_hand} units are on hand; {stock.reserved} units are kept for orders.",
            extra={"on_hand": stock.on_hand, "reserved": stock.reserved},
        )
    if quantity == 0:
        return stock
    stock.on_hand = on_hand
    stock.save(update_fields=["on_hand", "updated_at"])
    StockMovement.objects.create(
        variant_id=stock.pk,
        kind=StockMovement.Kind.ADJUSTMENT,
        quantity=quantity,
        reason=reason,
        actor_id=actor_id,
    )
    if stock.available > 0 and not was_available:
        _show_in_stock([stock.pk])
    elif was_available and not stock.available > 0:
        set_variants_in_stock(variant_ids=[stock.pk], in_stock=False)
    return stock


def _out_of_range(field: str) -> Invalid:
    message = f"There can be from 0 to {MAX_ON_HAND:,} units on hand."
    return Invalid(message, errors=[FieldError(field, "out_of_range", message)])


def _insufficient(short: list[dict]) -> InsufficientStock:
    errors = [
        FieldError(f"variant.{line['variant']}", "insufficient_stock", f"Only {line['available']} are available.")
        for line in short
    ]
    return InsufficientStock(errors=errors, extra={"short": short})
