"""The codes of a promotion, for staff: made by the thousand in the background, told as a list and as a file."""

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.keyset import Keyset
from core.api.pagination import KeysetPagination
from core.api.renderers import EnvelopeRenderer, JSONRenderer
from core.errors import FieldError, Invalid
from core.operations.api.renderers import CSVRenderer
from core.operations.api.serializers import RunSerializer
from core.spreadsheets import csv_lines
from market.pricing import selectors, services
from market.pricing.api import serializers as shapes
from market.pricing.api.filters import CouponFilter
from market.pricing.models import LABEL_LENGTH, Coupon

BATCH = OpenApiParameter("batch", OpenApiTypes.STR, description="Those that were made together under this name.")


class CouponViewSet(viewsets.GenericViewSet):
    """Codes."""

    queryset = Coupon.objects.all()
    serializer_class = shapes.CouponSerializer
    pagination_class = KeysetPagination
    filterset_class = CouponFilter
    orderings = {
        "-created_at": Keyset(("id",), descending=True),
        "created_at": Keyset(("id",)),
        "code": Keyset(("code",)),
    }

    def list(self, request: Request, promotion_id: int) -> Response:
        rows = self.paginate_queryset(self.filter_queryset(selectors.coupons(promotion_id=promotion_id)))
        return self.get_paginated_response(self.get_serializer(rows, many=True).data)

    @extend_schema(request=shapes.CouponBatchSerializer, responses={201: RunSerializer})
    def create(self, request: Request, promotion_id: int) -> Response:
        """Have codes made in the background: the run tells how far it is, and their batch."""
        body = shapes.CouponBatchSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        run = services.request_coupons(promotion_id=promotion_id, user_id=request.user.pk, **body.validated_data)
        return Response(RunSerializer(run).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=shapes.CouponChangeSerializer)
    def partial_update(self, request: Request, promotion_id: int, coupon_id: int) -> Response:
        body = shapes.CouponChangeSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        selectors.coupon(promotion_id=promotion_id, coupon_id=coupon_id)
        services.update_coupon(coupon_id=coupon_id, **body.validated_data)
        coupon = selectors.coupon(promotion_id=promotion_id, coupon_id=coupon_id)
        return Response(self.get_serializer(coupon).data)

    @extend_schema(responses={204: OpenApiResponse(description="Deleted.")})
    def destroy(self, request: Request, promotion_id: int, coupon_id: int) -> Response:
        services.delete_coupon(promotion_id=promotion_id, coupon_id=coupon_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


class CouponFileViewSet(viewsets.GenericViewSet):
    """All codes of a promotion as a spreadsheet, or those of one batch."""

    queryset = Coupon.objects.none()
    serializer_class = shapes.CouponSerializer
    renderer_classes = [CSVRenderer, JSONRenderer, EnvelopeRenderer]

    @extend_schema(operation_id="coupons_file", parameters=[BATCH], responses={(200, "text/csv"): OpenApiTypes.STR})
    def retrieve(self, request: Request, promotion_id: int) -> StreamingHttpResponse:
        batch = _batch_alone(request)
        return StreamingHttpResponse(
            csv_lines(selectors.coupon_rows(promotion_id=promotion_id, batch=batch)),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="codes-{promotion_id}.csv"'},
        )


def _batch_alone(request: Request) -> str:
    """The one parameter of the file. Raises Invalid for others, and for one that is no name of a batch."""
    if unknown := sorted(set(request.query_params) - {"batch"}):
        errors = [FieldError(name, "unknown", "This file has no such parameter.") for name in unknown]
        raise Invalid("The query has parameters that this file does not know.", errors=errors)
    batch = request.query_params.get("batch", "")
    if len(batch) > LABEL_LENGTH or "\0" in batch:
        message = f"Give at most {LABEL_LENGTH} characters."
        raise Invalid("The query has values that cannot be used.", errors=[FieldError("batch", "invalid", message)])
    return batch
