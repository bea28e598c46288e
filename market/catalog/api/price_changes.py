"""Prices from a moment on over HTTP: staff who may change variants plan them."""

from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpResponse
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.keyset import Keyset
from core.api.moments import MomentField
from core.api.pagination import KeysetPagination
from core.api.permissions import IsStaffWithModelPermission
from market.catalog import selectors, services
from market.catalog.api.serializers import MAX_ID, money
from market.catalog.api.views import CatalogViewSet
from market.catalog.models import PlannedPrice, Variant
from market.catalog.services import MAX_CHANGES, NewPriceChange

STAYS = "Left out, what is struck through stays while it is above the price; null takes it away."


class PriceChangeSerializer(serializers.Serializer):
    """A price from a moment on. `price` null: it stays; `variant` null: it is gone."""

    id = serializers.IntegerField()
    variant = serializers.IntegerField(allow_null=True)
    product = serializers.IntegerField(allow_null=True)
    sku = serializers.CharField()
    price = money(allow_null=True)
    compare_at_price = money(allow_null=True)
    removes_compare_at = serializers.BooleanField(help_text="Nothing is struck through from then on.")
    currency = serializers.CharField()
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField(allow_null=True, help_text="Then the price before it comes back.")
    due_at = serializers.DateTimeField(allow_null=True, help_text="When something is done about it next.")
    state = serializers.ChoiceField(PlannedPrice.State.choices)
    detail = serializers.CharField(allow_blank=True, help_text="Why it failed, or what became of it.")
    created_at = serializers.DateTimeField()


class PriceChangePartSerializer(serializers.Serializer):
    """What of a planned price may be changed."""

    price = money(min_value=0, allow_null=True, required=False, help_text="Left out or null, the price stays.")
    compare_at_price = money(min_value=0, allow_null=True, required=False, help_text=STAYS)
    starts_at = MomentField()
    ends_at = MomentField(allow_null=True, required=False)


class PriceChangeWriteSerializer(PriceChangePartSerializer):
    """A price to be planned."""

    variant = serializers.IntegerField(min_value=1, max_value=MAX_ID)


class PriceChangesWriteSerializer(serializers.Serializer):
    """Prices to be planned, all or none."""

    changes = PriceChangeWriteSerializer(many=True, allow_empty=False, max_length=MAX_CHANGES)


class PriceChangesSerializer(serializers.Serializer):
    results = PriceChangeSerializer(many=True)


class PriceChangeFilter(filters.FilterSet):
    """Each filter narrows the list by itself."""

    variant = filters.NumberFilter(field_name="variant_id", min_value=1, max_value=MAX_ID, decimal_places=0)
    product = filters.NumberFilter(field_name="variant__product_id", min_value=1, max_value=MAX_ID, decimal_places=0)
    state = filters.ChoiceFilter(choices=PlannedPrice.State.choices)
    due_before = filters.IsoDateTimeFilter(field_name="due_at", lookup_expr="lt")
    due_after = filters.IsoDateTimeFilter(field_name="due_at", lookup_expr="gte")

    class Meta:
        model = PlannedPrice
        fields: list[str] = []


class PriceChangeViewSet(CatalogViewSet):
    """Prices from a moment on."""

    queryset = PlannedPrice.objects.all()
    permission_classes = (IsStaffWithModelPermission,)
    permission_model = Variant
    permission_of_action = dict.fromkeys(
        ("list", "retrieve", "create", "create_many", "partial_update", "destroy"), "change"
    )
    serializer_class = PriceChangeSerializer
    pagination_class = KeysetPagination
    filterset_class = PriceChangeFilter
    orderings = {
        "-id": Keyset(("id",), descending=True),
        "starts_at": Keyset(("starts_at", "id")),
        "-starts_at": Keyset(("starts_at", "id"), descending=True),
    }

    def get_queryset(self) -> QuerySet[PlannedPrice]:
        return selectors.planned_prices()

    def list(self, request: Request) -> Response:
        rows = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response([price_change(row) for row in rows])

    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(price_change(selectors.planned_price(planned_price_id=pk)))

    @extend_schema(request=PriceChangeWriteSerializer, responses={201: PriceChangeSerializer})
    def create(self, request: Request) -> Response:
        [made] = services.plan_price_changes(changes=[new_change(self.body(PriceChangeWriteSerializer))])
        return Response(price_change(selectors.planned_price(planned_price_id=made.pk)), status=status.HTTP_201_CREATED)

    @extend_schema(request=PriceChangesWriteSerializer, responses={201: PriceChangesSerializer})
    def create_many(self, request: Request) -> Response:
        """Plan many at once, all or none."""
        body = self.body(PriceChangesWriteSerializer)
        made = services.plan_price_changes(changes=[new_change(one) for one in body["changes"]], prefix="changes.")
        rows = selectors.planned_prices().filter(pk__in=[row.pk for row in made]).order_by("pk")
        return Response({"results": [price_change(row) for row in rows]}, status=status.HTTP_201_CREATED)

    @extend_schema(request=PriceChangePartSerializer, responses=PriceChangeSerializer)
    def partial_update(self, request: Request, pk: int) -> Response:
        """Change it while it is planned. Of what was applied and has an end, `ends_at` alone: later, earlier or now."""
        changes = as_told(self.body(PriceChangePartSerializer, partial=True))
        services.update_price_change(price_change_id=pk, changes=changes)
        return Response(price_change(selectors.planned_price(planned_price_id=pk)))

    @extend_schema(responses={204: OpenApiResponse(description="Canceled; the row stays and says so.")})
    def destroy(self, request: Request, pk: int) -> HttpResponse:
        """Cancel it while it is planned."""
        services.cancel_price_change(price_change_id=pk)
        return Response(status=status.HTTP_204_NO_CONTENT)


def as_told(body: dict[str, Any]) -> dict[str, Any]:
    """The body with what its null means: nothing is struck through."""
    if "compare_at_price" not in body:
        return body
    return body | {"removes_compare_at": body["compare_at_price"] is None}


def new_change(body: dict[str, Any]) -> NewPriceChange:
    told = as_told(body)
    return NewPriceChange(variant_id=told.pop("variant"), **told)


def price_change(row: PlannedPrice) -> dict[str, Any]:
    """A planned price from `selectors.planned_prices`."""
    columns = ("id", "sku", "price", "compare_at_price", "removes_compare_at", "starts_at", "ends_at", "due_at")
    document = {name: getattr(row, name) for name in (*columns, "state", "detail", "created_at")}
    return document | {"variant": row.variant_id, "product": row.product_id, "currency": settings.SHOP_CURRENCY}
