"""Bank transfer: the buyer pays by himself, staff see the money and say so."""

from datetime import timedelta
from typing import Any

from django.conf import settings

from market.payments.models import Payment


class ManualProvider:
    """Calls nobody; staff mark the payment as paid."""

    code = "manual"
    lapses = True
    is_confirmed_by_staff = True

    @property
    def deadline(self) -> timedelta:
        return settings.MANUAL_PAYMENT_DEADLINE

    def client_action(self, *, payment: Payment) -> dict[str, Any]:
        return {
            "type": "bank_transfer",
            "instructions": settings.BANK_TRANSFER_INSTRUCTIONS,
            "reference": payment.order.number,
        }
