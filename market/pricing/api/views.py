"""Promotions over HTTP: everybody reads the public ones, staff read and write all."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.keyset import Keyset
from core.api.pagination import KeysetPagination
from core.api.permissions import IsAdminOrReadOnly
from market.catalog.api.caching import PublicCacheMixin
from market.pricing import selectors, services
from market.pricing.api import documents
from market.pricing.api import serializers as shapes
from market.pricing.api.filters import PromotionFilter, sees_all, sees_codes
from market.pricing.models import Promotion

PUBLIC_ORDERINGS = {"-created_at": Keyset(("id",), descending=True), "created_at": Keyset(("id",))}
STAFF_ORDERINGS = {"priority": Keyset(("priority", "id"))}
DELETED = OpenApiResponse(description="Deleted.")


class PromotionViewSet(PublicCacheMixin, viewsets.GenericViewSet):
    """What the shop gives: to everybody, and for staff all of it."""

    queryset = Promotion.objects.all()
    permission_classes = (IsAdminOrReadOnly,)
    permission_model = Promotion
    serializer_class = shapes.PromotionSerializer
    pagination_class = KeysetPagination
    filterset_class = PromotionFilter

    @property
    def orderings(self) -> dict[str, Keyset]:
        """By priority for staff only: a cursor tells what the list is ordered by."""
        is_staff = getattr(self, "swagger_fake_view", False) or sees_all(self.request.user)
        return PUBLIC_ORDERINGS | (STAFF_ORDERINGS if is_staff else {})

    def list(self, request: Request) -> Response:
        is_staff = sees_all(request.user)
        rows = self.paginate_queryset(self.filter_queryset(selectors.promotions(is_staff=is_staff)))
        codes = self._codes(rows)
        return self.get_paginated_response(
            [documents.promotion(row, codes=codes, is_staff=is_staff) for row in rows],
        )

    def retrieve(self, request: Request, promotion_id: int) -> Response:
        return Response(self._document(promotion_id, is_staff=sees_all(request.user)))

    @extend_schema(request=shapes.PromotionEditSerializer, responses={201: shapes.PromotionSerializer})
    def create(self, request: Request) -> Response:
        made = services.make_promotion(fields=self._body())
        return Response(self._document(made.pk, is_staff=True), status=status.HTTP_201_CREATED)

    @extend_schema(request=shapes.PromotionEditSerializer, responses=shapes.PromotionSerializer)
    def update(self, request: Request, promotion_id: int) -> Response:
        services.edit_promotion(promotion_id=promotion_id, changes=self._body(), replaces=True)
        return Response(self._document(promotion_id, is_staff=True))

    @extend_schema(request=shapes.PromotionEditSerializer, responses=shapes.PromotionSerializer)
    def partial_update(self, request: Request, promotion_id: int) -> Response:
        services.edit_promotion(promotion_id=promotion_id, changes=self._body(partial=True))
        return Response(self._document(promotion_id, is_staff=True))

    @extend_schema(
        responses={
            200: OpenApiResponse(shapes.PromotionSerializer, description="Orders have used it, so it is archived."),
            204: DELETED,
        }
    )
    def destroy(self, request: Request, promotion_id: int) -> HttpResponse:
        if services.remove_promotion(promotion_id=promotion_id).is_archived:
            return Response(self._document(promotion_id, is_staff=True))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _body(self, *, partial: bool = False) -> dict[str, Any]:
        body = shapes.PromotionEditSerializer(data=self.request.data, partial=partial)
        body.is_valid(raise_exception=True)
        self._refuse_code_of_others(body.validated_data)
        return body.validated_data

    def _refuse_code_of_others(self, fields: Mapping[str, Any]) -> None:
        """A code is written by who may write codes: 403 for anybody else."""
        needed = ["pricing.add_coupon"] if self.action == "create" else ["pricing.add_coupon", "pricing.change_coupon"]
        is_written = fields.get("coupon_code") if self.action == "create" else "coupon_code" in fields
        if is_written and not self.request.user.has_perms(needed):
            self.permission_denied(self.request, message="coupon_code: You may not write codes.")

    def _document(self, promotion_id: int, *, is_staff: bool) -> dict[str, Any]:
        row = selectors.promotion(promotion_id=promotion_id, is_staff=is_staff)
        if not is_staff:
            return documents.promotion(row, is_staff=False)
        uses, amount = selectors.uses_of(promotion_id=row.pk)
        return documents.promotion_with_uses(row, codes=self._codes([row]), uses=uses, amount=amount)

    def _codes(self, rows: Sequence[Promotion]) -> dict[int, str] | None:
        if not sees_codes(self.request.user):
            return None
        return selectors.single_codes(promotion_ids=[row.pk for row in rows])
