"""Price lists, for staff."""

from django.conf import settings
from rest_framework import serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.keyset import Keyset
from core.api.pagination import KeysetPagination
from core.api.staff_rows import StaffRowsViewSet, WholeSerializer
from market.pricing import selectors, services
from market.pricing.api.serializers import MAX_COUNT, MAX_ID
from market.pricing.models import LABEL_LENGTH, MAX_ENTRIES, PriceList, PriceListEntry


class PriceListEntrySerializer(WholeSerializer):
    """The price of one unit of a variant when at least so many are bought."""

    variant = serializers.IntegerField(min_value=1, max_value=MAX_ID, source="variant_id")
    sku = serializers.CharField(read_only=True, source="variant.sku")
    min_quantity = serializers.IntegerField(min_value=1, max_value=MAX_COUNT, required=False)
    price = serializers.DecimalField(max_digits=10, decimal_places=2, min_value=0)
    currency = serializers.CharField(read_only=True, default=settings.SHOP_CURRENCY)


class PriceListSerializer(serializers.Serializer):
    """Prices of variants for a tier or for everybody: the lowest that fits is paid. `entries` are written here, all
    of them at once, and read in a list of their own."""

    id = serializers.IntegerField(read_only=True)
    label = serializers.CharField(max_length=LABEL_LENGTH)
    tier = serializers.CharField(
        max_length=16, allow_blank=True, required=False, help_text="Code of a membership tier; empty: everybody."
    )
    is_active = serializers.BooleanField(required=False)
    entry_count = serializers.IntegerField(read_only=True)
    entries = PriceListEntrySerializer(many=True, required=False, write_only=True, max_length=MAX_ENTRIES)


class PriceListViewSet(StaffRowsViewSet):
    """Price lists by label."""

    queryset = selectors.price_lists()
    serializer_class = PriceListSerializer
    make_row = staticmethod(services.make_price_list)
    change_row = staticmethod(services.change_price_list)
    delete_row = staticmethod(services.delete_price_list)


class EntryViewSet(viewsets.GenericViewSet):
    """The entries of a price list, by variant and quantity."""

    queryset = PriceListEntry.objects.all()
    permission_model = PriceList
    serializer_class = PriceListEntrySerializer
    pagination_class = KeysetPagination
    orderings = {"variant": Keyset(("variant_id", "min_quantity", "id"))}

    def list(self, request: Request, price_list_id: int) -> Response:
        entries = selectors.price_list_entries(price_list_id=price_list_id)
        rows = self.paginate_queryset(self.filter_queryset(entries))
        return self.get_paginated_response(self.get_serializer(rows, many=True).data)
