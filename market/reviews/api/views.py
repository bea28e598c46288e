"""Reviews over HTTP: everybody reads, customers write their own, staff moderate and answer."""

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status, viewsets
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.keyset import Keyset
from core.api.pagination import KeysetPagination
from core.api.permissions import IsStaffWithModelPermission
from market.catalog.api.caching import PublicCacheMixin
from market.catalog.selectors import require_product
from market.reviews import selectors, services
from market.reviews.api import documents
from market.reviews.api import serializers as shapes
from market.reviews.api.filters import ModerationFilter, ReviewFilter
from market.reviews.models import Review


class ReviewsViewSet(viewsets.GenericViewSet):
    """What the views of reviews share."""

    queryset = Review.objects.all()
    pagination_class = KeysetPagination
    page_rows = staticmethod(selectors.review_page)

    @property
    def customer_id(self) -> int | None:
        """The signed-in caller's customer."""
        user = self.request.user
        return user.customer.pk if user.is_authenticated else None

    def body(self, shape: type, *, partial: bool = False) -> dict[str, Any]:
        """The request's body in the given shape."""
        body = shape(data=self.request.data, partial=partial)
        body.is_valid(raise_exception=True)
        return body.validated_data

    def shown(self, review: Review) -> dict[str, Any]:
        """The review as its caller sees it after a write."""
        return documents.review(selectors.review_row(review_id=review.pk), reader_id=self.customer_id)


class ProductReviewViewSet(PublicCacheMixin, ReviewsViewSet):
    """The reviews of one product: the approved ones, and one's own."""

    serializer_class = shapes.ReviewSerializer
    filterset_class = ReviewFilter
    throttle_scopes = {"create": "review"}
    orderings = {
        "-created_at": Keyset(("created_at", "id"), descending=True),
        "created_at": Keyset(("created_at", "id")),
        "-helpful_count": Keyset(("helpful_count", "id"), descending=True),
        "-rating": Keyset(("rating", "id"), descending=True),
        "rating": Keyset(("rating", "id")),
    }

    def get_permissions(self) -> list:
        return [IsAuthenticated()] if self.action == "create" else [AllowAny()]

    def list(self, request: Request, product_id: int) -> Response:
        require_product(product_id=product_id)
        reviews = selectors.reviews_of_product(product_id=product_id, customer_id=self.customer_id)
        rows = self.paginate_queryset(self.filter_queryset(reviews))
        return self.get_paginated_response([documents.review(row, reader_id=self.customer_id) for row in rows])

    @extend_schema(request=shapes.ReviewWriteSerializer, responses={201: shapes.ReviewSerializer})
    def create(self, request: Request, product_id: int) -> Response:
        """Review a product, once. A verified purchaser's clean text is approved at once, the rest waits for staff."""
        review = services.submit_review(
            product_id=product_id, customer_id=self.customer_id, **self.body(shapes.ReviewWriteSerializer)
        )
        return Response(self.shown(review), status=status.HTTP_201_CREATED)

    @extend_schema(responses=shapes.SummarySerializer)
    def summary(self, request: Request, product_id: int) -> Response:
        """The mean and the distribution of the approved ratings."""
        require_product(product_id=product_id)
        return Response(documents.summary(selectors.product_summary(product_id=product_id)))


class ReviewViewSet(ReviewsViewSet):
    """Reviews one by one: their authors change them, readers vote, staff moderate and answer."""

    serializer_class = shapes.StaffReviewSerializer
    filterset_class = ModerationFilter
    orderings = {"-id": Keyset(("id",), descending=True), "id": Keyset(("id",))}
    throttle_scopes = {"partial_update": "review", "vote": "review"}
    permission_of_action = {"reply": "change", "moderate": "change"}

    def get_permissions(self) -> list:
        by_staff = self.action in {"list", "reply", "moderate", None}
        return [IsStaffWithModelPermission()] if by_staff else [IsAuthenticated()]

    def list(self, request: Request) -> Response:
        """All reviews, for moderation: `status=pending` is the queue."""
        rows = self.paginate_queryset(self.filter_queryset(Review.objects.all()))
        reader_id = self.customer_id
        return self.get_paginated_response([documents.review_for_staff(row, reader_id=reader_id) for row in rows])

    @extend_schema(request=shapes.ReviewWriteSerializer, responses=shapes.ReviewSerializer)
    def partial_update(self, request: Request, pk: int) -> Response:
        """Change one's own review; what was decided about it is decided anew."""
        changes = self.body(shapes.ReviewWriteSerializer, partial=True)
        return Response(self.shown(services.edit_review(review_id=pk, customer_id=self.customer_id, changes=changes)))

    @extend_schema(responses={204: OpenApiResponse(description="Deleted.")})
    def destroy(self, request: Request, pk: int) -> HttpResponse:
        """Delete one's own review; staff who may delete reviews delete any."""
        may_delete_any = request.user.is_staff and request.user.has_perm("reviews.delete_review")
        services.delete_review(review_id=pk, customer_id=None if may_delete_any else self.customer_id)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=shapes.VoteSerializer, responses=shapes.ReviewSerializer)
    def vote(self, request: Request, pk: int) -> Response:
        """Say whether another's review helped, or say otherwise."""
        body = self.body(shapes.VoteSerializer)
        return Response(self.shown(services.vote_on_review(review_id=pk, customer_id=self.customer_id, **body)))

    @extend_schema(request=shapes.ReplyWriteSerializer, responses=shapes.StaffReviewSerializer)
    def reply(self, request: Request, pk: int) -> Response:
        """Answer a review in the shop's name; a further answer stands for the one before."""
        body = self.body(shapes.ReplyWriteSerializer)
        services.reply_to_review(review_id=pk, staff_id=request.user.pk, **body)
        return self._for_staff(pk)

    @extend_schema(request=shapes.ModerationSerializer, responses=shapes.StaffReviewSerializer)
    def moderate(self, request: Request, pk: int) -> Response:
        """Approve or reject a review. A decision may be taken back by the other one."""
        body = self.body(shapes.ModerationSerializer)
        services.moderate_review(review_id=pk, staff_id=request.user.pk, **body)
        return self._for_staff(pk)

    def _for_staff(self, pk: int) -> Response:
        row = selectors.review_row(review_id=pk)
        return Response(documents.review_for_staff(row, reader_id=self.customer_id))
