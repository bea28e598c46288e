"""Stock and its ledger, for staff."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.keyset import Keyset
from core.api.pagination import KeysetPagination
from market.catalog.models import Variant
from market.inventory import selectors, services
from market.inventory.api import serializers as shapes
from market.inventory.api.filters import StockFilter
from market.inventory.models import StockItem, StockMovement


class StockViewSet(viewsets.GenericViewSet):
    """The stock of every variant. Whoever may change stock may count and move it."""

    queryset = Variant.objects.all()
    permission_model = StockItem
    permission_of_action = {"update": "change"}
    serializer_class = shapes.StockSerializer
    pagination_class = KeysetPagination
    filterset_class = StockFilter
    orderings = {"sku": Keyset(("sku",)), "-sku": Keyset(("sku",), descending=True)}

    def list(self, request: Request) -> Response:
        rows = self.paginate_queryset(self.filter_queryset(selectors.stock_rows()))
        return self.get_paginated_response(shapes.StockSerializer(rows, many=True).data)

    def retrieve(self, request: Request, variant_id: int) -> Response:
        return Response(_stock(variant_id))

    @extend_schema(request=shapes.StockCountSerializer)
    def update(self, request: Request, variant_id: int) -> Response:
        body = shapes.StockCountSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        services.set_on_hand(variant_id=variant_id, actor_id=request.user.pk, **body.validated_data)
        return Response(_stock(variant_id))


class MovementViewSet(viewsets.GenericViewSet):
    """The ledger of one variant: what came and went, never edited."""

    queryset = StockMovement.objects.all()
    permission_model = StockItem
    permission_of_action = {"create": "change"}
    serializer_class = shapes.MovementSerializer
    pagination_class = KeysetPagination
    orderings = {"-created_at": Keyset(("id",), descending=True)}

    def list(self, request: Request, variant_id: int) -> Response:
        selectors.stock_of(variant_id=variant_id)
        rows = self.paginate_queryset(self.filter_queryset(selectors.movements_of(variant_id=variant_id)))
        return self.get_paginated_response(self.get_serializer(rows, many=True).data)

    @extend_schema(request=shapes.MovementWriteSerializer, responses={201: shapes.StockSerializer})
    def create(self, request: Request, variant_id: int) -> Response:
        body = shapes.MovementWriteSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        services.move_stock(variant_id=variant_id, actor_id=request.user.pk, **body.validated_data)
        return Response(_stock(variant_id), status=status.HTTP_201_CREATED)


def _stock(variant_id: int) -> dict[str, Any]:
    return shapes.StockSerializer(selectors.stock_of(variant_id=variant_id)).data
