"""Bodies of the till: they check form, the services decide."""

from typing import Any

from rest_framework import serializers

from market.customers.api.serializers import AddressSerializer
from market.orders.api.serializers import OrderSerializer
from market.orders.models import Order


class CheckoutSerializer(serializers.Serializer):
    """An order for a cart. Guests give an email; of customers it is the account's.

    `shipping_address_id` is one of the customer's saved addresses, in place of `shipping_address`.
    `billing_address` is the shipping address unless given. With `expected_total` the order is
    placed only at that total.
    """

    cart = serializers.UUIDField()
    email = serializers.EmailField(max_length=254, required=False)
    shipping_address = AddressSerializer(required=False)
    shipping_address_id = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False, allow_null=True)
    billing_address = AddressSerializer(required=False)
    shipping_method = serializers.CharField(max_length=32)
    payment_provider = serializers.CharField(max_length=32)
    expected_total = serializers.DecimalField(max_digits=12, decimal_places=2, min_value=0, required=False)
    note = serializers.CharField(max_length=1000, allow_blank=True, default="")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not self.context["request"].user.is_authenticated and "email" not in attrs:
            raise serializers.ValidationError({"email": self.fields["email"].error_messages["required"]}, "required")
        has_saved = attrs.get("shipping_address_id") is not None
        if has_saved and "shipping_address" in attrs:
            raise serializers.ValidationError(
                {"shipping_address_id": "Give an address or a saved one, not both."}, "both"
            )
        if not has_saved and "shipping_address" not in attrs:
            required = self.fields["shipping_address"].error_messages["required"]
            raise serializers.ValidationError({"shipping_address": required}, "required")
        return attrs


class PlacedOrderSerializer(OrderSerializer):
    """The order as its buyer gets it: a guest's has the `access_token` that opens it from now on."""

    access_token = serializers.CharField(source="order.access_token", required=False)

    def to_representation(self, instance: Any) -> dict[str, Any]:
        shown = super().to_representation(instance)
        if not shown["access_token"]:
            del shown["access_token"]
        return shown


class ChangeStatusSerializer(serializers.Serializer):
    """The status that an order takes next."""

    status = serializers.ChoiceField(choices=Order.Status.choices)


class CancelSerializer(serializers.Serializer):
    """Why, if one likes to say."""

    reason = serializers.CharField(max_length=200, allow_blank=True, default="")
