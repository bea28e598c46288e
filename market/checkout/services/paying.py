"""Paying an order again after a failed attempt."""

from functools import partial

from django.utils import timezone

from core.idempotency import Done, Outcome, fingerprint_of, run_once
from core.transactions import in_one_transaction
from market.inventory import services as inventory
from market.orders import services as orders
from market.orders.models import Order
from market.payments import services as payments
from market.payments.adapters.base import Provider
from market.payments.adapters.registry import provider_to_pay_with
from market.payments.errors import OrderNotPayable, PaymentAlreadyOpen
from market.payments.models import Payment

CREATED = 201


def pay_again(*, order_id: int, payment_provider: str, actor: str, caller: str, key: str | None) -> Outcome:
    """Open a further payment of a pending order, and keep its stock for that long.

    Once per `key` of this `caller`; the outcome's `reference` is the payment's id. Refusals (409
    order_not_payable, payment_already_open) are the outcome's `refusal`. Locks the key, the order,
    its payments, its stock. Raises Invalid for a provider that the shop does not take.
    """
    provider = provider_to_pay_with(payment_provider)
    return run_once(
        scope=f"payments.start:{caller}",
        key=key,
        fingerprint=fingerprint_of(order_id, payment_provider),
        work=partial(_pay_again, order_id=order_id, provider=provider, actor=actor),
    )


@in_one_transaction
def _pay_again(*, order_id: int, provider: Provider, actor: str) -> Done:
    order = orders.lock_order(order_id=order_id)
    if order.status != Order.Status.PENDING:
        raise OrderNotPayable(f"Order {order.number} is {order.status}.", extra={"order_status": order.status})
    if order.is_free:
        raise OrderNotPayable(f"Order {order.number} costs nothing.", extra={"order_status": order.status})
    if Payment.objects.filter(order=order, status__in=Payment.OPEN).exists():
        raise PaymentAlreadyOpen()
    now = timezone.now()
    reserved_until = payments.held_until(provider=provider, now=now)
    payment = payments.start_payment(order=order, provider=provider, now=now)
    orders.note_payment_started(order=order, reserved_until=reserved_until, actor=actor, detail=provider.code)
    inventory.extend(reference=order.number, expires_at=reserved_until)
    return Done(str(payment.pk), CREATED)
