"""Writes of payments and refunds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import Sum
from django.utils import timezone

from core.transactions import in_one_transaction
from market.inventory import services as inventory
from market.orders import services as orders
from market.orders.models import Order
from market.payments.adapters.base import Provider
from market.payments.adapters.registry import provider_named
from market.payments.errors import NotConfirmedByHand, PaymentNotFound, PaymentNotOpen
from market.payments.models import Payment, Refund
from market.payments.rules import refund_shares

# Money that a provider took at the last second is still on its way to us.
HOLD_AFTER_DEADLINE = timedelta(minutes=5)


def held_until(*, provider: Provider, now: datetime) -> datetime:
    """Until when stock is kept for a payment that starts now."""
    return now + provider.deadline + HOLD_AFTER_DEADLINE


def start_payment(*, order: Order, provider: Provider, now: datetime) -> Payment:
    """Open a payment of the whole order: one statement, in the caller's transaction.

    The caller holds the order or has just written it, and keeps its stock `held_until`. Of an order
    that costs nothing it is complete at once: no provider takes 0.00, and nobody waits for it.
    """
    return Payment.objects.create(
        order=order,
        provider=provider.code,
        status=Payment.Status.COMPLETE if order.is_free else Payment.Status.PENDING,
        amount=order.grand_total,
        currency=order.currency,
        created_at=now,
        captured_at=now if order.is_free else None,
    )


@in_one_transaction
def confirm_payment(*, payment_id: UUID, actor: str) -> Payment:
    """Staff have seen the money: the payment is complete, the order confirmed, its stock committed.

    Idempotent: a complete payment is returned unchanged. Locks the order, the payment, its stock.
    Raises PaymentNotFound, PaymentNotOpen, and NotConfirmedByHand for other providers' payments.
    """
    order, payment = _locked(payment_id=payment_id)
    if not provider_named(payment.provider).is_confirmed_by_staff:
        raise NotConfirmedByHand()
    if payment.status == Payment.Status.COMPLETE:
        return payment
    _refuse_closed(payment)
    payment.status = Payment.Status.COMPLETE
    payment.captured_at = timezone.now()
    payment.save(update_fields=["status", "captured_at", "updated_at"])
    orders.mark_paid(order=order, actor=actor, detail=f"{payment.provider} {payment.amount} {payment.currency}")
    inventory.commit(reference=order.number)
    return payment


def confirm_open_payment(*, order_id: int, actor: str) -> Payment:
    """`confirm_payment` for the one open payment of an order. Raises PaymentNotOpen when it has none."""
    payment_id = Payment.objects.filter(order_id=order_id, status__in=Payment.OPEN).values_list("pk", flat=True).first()
    if payment_id is None:
        raise PaymentNotOpen("The order has no open payment.")
    return confirm_payment(payment_id=payment_id, actor=actor)


@in_one_transaction
def fail_payment(*, payment_id: UUID, actor: str, reason: str = "") -> Payment:
    """The attempt to pay came to nothing; the order keeps its stock until its deadline.

    Idempotent. Locks the order, then the payment. Raises PaymentNotFound and PaymentNotOpen.
    """
    order, payment = _locked(payment_id=payment_id)
    if payment.status == Payment.Status.FAILED:
        return payment
    _refuse_closed(payment)
    payment.status = Payment.Status.FAILED
    payment.save(update_fields=["status", "updated_at"])
    orders.fail_payment_of(order=order, actor=actor, detail=reason)
    return payment


def cancel_open_payments(*, order_id: int) -> int:
    """Give up the order's open payment, if it has one: one statement. The caller holds the order."""
    return Payment.objects.filter(order_id=order_id, status__in=Payment.OPEN).update(
        status=Payment.Status.CANCELED, updated_at=timezone.now()
    )


def write_past_payments(*, orders: Sequence[Order]) -> None:
    """Write that orders were paid in full when they were placed, to somebody else than us: one statement."""
    Payment.objects.bulk_create(
        Payment(
            order=order,
            provider="manual",
            amount=order.grand_total,
            currency=order.currency,
            status=Payment.Status.COMPLETE,
            captured_at=order.placed_at,
        )
        for order in orders
    )


@dataclass(frozen=True, slots=True)
class PastRefund:
    """Money that a customer got back; `reference` names it among all that he got back."""

    customer_id: int
    reference: str
    amount: Decimal
    at: datetime


@in_one_transaction
def write_past_refunds(*, refunds: Sequence[PastRefund]) -> dict[str, Decimal]:
    """Write refunds that name no order: each goes to the customer's paid orders placed until then, newest first,
    to each at most what is left of it. Answers how much of each reference found an order.

    Oldest refunds first. Idempotent: a reference that is known is left as it is. Ten statements however
    many. Locks the customers' paid orders by primary key.
    """
    customer_ids = {refund.customer_id for refund in refunds}
    complete = Payment.Status.COMPLETE
    locked = Order.objects.filter(customer__in=customer_ids, payments__status=complete).for_update().order_by("pk")
    order_of = {order.pk: order for order in locked}
    payments = list(Payment.objects.filter(order__in=order_of, status=complete))
    present = Refund.objects.filter(payment__in=[payment.pk for payment in payments]).order_by()
    left = {payment.order_id: payment.amount for payment in payments}
    for order_id, amount in present.values_list("payment__order").annotate(Sum("amount")):
        left[order_id] -= amount
    known = present.filter(reference__in=[refund.reference for refund in refunds])
    found = dict(known.values_list("reference").annotate(Sum("amount")))
    newest_first = sorted(payments, key=lambda payment: _age(order_of[payment.order_id]), reverse=True)
    made = []
    for refund in sorted(refunds, key=lambda refund: (refund.at, refund.reference)):
        if refund.reference in found:
            continue
        earlier = [
            payment
            for payment in newest_first
            if order_of[payment.order_id].customer_id == refund.customer_id
            and order_of[payment.order_id].placed_at <= refund.at
        ]
        shares = refund_shares(amount=refund.amount, left=[left[payment.order_id] for payment in earlier])
        for payment, share in zip(earlier, shares, strict=True):
            if share:
                left[payment.order_id] -= share
                made.append(Refund(payment=payment, amount=share, reference=refund.reference, refunded_at=refund.at))
        found[refund.reference] = sum(shares, Decimal("0.00"))
    Refund.objects.bulk_create(made)
    orders.note_refunds(
        refunded=[
            (order_of[refund.payment.order_id], f"{refund.amount} {refund.payment.currency} {refund.reference}")
            for refund in made
        ],
        fully=[order_id for order_id, amount in left.items() if not amount],
    )
    return found


def _age(order: Order) -> tuple[datetime, str]:
    return order.placed_at, order.number


def _locked(*, payment_id: UUID) -> tuple[Order, Payment]:
    """The order and its payment, locked in that order."""
    order_id = Payment.objects.filter(pk=payment_id).values_list("order_id", flat=True).first()
    if order_id is None:
        raise PaymentNotFound()
    order = orders.lock_order(order_id=order_id)
    return order, Payment.objects.select_for_update(no_key=True).get(pk=payment_id)


def _refuse_closed(payment: Payment) -> None:
    if payment.status not in Payment.OPEN:
        raise PaymentNotOpen(f"The payment is {payment.status}.", extra={"payment_status": payment.status})
