"""Zones and methods on the wire."""

from typing import Any

from django.conf import settings
from rest_framework import serializers

from core.api.staff_rows import WholeSerializer
from market.shipping.models import ShippingMethod
from market.shipping.rules import MAX_AREAS, MAX_STEPS

MAX_ID = 2**63 - 1
MAX_ZONES = 200
MAX_SMALL = 32767


def money(**options: Any) -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=10, decimal_places=2, min_value=0, **options)


class ZoneIdsField(serializers.ListField):
    """The zones to which a method goes, none for everywhere."""

    child = serializers.IntegerField(min_value=1, max_value=MAX_ID)

    def to_representation(self, data: Any) -> list[int]:
        return [zone.pk for zone in data.all()]


class AreaSerializer(WholeSerializer):
    """A country, a region of it or some of its postal codes; without a country, everywhere else."""

    country = serializers.CharField(max_length=2, allow_blank=True, required=False, help_text="ISO 3166 code.")
    region = serializers.CharField(max_length=100, allow_blank=True, required=False)
    postal_patterns = serializers.CharField(
        max_length=500,
        allow_blank=True,
        required=False,
        help_text="With commas between: a code, a beginning (BT*) or a range (20000..20999).",
    )


class ShippingZoneSerializer(serializers.Serializer):
    """Places to which the same methods go. `areas` are all that the zone has."""

    id = serializers.IntegerField(read_only=True)
    name = serializers.CharField(max_length=100)
    position = serializers.IntegerField(min_value=0, max_value=MAX_SMALL, required=False)
    areas = AreaSerializer(many=True, required=False, max_length=MAX_AREAS)


class StepSerializer(WholeSerializer):
    """The price from a weight in grams, or from a price of the goods, on."""

    at_least = serializers.DecimalField(max_digits=12, decimal_places=2, min_value=0)
    price = money()


class ShippingMethodSerializer(serializers.Serializer):
    """A way to send an order. Its code is chosen once; `price` is that below the first step."""

    id = serializers.IntegerField(read_only=True)
    code = serializers.SlugField(max_length=32)
    label = serializers.CharField(max_length=100)
    kind = serializers.ChoiceField(ShippingMethod.Kind.choices, required=False)
    price = money()
    currency = serializers.CharField(read_only=True, default=settings.SHOP_CURRENCY)
    steps = StepSerializer(many=True, required=False, max_length=MAX_STEPS)
    free_over = serializers.DecimalField(max_digits=12, decimal_places=2, min_value=0, required=False, allow_null=True)
    max_weight_grams = serializers.IntegerField(min_value=0, max_value=2**31 - 1, required=False, allow_null=True)
    zones = ZoneIdsField(required=False, max_length=MAX_ZONES)
    delivery_days = serializers.IntegerField(min_value=0, max_value=MAX_SMALL)
    delivery_days_most = serializers.IntegerField(min_value=0, max_value=MAX_SMALL, required=False, allow_null=True)
    is_active = serializers.BooleanField(required=False)
    position = serializers.IntegerField(min_value=0, max_value=MAX_SMALL, required=False)
