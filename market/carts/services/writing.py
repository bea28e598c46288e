"""Writes of one cart. Each takes the cart first, raises its version and pushes its expiry out.

Stock is judged as of now and nothing is kept for the cart: checkout decides. All raise
CartNotFound for a cart that is absent, expired or another customer's, and CartOrdered for one that
became an order; a refused write leaves the cart as it was.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, connection
from django.db.models import F
from django.utils import timezone
from psycopg.errors import ForeignKeyViolation

from core.countries import COUNTRY_CODES
from core.errors import FieldError, Invalid
from core.guards import guard_enabled
from core.transactions import in_one_transaction
from market.carts import sql
from market.carts.errors import (
    CartBusy,
    CartItemNotFound,
    CartNotFound,
    CartOrdered,
    NotForSale,
    UnknownCountry,
    UnknownShippingMethod,
)
from market.carts.models import Cart, CartItem
from market.carts.selectors import Offer, offers
from market.inventory.errors import InsufficientStock
from market.pricing.services import Uses, take_uses
from market.shipping.selectors import is_offered

# A write is refused by one statement and explained by the next; between them the reason can go
# away, and the write is tried again.
ATTEMPTS = 3
Written = TypeVar("Written")


@dataclass(frozen=True, slots=True)
class WantedLine:
    """So many units of a variant, as a client asks for them."""

    variant_id: int
    quantity: int


def create_cart(*, lines: Sequence[WantedLine] = ()) -> UUID:
    """Make a cart, empty or with these lines, and return its id: 1 statement, 3 with lines.

    Raises Invalid and InsufficientStock as `replace_items` does.
    """
    return despite_deletions(partial(_create_cart, lines=lines))


@in_one_transaction
def _create_cart(*, lines: Sequence[WantedLine]) -> UUID:
    if lines:
        _refuse_unbuyable(lines)
    cart = Cart.objects.create(expires_at=timezone.now() + settings.CART_LIFETIME)
    if lines:
        _execute(sql.REPLACE_LINES, _line_arrays(cart.pk, lines))
    return cart.pk


def add_item(*, cart_id: UUID, variant_id: int, quantity: int, user_id: int | None = None) -> None:
    """Add units of a variant, to its line if there is one: one statement, on its own commit.

    The line's sum may not pass what is available nor `MAX_CART_QUANTITY`. Refreshes the price that
    the buyer has seen. Raises Invalid (`variant` not for sale, `quantity`, too many lines) and
    InsufficientStock.
    """
    _refuse_bad_quantity(quantity)
    despite_deletions(partial(_add_item, cart_id=cart_id, variant_id=variant_id, quantity=quantity, user_id=user_id))


def _add_item(*, cart_id: UUID, variant_id: int, quantity: int, user_id: int | None) -> None:
    for _ in range(ATTEMPTS):
        if _add_to_line(cart_id=cart_id, variant_id=variant_id, quantity=quantity, user_id=user_id):
            return
        _explain_refused_add(cart_id=cart_id, variant_id=variant_id, quantity=quantity, user_id=user_id)
    raise CartBusy


def set_quantity(*, cart_id: UUID, item_id: int, quantity: int, user_id: int | None = None) -> None:
    """Set the units of a line: one statement. Refreshes the price that the buyer has seen.

    Raises CartItemNotFound, Invalid (`quantity`), NotForSale and InsufficientStock.
    """
    _refuse_bad_quantity(quantity)
    for _ in range(ATTEMPTS):
        if _write(sql.SET_LINE, cart_id=cart_id, user_id=user_id, item_id=item_id, quantity=quantity):
            return
        _refuse_closed(cart_id=cart_id, user_id=user_id)
        variant_id = CartItem.objects.filter(pk=item_id, cart_id=cart_id).values_list("variant_id", flat=True).first()
        if variant_id is None:
            raise CartItemNotFound
        offer = offers(variant_ids=[variant_id]).get(variant_id)
        if offer is None:
            raise NotForSale
        if offer.available < quantity:
            raise _short({"quantity": (offer, quantity)})
    raise CartBusy


def remove_item(*, cart_id: UUID, item_id: int, user_id: int | None = None) -> None:
    """Take a line out: one statement. Raises CartItemNotFound."""
    if not _write(sql.DELETE_LINE, cart_id=cart_id, user_id=user_id, item_id=item_id):
        _refuse_closed(cart_id=cart_id, user_id=user_id)
        raise CartItemNotFound


def replace_items(*, cart_id: UUID, lines: Sequence[WantedLine], user_id: int | None = None) -> None:
    """Make the lines of the cart exactly these: three statements. Kept variants keep their line's id.

    Raises Invalid (fields `items.<index>.variant`, `items.<index>.quantity`, or `items` when there
    are too many), and InsufficientStock with every short line.
    """
    despite_deletions(partial(_replace_items, cart_id=cart_id, lines=lines, user_id=user_id))


@in_one_transaction
def _replace_items(*, cart_id: UUID, lines: Sequence[WantedLine], user_id: int | None) -> None:
    take_cart(cart_id=cart_id, user_id=user_id)
    _refuse_unbuyable(lines)
    _execute(sql.REPLACE_LINES, _line_arrays(cart_id, lines))


def set_delivery(
    *,
    cart_id: UUID,
    country: str,
    postal_code: str,
    region: str = "",
    shipping_method: str = "",
    user_id: int | None = None,
) -> None:
    """Say where the cart goes and how; without a method the shop's first one is priced.

    `country` is an ISO 3166 code. Raises Invalid (`country`, `shipping_method`).
    """
    if country not in COUNTRY_CODES:
        raise UnknownCountry
    if shipping_method and not is_offered(code=shipping_method):
        raise UnknownShippingMethod
    take_cart(
        cart_id=cart_id,
        user_id=user_id,
        country=country,
        region=region,
        postal_code=postal_code,
        shipping_method=shipping_method,
    )


@in_one_transaction
def delete_cart(*, cart_id: UUID, user_id: int | None = None) -> None:
    """Delete the cart with its lines."""
    take_cart(cart_id=cart_id, user_id=user_id)
    Cart.objects.filter(pk=cart_id).delete()


def delete_expired_carts(*, limit: int) -> int:
    """Delete up to `limit` carts that have expired without becoming an order, and return how many.

    One statement; carts that somebody is writing to are passed over.
    """
    return _execute(sql.DELETE_EXPIRED, {"limit": limit})


def claim_cart(*, cart_id: UUID, version: int, uses: Uses) -> bool:
    """Turn the cart into the order, if it is open and still as it was priced, and take the uses of its
    promotions: one statement.

    Returns whether it did; then the cart's row is locked until the caller's commit, and every
    other claim and write is refused. False when the version moved, or the cart was ordered, has
    expired or is gone. Raises PromotionGone and PromotionChanged for what cannot be given any more.
    """
    if not guard_enabled("cart_claim"):
        take_uses(uses)
        return True
    with connection.cursor() as cursor:
        cursor.execute(sql.CLAIM_CART, {"cart_id": cart_id, "version": version, **uses.parameters})
        answer = cursor.fetchone()
    if answer is None:
        return False
    uses.judge(answer[0])
    return True


def despite_deletions(write: Callable[[], Written]) -> Written:
    """What `write` returns; made anew when a variant was deleted between its look and its commit."""
    for _ in range(ATTEMPTS):
        try:
            return write()
        except IntegrityError as error:
            if not isinstance(error.__cause__, ForeignKeyViolation):
                raise
    raise CartBusy


def take_cart(*, cart_id: UUID, user_id: int | None, **changes: str) -> None:
    """Lock an open cart of this caller and note the write; the ORM form of `sql.TAKE_CART`."""
    now = timezone.now()
    taken = (
        Cart.objects.open()
        .visible_to(user_id)
        .filter(pk=cart_id)
        .update(version=F("version") + 1, expires_at=now + settings.CART_LIFETIME, updated_at=now, **changes)
    )
    if not taken:
        _refuse_closed(cart_id=cart_id, user_id=user_id)
        raise CartBusy


def _refuse_closed(*, cart_id: UUID, user_id: int | None) -> None:
    """Raise CartNotFound or CartOrdered for a cart that may not be written: one query."""
    cart = Cart.objects.unexpired().visible_to(user_id).filter(pk=cart_id).values("order_number").first()
    if cart is None:
        raise CartNotFound
    if cart["order_number"] is not None:
        raise CartOrdered(extra={"order": cart["order_number"]})


def _explain_refused_add(*, cart_id: UUID, variant_id: int, quantity: int, user_id: int | None) -> None:
    """Raise why the units could not be added; return if nothing stands in the way any more."""
    _refuse_closed(cart_id=cart_id, user_id=user_id)
    quantities = dict(CartItem.objects.filter(cart_id=cart_id).values_list("variant_id", "quantity"))
    offer = offers(variant_ids=[variant_id]).get(variant_id)
    if offer is None:
        raise Invalid("There is no such variant for sale.", errors=[_unknown_variant("variant")])
    if variant_id not in quantities and len(quantities) >= settings.MAX_CART_LINES:
        raise _too_many_lines("variant")
    wanted = quantities.get(variant_id, 0) + quantity
    _refuse_bad_quantity(wanted)
    if wanted > offer.available:
        raise _short({"quantity": (offer, wanted)})


def _refuse_unbuyable(lines: Sequence[WantedLine]) -> None:
    """Raise Invalid or InsufficientStock unless all these lines may be bought: one query."""
    if len(lines) > settings.MAX_CART_LINES:
        raise _too_many_lines("items")
    offered = offers(variant_ids={line.variant_id for line in lines})
    errors, seen, short = [], set(), {}
    for index, line in enumerate(lines):
        offer = offered.get(line.variant_id)
        if not 1 <= line.quantity <= settings.MAX_CART_QUANTITY:
            errors.append(_bad_quantity(f"items.{index}.quantity"))
        elif offer is None:
            errors.append(_unknown_variant(f"items.{index}.variant"))
        elif line.variant_id in seen:
            errors.append(FieldError(f"items.{index}.variant", "repeated", "This variant is on a line above."))
        elif line.quantity > offer.available:
            short[f"items.{index}.quantity"] = (offer, line.quantity)
        seen.add(line.variant_id)
    if errors:
        raise Invalid("Some lines are not valid.", errors=errors)
    if short:
        raise _short(short)


def _refuse_bad_quantity(quantity: int) -> None:
    if not 1 <= quantity <= settings.MAX_CART_QUANTITY:
        error = _bad_quantity("quantity")
        raise Invalid(error.message, errors=[error])


def _bad_quantity(field: str) -> FieldError:
    return FieldError(field, "out_of_range", f"A line has 1 to {settings.MAX_CART_QUANTITY} units.")


def _unknown_variant(field: str) -> FieldError:
    return FieldError(field, "unknown", "There is no such variant for sale.")


def _too_many_lines(field: str) -> Invalid:
    message = f"A cart has at most {settings.MAX_CART_LINES} lines."
    return Invalid(message, errors=[FieldError(field, "too_many_lines", message)])


def _short(short: Mapping[str, tuple[Offer, int]]) -> InsufficientStock:
    """The refusal of these fields, each of which asks for more of an offer than there is."""
    return InsufficientStock(
        errors=[
            FieldError(field, "insufficient_stock", f"Only {offer.available} available.")
            for field, (offer, _) in short.items()
        ],
        extra={
            "short": [
                {
                    "variant": offer.variant_id,
                    "sku": offer.sku,
                    "requested": requested,
                    "available": offer.available,
                }
                for offer, requested in short.values()
            ]
        },
    )


def _add_to_line(*, cart_id: UUID, variant_id: int, quantity: int, user_id: int | None) -> bool:
    if not guard_enabled("cart_line_upsert"):
        return _add_to_line_unguarded(cart_id=cart_id, variant_id=variant_id, quantity=quantity)
    return _write(
        sql.ADD_TO_LINE,
        cart_id=cart_id,
        user_id=user_id,
        variant_id=variant_id,
        quantity=quantity,
        max_quantity=settings.MAX_CART_QUANTITY,
        max_lines=settings.MAX_CART_LINES,
    )


def _add_to_line_unguarded(*, cart_id: UUID, variant_id: int, quantity: int) -> bool:
    """Read, then write: what a race test must catch when the guard `cart_line_upsert` is off."""
    offer = offers(variant_ids=[variant_id]).get(variant_id)
    item = CartItem.objects.filter(cart_id=cart_id, variant_id=variant_id).first()
    wanted = quantity + (item.quantity if item else 0)
    if offer is None or wanted > offer.available:
        return False
    if item is None:
        CartItem.objects.create(cart_id=cart_id, variant_id=variant_id, quantity=wanted, unit_price=offer.price)
    else:
        CartItem.objects.filter(pk=item.pk).update(quantity=wanted)
    return True


def _write(statement: str, **parameters: Any) -> bool:
    """Run a set statement that takes the cart; whether it wrote."""
    return _execute(statement, {"lifetime": settings.CART_LIFETIME, **parameters}) == 1


def _execute(statement: str, parameters: Mapping[str, Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.rowcount


def _line_arrays(cart_id: UUID, lines: Sequence[WantedLine]) -> dict[str, Any]:
    return {
        "cart_id": cart_id,
        "variant_ids": [line.variant_id for line in lines],
        "quantities": [line.quantity for line in lines],
    }
