"""Stock on the wire."""

from rest_framework import serializers

from market.inventory.models import StockMovement
from market.inventory.services import MAX_ON_HAND

REASON_LENGTH = StockMovement._meta.get_field("reason").max_length


class StockSerializer(serializers.Serializer):
    """The units of a variant: there, kept for orders, and for sale."""

    variant = serializers.IntegerField()
    sku = serializers.CharField()
    on_hand = serializers.IntegerField()
    reserved = serializers.IntegerField()
    available = serializers.IntegerField()
    low_stock_threshold = serializers.IntegerField()


class StockCountSerializer(serializers.Serializer):
    """What was counted, and why it is written down."""

    on_hand = serializers.IntegerField(min_value=0, max_value=MAX_ON_HAND)
    reason = serializers.CharField(max_length=REASON_LENGTH)


class MovementWriteSerializer(serializers.Serializer):
    """Units that came, or went (negative), and why."""

    quantity = serializers.IntegerField(min_value=-MAX_ON_HAND, max_value=MAX_ON_HAND)
    reason = serializers.CharField(max_length=REASON_LENGTH)


class MovementSerializer(serializers.ModelSerializer):
    """A line of the ledger."""

    class Meta:
        model = StockMovement
        fields = ["id", "variant", "kind", "quantity", "location", "reason", "reference", "actor", "created_at"]
        read_only_fields = fields
