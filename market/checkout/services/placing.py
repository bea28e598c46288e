"""Placing an order: read and price without locks, then lock late and write in one transaction."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from core.errors import FieldError, Invalid
from core.faults import fault_point
from core.guards import guard_enabled
from core.idempotency import Done, Outcome, run_once
from core.outbox.events import publish_together
from market.carts.errors import CartOrdered
from market.carts.selectors import CartLine, PricedCart, priced_cart
from market.carts.services import claim_cart
from market.checkout.errors import CartChanging, CartEmpty, NotForSale, PriceChanged, ShippingUnavailable, TotalTooLarge
from market.customers.selectors import saved_address
from market.inventory import services as inventory
from market.inventory.errors import InsufficientStock
from market.orders import rules as order_rules
from market.orders import services as orders
from market.orders.events import free_order_placed, order_placed
from market.orders.models import Order, OrderItem, OrderQuote
from market.orders.selectors import order_of_cart
from market.payments import services as payments
from market.payments.adapters.registry import provider_to_pay_with
from market.payments.selectors import OrderView, order_view
from market.pricing.errors import PromotionChanged, PromotionGone
from market.pricing.rules import ENGINE_VERSION, Quote, identity_of, input_to_json
from market.pricing.services import Uses

CREATED, REPEATED = 201, 200
NUMBER_CONSTRAINTS = {"carts_cart_order_number_key", "orders_order_number_key"}
# A cart that is written to while it is priced is priced again this often.
ATTEMPTS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """A buyer's wish to order a cart. `customer_id` and `user_id` are None for a guest; `fingerprint` is
    a digest of the request and its caller. It is sent to `shipping_address`, or to the saved one of that
    id, and billed there unless `billing_address` says otherwise."""

    cart_id: UUID
    user_id: int | None
    customer_id: int | None
    email: str
    shipping_address: Mapping[str, str] | None
    shipping_address_id: int | None = None
    billing_address: Mapping[str, str] | None
    shipping_method: str
    payment_provider: str
    expected_total: Decimal | None
    note: str
    fingerprint: str
    language: str = "en"

    @property
    def identity(self) -> str:
        """By whom uses of promotions are counted: the customer, else the address."""
        return identity_of(customer_id=self.customer_id, email=self.email)

    @property
    def scope(self) -> str:
        """Whose idempotency keys these are: the user's, or the cart's for guests."""
        caller = f"cart:{self.cart_id}" if self.user_id is None else f"user:{self.user_id}"
        return f"orders.place:{caller}"


def place_order(*, checkout: Checkout, key: str | None) -> Outcome:
    """Turn a cart into an order, once: the outcome's `reference` is its number.

    The outcome's `result` is the `OrderView` of a newly placed order, else None: with the same key
    or, without one, with the same request the first order comes back. Refusals are the outcome's
    `refusal` (409: cart_ordered, cart_changing, insufficient_stock, not_for_sale, price_changed,
    shipping_unavailable); what is invalid is raised. A cart, promotion or gift that changed since it was priced is
    priced anew, so that `expected_total` decides, or the new truth. At most eleven statements however many lines,
    twelve with a saved address. Locks the key, the cart, the stock.
    """
    once = partial(
        run_once,
        scope=checkout.scope,
        key=key,
        fingerprint=checkout.fingerprint,
        work=partial(_place, checkout=checkout),
    )
    try:
        outcome = once()
    except IntegrityError as error:
        if not _is_number_taken(error):
            raise
        # Everything is rolled back, the key included, so the next try draws another number.
        outcome = once()
    fault_point("checkout.committed")
    return outcome


def _place(*, checkout: Checkout) -> Done:
    address = _shipping_address(checkout)
    for _ in range(ATTEMPTS):
        cart = priced_cart(
            cart_id=checkout.cart_id,
            user_id=checkout.user_id,
            email=checkout.identity,
            country=address["country"],
            region=address["region"],
            postal_code=address["postal_code"],
            shipping_method=checkout.shipping_method,
        )
        if cart.order_number is not None:
            return _repeat(checkout=checkout, order_number=cart.order_number)
        _refuse_unorderable(cart=cart, checkout=checkout)
        placed = _write(cart=cart, checkout=checkout, address=address)
        if placed is not None:
            return Done(placed.order.number, CREATED, placed)
    raise CartChanging()


def _shipping_address(checkout: Checkout) -> Mapping[str, str]:
    """Where it goes. Raises Invalid for a saved address that the customer does not have."""
    if checkout.shipping_address is not None:
        return checkout.shipping_address
    address = saved_address(customer_id=checkout.customer_id, address_id=checkout.shipping_address_id or 0)
    if address is None:
        message = "You have no such address."
        raise Invalid(message, errors=[FieldError("shipping_address_id", "unknown", message)])
    return address


def _write(*, cart: PricedCart, checkout: Checkout, address: Mapping[str, str]) -> OrderView | None:
    """Claim, reserve, write, pay, publish; None when the cart has to be priced anew."""
    now = timezone.now()
    provider = provider_to_pay_with(checkout.payment_provider)
    reserved_until = payments.held_until(provider=provider, now=now)
    number = orders.new_order_number()
    order = Order(
        number=number,
        customer_id=checkout.customer_id,
        cart_uuid=cart.id,
        email=checkout.email,
        language=checkout.language,
        shipping_address=dict(address),
        billing_address=dict(checkout.billing_address or address),
        note=checkout.note,
        placed_at=now,
        reserved_until=reserved_until,
        **_frozen_quote(cart),
    )
    if order.is_free:
        order.payment_status = Order.PaymentStatus.COMPLETE
    try:
        # What a promotion that changed meanwhile has undone is done again, in the caller's transaction.
        with _one_transaction(savepoint=bool(cart.quote.applied)):
            if not claim_cart(cart_id=cart.id, version=cart.version, uses=_uses(cart, checkout, number)):
                return None
            fault_point("checkout.claimed")
            _reserve(cart=cart, number=number, until=reserved_until)
            fault_point("checkout.reserved")
            record = orders.write_order(
                order=order,
                quote=_quote_record(cart=cart, fingerprint=checkout.fingerprint),
                items=_frozen_items(cart),
                actor="customer",
            )
            fault_point("checkout.written")
            payment = payments.start_payment(order=order, provider=provider, now=now)
            fault_point("checkout.paid")
            facts = [order_placed, free_order_placed] if order.is_free else [order_placed]
            publish_together((fact, {"order_id": order.pk, "number": number}) for fact in facts)
            fault_point("checkout.published")
    except (PromotionChanged, PromotionGone):
        return None
    return order_view(record=record, payments=[payment])


def _uses(cart: PricedCart, checkout: Checkout, number: str) -> Uses:
    promotions = {promotion.id: promotion for promotion in cart.quote_input.promotions}
    return Uses(order_number=number, identity=checkout.identity, applied=cart.quote.applied, promotions=promotions)


def _reserve(*, cart: PricedCart, number: str, until: datetime) -> None:
    """Hold what was bought and what is given away."""
    units = {line.variant_id: line.quantity for line in cart.quote.lines}
    try:
        inventory.reserve(reference=number, units=units, expires_at=until)
    except InsufficientStock as refusal:
        available = {line["variant"]: line["available"] for line in refusal.extra["short"]}
        short = {
            line.variant_id: available[line.variant_id]
            for line in cart.lines
            if available.get(line.variant_id, line.quantity) < line.quantity
        }
        if not short:  # a gift went to somebody else
            raise PromotionChanged from None
        raise _short(cart.lines, short) from None


def _one_transaction(*, savepoint: bool) -> AbstractContextManager[None]:
    """All of the block's writes or none. Within `run_once` its savepoint does that already."""
    return transaction.atomic(savepoint=savepoint) if guard_enabled("checkout_transaction") else nullcontext()


