"""How staff narrow the list of stock."""

from django.db.models import F, QuerySet
from django_filters import rest_framework as filters

from core.api.filters import StrictBooleanFilter

SKU_LENGTH = 64


class StockFilter(filters.FilterSet):
    """Each filter narrows the list by itself."""

    low = StrictBooleanFilter(method="is_low", label="At or below the threshold, or above it.")
    sku = filters.CharFilter(field_name="sku", lookup_expr="exact", max_length=SKU_LENGTH)

    def is_low(self, rows: QuerySet, name: str, low: bool) -> QuerySet:
        condition = {"available__lte": F("low_stock_threshold")}
        return rows.filter(**condition) if low else rows.exclude(**condition)
