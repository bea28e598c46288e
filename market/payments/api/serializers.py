"""Shapes of payments."""

from typing import Any

from rest_framework import serializers

from market.payments.adapters.registry import provider_named
from market.payments.models import Payment


class PaymentSerializer(serializers.ModelSerializer):
    """An attempt to pay. `client_action` says what the buyer does next, null once there is nothing to do."""

    client_action = serializers.SerializerMethodField()

    class Meta:
        model = Payment
        fields = ["id", "provider", "status", "amount", "currency", "client_action"]
        read_only_fields = fields

    def get_client_action(self, payment: Payment) -> dict[str, Any] | None:
        if payment.status != Payment.Status.PENDING:
            return None
        return provider_named(payment.provider).client_action(payment=payment)


class RefundSerializer(serializers.Serializer):
    """Money that went back to the customer. `payment` is the one that it was taken by."""

    id = serializers.UUIDField(read_only=True)
    payment = serializers.UUIDField(read_only=True)
    amount = serializers.DecimalField(max_digits=12, decimal_places=2, read_only=True)
    currency = serializers.CharField(read_only=True)
    refunded_at = serializers.DateTimeField(read_only=True)


class StartPaymentSerializer(serializers.Serializer):
    """How to pay."""

    payment_provider = serializers.CharField(max_length=32)
