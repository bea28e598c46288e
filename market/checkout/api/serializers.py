"""Bodies of the till: they check form, the services decide."""

from typing import Any

from django.core.validators import RegexValidator
from rest_framework import serializers

from core.countries import COUNTRY_CODES
from market.orders.api.serializers import OrderSerializer
from market.orders.models import Order

# A line break in a name would write a further line of the parcel's label and of the mail.
one_line = RegexValidator(r"^[^\x00-\x1f\x7f\x85\u2028\u2029]*\Z", "Give one line of text.", "not_one_line")


class AddressSerializer(serializers.Serializer):
    """Where to send it, or whom to bill. `country` is an ISO 3166 code of two letters."""

    name = serializers.CharField(max_length=200, validators=[one_line])
    line1 = serializers.CharField(max_length=200, validators=[one_line])
    line2 = serializers.CharField(max_length=200, allow_blank=True, default="", validators=[one_line])
    city = serializers.CharField(max_length=100, validators=[one_line])
    region = serializers.CharField(max_length=100, allow_blank=True, default="", validators=[one_line])
    postal_code = serializers.CharField(max_length=20, validators=[one_line])
    country = serializers.CharField(max_length=2)
    phone = serializers.CharField(max_length=32, allow_blank=True, default="", validators=[one_line])

    def validate_country(self, value: str) -> str:
        code = value.upper()
        if code not in COUNTRY_CODES:
            raise serializers.ValidationError("This is not a country.", code="unknown")
        return code


class CheckoutSerializer(serializers.Serializer):
    """An order for a cart. Guests give an email; of customers it is the account's.

    `billing_address` is the shipping address unless given. With `expected_total` the order is
    placed only at that total.
    """

    cart = serializers.UUIDField()
    email = serializers.EmailField(max_length=254, required=False)
    shipping_address = AddressSerializer()
    billing_address = AddressSerializer(required=False)
    shipping_method = serializers.CharField(max_length=32)
    payment_provider = serializers.CharField(max_length=32)
    expected_total = serializers.DecimalField(max_digits=12, decimal_places=2, min_value=0, required=False)
    note = serializers.CharField(max_length=1000, allow_blank=True, default="")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not self.context["request"].user.is_authenticated and "email" not in attrs:
            raise serializers.ValidationError({"email": self.fields["email"].error_messages["required"]}, "required")
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
