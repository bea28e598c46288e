"""Read shapes of orders. They render an `OrderView` (`market.payments.selectors`)."""

from rest_framework import serializers

from market.orders.models import Order, OrderEvent, OrderItem
from market.payments.api.serializers import PaymentSerializer, RefundSerializer


def amount(source: str | None = None, **options) -> serializers.DecimalField:
    """Money: a decimal string with two places, in the order's currency."""
    return serializers.DecimalField(max_digits=12, decimal_places=2, source=source, read_only=True, **options)


class FrozenAddressSerializer(serializers.Serializer):
    """An address as it was when the order was placed."""

    name = serializers.CharField()
    line1 = serializers.CharField()
    line2 = serializers.CharField()
    city = serializers.CharField()
    region = serializers.CharField()
    postal_code = serializers.CharField()
    country = serializers.CharField()
    phone = serializers.CharField()


class OrderItemSerializer(serializers.ModelSerializer):
    """A line. `line_total` is after discounts."""

    class Meta:
        model = OrderItem
        fields = ["sku", "title", "quantity", "unit_price", "discount_total", "tax_total", "line_total"]
        read_only_fields = fields


class OrderEventSerializer(serializers.ModelSerializer):
    """A line of the history: `status` is the order's from this moment on."""

    class Meta:
        model = OrderEvent
        fields = ["at", "kind", "status", "detail"]
        read_only_fields = fields


class DiscountSerializer(serializers.Serializer):
    """Something that took off the price. `target` is `merchandise` or `shipping`."""

    promotion = serializers.IntegerField()
    label = serializers.CharField()
    amount = amount()
    target = serializers.CharField()


class OrderSerializer(serializers.Serializer):
    """An order. `grand_total = subtotal - discount_total + shipping_total`, and `+ tax_total` where
    prices do not include it."""

    number = serializers.CharField(source="order.number")
    status = serializers.ChoiceField(choices=Order.Status.choices, source="order.status")
    payment_status = serializers.ChoiceField(choices=Order.PaymentStatus.choices, source="order.payment_status")
    email = serializers.EmailField(source="order.email")
    items = OrderItemSerializer(many=True)
    currency = serializers.CharField(source="order.currency")
    subtotal = amount("order.subtotal")
    discounts = DiscountSerializer(many=True, source="order.discounts")
    discount_total = amount("order.discount_total")
    shipping_total = amount("order.shipping_total")
    tax_total = amount("order.tax_total")
    prices_include_tax = serializers.BooleanField(source="order.prices_include_tax")
    grand_total = amount("order.grand_total")
    shipping_address = FrozenAddressSerializer(source="order.shipping_address")
    billing_address = FrozenAddressSerializer(source="order.billing_address")
    shipping_method = serializers.CharField(source="order.shipping_method")
    shipping_label = serializers.CharField(source="order.shipping_label")
    note = serializers.CharField(source="order.note")
    payments = PaymentSerializer(many=True)
    fulfillments = serializers.ListField(child=serializers.DictField(), default=list)
    refunds = RefundSerializer(many=True)
    events = OrderEventSerializer(many=True)
    placed_at = serializers.DateTimeField(source="order.placed_at")
    reserved_until = serializers.DateTimeField(source="order.reserved_until", allow_null=True)