def _is_number_taken(error: IntegrityError) -> bool:
    """Whether the drawn number is another order's already: one in 500,000 at a billion orders."""
    return getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) in NUMBER_CONSTRAINTS


def _repeat(*, checkout: Checkout, order_number: str) -> Done:
    """The order that the cart became before, for a request that says the same again."""
    order = order_of_cart(cart_id=checkout.cart_id)
    if order is None or order.quote.request_fingerprint != checkout.fingerprint:
        raise CartOrdered(extra={"order": order_number})
    return Done(order.number, REPEATED)


def _refuse_unorderable(*, cart: PricedCart, checkout: Checkout) -> None:
    if not cart.lines:
        raise CartEmpty(errors=[FieldError("cart", "cart_empty", CartEmpty.title)])
    if cart.shipping_refusal is not None:
        refusal = cart.shipping_refusal
        raise ShippingUnavailable(
            refusal.message, errors=[FieldError("shipping_method", refusal.code, refusal.message)]
        )
    if cart.quote.is_estimate:
        message = "No shipping method sends there."
        raise Invalid(message, errors=[FieldError("shipping_method", "unknown", message)])
    unsellable = [
        FieldError(f"items.{index}", "not_for_sale", f"{line.sku} is no longer for sale.")
        for index, line in enumerate(cart.lines)
        if not line.is_sellable
    ]
    if unsellable:
        raise NotForSale(errors=unsellable)
    # A look without locks spares a sold-out product's row the queue; the reservation decides.
    short = {line.variant_id: line.available for line in cart.lines if line.available < line.quantity}
    if short:
        raise _short(cart.lines, short)
    if not order_rules.is_holdable(max(cart.quote.subtotal, cart.quote.grand_total)):
        raise TotalTooLarge(errors=[FieldError("cart", TotalTooLarge.code, TotalTooLarge.title)])
    if checkout.expected_total is not None and checkout.expected_total != cart.quote.grand_total:
        raise PriceChanged(
            f"The total is {cart.quote.grand_total} {cart.currency}, not {checkout.expected_total}.",
            extra={"quote": _shown_quote(cart.quote, currency=cart.currency)},
        )


