"""Tax rates on the wire."""

from decimal import Decimal

from rest_framework import serializers

from market.taxes.rules import TAX_CLASS_LENGTH


class TaxRateSerializer(serializers.Serializer):
    """The share of tax on a class of goods in a place: an empty region is the whole country, an empty country
    everywhere else."""

    id = serializers.IntegerField(read_only=True)
    name = serializers.CharField(max_length=100)
    tax_class = serializers.CharField(max_length=TAX_CLASS_LENGTH, required=False)
    country = serializers.CharField(max_length=2, allow_blank=True, required=False, help_text="ISO 3166 code.")
    region = serializers.CharField(max_length=100, allow_blank=True, required=False)
    rate = serializers.DecimalField(
        max_digits=5,
        decimal_places=4,
        min_value=0,
        max_value=Decimal("0.9999"),
        help_text="0.2000 is 20 percent; below 1.",
    )