def _short(lines: Sequence[CartLine], available: Mapping[int, int]) -> InsufficientStock:
    """The refusal of the lines whose variants have too few units `available`."""
    short = [(index, line) for index, line in enumerate(lines) if line.variant_id in available]
    return InsufficientStock(
        errors=[
            FieldError(
                f"items.{index}", "insufficient_stock", f"{line.sku}: only {available[line.variant_id]} available."
            )
            for index, line in short
        ],
        extra={
            "short": [
                {
                    "variant": line.variant_id,
                    "sku": line.sku,
                    "requested": line.quantity,
                    "available": available[line.variant_id],
                }
                for _, line in short
            ]
        },
    )


def _shown_quote(quote: Quote, *, currency: str) -> dict[str, Any]:
    amounts = ("subtotal", "discount_total", "shipping_total", "tax_total", "grand_total")
    return {"currency": currency} | {name: str(getattr(quote, name)) for name in amounts}


def _frozen_quote(cart: PricedCart) -> dict[str, Any]:
    """The order's fields that are copies of the quote."""
    quote, quote_input = cart.quote, cart.quote_input
    return {
        "currency": quote_input.currency,
        "prices_include_tax": quote_input.prices_include_tax,
        "subtotal": quote.subtotal,
        "discounts": [asdict(discount) | {"amount": str(discount.amount)} for discount in quote.discounts],
        "discount_total": quote.discount_total,
        "shipping_total": quote.shipping_total,
        "shipping_tax_total": quote.shipping_tax_total,
        "tax_total": quote.tax_total,
        "grand_total": quote.grand_total,
        "shipping_method": quote_input.shipping.code,
        "shipping_label": quote_input.shipping.label,
    }


def _frozen_items(cart: PricedCart) -> list[OrderItem]:
    """The order's lines, in the order in which they came into the cart, then what is given away."""
    quoted = {line.variant_id: line for line in cart.quote.lines}
    bought = [quoted.pop(line.variant_id) for line in cart.lines]
    return [OrderItem(**asdict(line)) for line in (*bought, *quoted.values())]


def _quote_record(*, cart: PricedCart, fingerprint: str) -> OrderQuote:
    return OrderQuote(
        engine_version=ENGINE_VERSION,
        inputs=input_to_json(cart.quote_input),
        trace=[dict(step) for step in cart.quote.trace],
        request_fingerprint=fingerprint,
    )
