"""Products, their variants, images and documents over HTTP: everybody reads, staff write."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.keyset import Keyset
from core.api.moments import AS_OF, AS_OF_PARAMETER, DatedActionsMixin, moment_for_staff
from core.api.pagination import KeysetPagination
from core.api.permissions import IsAdminOrReadOnly, IsStaffWithModelPermission
from market.catalog import selectors, services
from market.catalog.api import dated, documents
from market.catalog.api import serializers as shapes
from market.catalog.api.by_status import ByStatusMixin
from market.catalog.api.caching import PublicCacheMixin
from market.catalog.api.parsers import DocumentParser, PictureParser, UploadParser
from market.catalog.api.searching import SearchingMixin
from market.catalog.models import ImageRequest, Product, ProductDocument, ProductImage, ProductListing, Variant
from market.catalog.services import NewVariant
from market.inventory.selectors import with_available

DELETED = OpenApiResponse(description="Deleted.")
BY_POSITION = {"position": Keyset(("position", "id"))}


class CatalogViewSet(DatedActionsMixin, PublicCacheMixin, viewsets.GenericViewSet):
    """What the views of the catalog share."""

    permission_classes = (IsAdminOrReadOnly,)
    # What reads a body that is a file, by the method that takes one.
    upload_parsers: Mapping[str, type[UploadParser]] = {}

    def get_parsers(self) -> list:
        parser = self.upload_parsers.get(self.request.method) if self.request is not None else None
        return [parser()] if parser else super().get_parsers()

    @property
    def is_staff(self) -> bool:
        """Whether the caller also sees what the public does not."""
        model = self.permission_model._meta
        user = self.request.user
        return user.is_authenticated and user.is_staff and user.has_perm(f"{model.app_label}.view_{model.model_name}")

    def moment(self) -> datetime | None:
        """The moment that staff ask prices of, None for now."""
        return moment_for_staff(self, "catalog.view_variant")

    def body(self, shape: type, *, partial: bool = False) -> dict[str, Any]:
        """The request's body in the given shape."""
        body = shape(data=self.request.data, partial=partial)
        body.is_valid(raise_exception=True)
        return body.validated_data


class ProductViewSet(ByStatusMixin, SearchingMixin, CatalogViewSet):
    """The products for sale; staff read each product, and list those that are not for sale by `status`."""

    queryset = ProductListing.objects.all()
    permission_model = Product
    serializer_class = shapes.ProductRowSerializer
    pagination_class = KeysetPagination
    dated_actions = frozenset({"retrieve", "by_slug"})

    @extend_schema(parameters=[AS_OF_PARAMETER], responses=shapes.ProductSerializer)
    def retrieve(self, request: Request, product_id: int) -> Response:
        return Response(self._document(product_id=product_id, moment=self.moment()))

    @extend_schema(parameters=[AS_OF_PARAMETER], responses=shapes.ProductSerializer)
    def by_slug(self, request: Request, slug: str) -> Response:
        return Response(self._document(slug=slug, moment=self.moment()))

    @extend_schema(request=shapes.ProductCreateSerializer, responses={201: shapes.ProductSerializer})
    def create(self, request: Request) -> Response:
        product = services.create_product(**self.body(shapes.ProductCreateSerializer))
        return Response(self._document(product_id=product.pk, is_staff=True), status=status.HTTP_201_CREATED)

    @extend_schema(request=shapes.ProductWriteSerializer, responses=shapes.ProductSerializer)
    def update(self, request: Request, product_id: int) -> Response:
        return self._change(product_id)

    @extend_schema(request=shapes.ProductWriteSerializer, responses=shapes.ProductSerializer)
    def partial_update(self, request: Request, product_id: int) -> Response:
        return self._change(product_id, partial=True)

    @extend_schema(
        responses={
            200: OpenApiResponse(shapes.ProductSerializer, description="It was ordered before, so it is archived."),
            204: DELETED,
        }
    )
    def destroy(self, request: Request, product_id: int) -> HttpResponse:
        if services.delete_product(product_id=product_id).archived:
            return Response(self._document(product_id=product_id, is_staff=True))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _change(self, product_id: int, *, partial: bool = False) -> Response:
        services.update_product(
            product_id=product_id, changes=self.body(shapes.ProductWriteSerializer, partial=partial)
        )
        return Response(self._document(product_id=product_id, is_staff=True))

    def _document(
        self, *, is_staff: bool | None = None, moment: datetime | None = None, **which: Any
    ) -> dict[str, Any]:
        sees_all = self.is_staff if is_staff is None else is_staff
        detail = selectors.product_detail(**which, is_staff=sees_all)
        variants = with_available(selectors.product_variants(product_id=detail.row["id"], is_staff=sees_all))
        if moment is not None:
            return dated.product(detail, variants, moment=moment, is_staff=sees_all)
        shown = [documents.variant(row, is_staff=sees_all) for row in variants]
        return documents.product(detail, shown, is_staff=sees_all)


class VariantViewSet(CatalogViewSet):
    """The variants of one product."""

    queryset = Variant.objects.all()
    permission_model = Variant
    serializer_class = shapes.VariantSerializer
    pagination_class = KeysetPagination
    orderings = BY_POSITION
    extra_query_parameters = (AS_OF,)
    dated_actions = frozenset({"list", "retrieve"})

    @extend_schema(parameters=[AS_OF_PARAMETER])
    def list(self, request: Request, product_id: int) -> Response:
        moment = self.moment()
        selectors.require_product(product_id=product_id, is_staff=self.is_staff)
        variants = with_available(selectors.product_variants(product_id=product_id, is_staff=self.is_staff))
        rows = self.paginate_queryset(self.filter_queryset(variants))
        return self.get_paginated_response(self._documents(rows, moment, is_staff=self.is_staff))

    @extend_schema(parameters=[AS_OF_PARAMETER])
    def retrieve(self, request: Request, product_id: int, pk: int) -> Response:
        moment = self.moment()
        selectors.require_product(product_id=product_id, is_staff=self.is_staff)
        return Response(self._document(product_id, pk, moment, is_staff=self.is_staff))

    @extend_schema(request=shapes.VariantWriteSerializer, responses={201: shapes.VariantSerializer})
    def create(self, request: Request, product_id: int) -> Response:
        new = NewVariant(**self.body(shapes.VariantWriteSerializer))
        made = services.create_variant(product_id=product_id, variant=new)
        return Response(self._document(product_id, made.pk, is_staff=True), status=status.HTTP_201_CREATED)

    @extend_schema(request=shapes.VariantWriteSerializer, responses=shapes.VariantSerializer)
    def update(self, request: Request, product_id: int, pk: int) -> Response:
        return self._change(product_id, pk)

    @extend_schema(request=shapes.VariantWriteSerializer, responses=shapes.VariantSerializer)
    def partial_update(self, request: Request, product_id: int, pk: int) -> Response:
        return self._change(product_id, pk, partial=True)

    @extend_schema(responses={204: DELETED})
    def destroy(self, request: Request, product_id: int, pk: int) -> HttpResponse:
        services.delete_variant(product_id=product_id, variant_id=pk)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _change(self, product_id: int, pk: int, *, partial: bool = False) -> Response:
        changes = self.body(shapes.VariantWriteSerializer, partial=partial)
        services.update_variant(product_id=product_id, variant_id=pk, changes=changes)
        return Response(self._document(product_id, pk, is_staff=True))

    def _document(self, product_id: int, pk: int, moment: datetime | None = None, *, is_staff: bool) -> dict[str, Any]:
        variants = with_available(selectors.product_variants(product_id=product_id, is_staff=is_staff))
        [document] = self._documents([selectors.one_variant(variants, variant_id=pk)], moment, is_staff=is_staff)
        return document

    def _documents(
        self, rows: Iterable[Variant], moment: datetime | None, *, is_staff: bool
    ) -> Sequence[dict[str, Any]]:
        if moment is not None:
            return dated.variants(rows, moment=moment, is_staff=is_staff)
        return [documents.variant(row, is_staff=is_staff) for row in rows]


class ProductImageViewSet(CatalogViewSet):
    """The pictures of one product."""

    queryset = ProductImage.objects.all()
    permission_model = ProductImage
    serializer_class = shapes.ProductImageSerializer
    pagination_class = KeysetPagination
    orderings = BY_POSITION
    upload_parsers = {"POST": PictureParser}

    def list(self, request: Request, product_id: int) -> Response:
        selectors.require_product(product_id=product_id, is_staff=self.is_staff)
        rows = self.paginate_queryset(self.filter_queryset(selectors.product_images(product_id=product_id)))
        return self.get_paginated_response([documents.image(row) for row in rows])

    @extend_schema(
        request={"multipart/form-data": shapes.ImageUploadSerializer}, responses={201: shapes.ProductImageSerializer}
    )
    def create(self, request: Request, product_id: int) -> Response:
        body = self.body(shapes.ImageUploadSerializer)
        image = services.add_image(product_id=product_id, file=body.pop("image"), **body)
        return Response(documents.image(image), status=status.HTTP_201_CREATED)

    @extend_schema(request=shapes.ImageWriteSerializer, responses=shapes.ProductImageSerializer)
    def partial_update(self, request: Request, product_id: int, pk: int) -> Response:
        changes = self.body(shapes.ImageWriteSerializer, partial=True)
        return Response(documents.image(services.update_image(product_id=product_id, image_id=pk, changes=changes)))

    @extend_schema(responses={204: DELETED})
    def destroy(self, request: Request, product_id: int, pk: int) -> HttpResponse:
        services.delete_image(product_id=product_id, image_id=pk)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ProductDocumentViewSet(CatalogViewSet):
    """The documents of one product, such as its manual."""

    queryset = ProductDocument.objects.all()
    permission_model = ProductDocument
    serializer_class = shapes.ProductDocumentSerializer
    pagination_class = KeysetPagination
    orderings = BY_POSITION
    upload_parsers = {"POST": DocumentParser}

    def list(self, request: Request, product_id: int | None = None, slug: str | None = None) -> Response:
        found = selectors.require_product(product_id=product_id, slug=slug, is_staff=self.is_staff)
        rows = self.paginate_queryset(self.filter_queryset(selectors.product_documents(product_id=found)))
        return self.get_paginated_response([documents.product_document(row) for row in rows])

    @extend_schema(
        request={"multipart/form-data": shapes.DocumentUploadSerializer},
        responses={201: shapes.ProductDocumentSerializer},
    )
    def create(self, request: Request, product_id: int) -> Response:
        document = services.add_document(product_id=product_id, **self.body(shapes.DocumentUploadSerializer))
        return Response(documents.product_document(document), status=status.HTTP_201_CREATED)

    @extend_schema(responses={204: DELETED})
    def destroy(self, request: Request, product_id: int, pk: int) -> HttpResponse:
        services.delete_document(product_id=product_id, document_id=pk)
        return Response(status=status.HTTP_204_NO_CONTENT)


class ImageRequestViewSet(CatalogViewSet):
    """Pictures of a product that lie elsewhere and are fetched in the background. For staff."""

    queryset = ImageRequest.objects.all()
    permission_model = ImageRequest
    permission_classes = (IsStaffWithModelPermission,)
    serializer_class = shapes.ImageRequestSerializer
    pagination_class = KeysetPagination
    orderings = {"-created_at": Keyset(("id",), descending=True)}

    def list(self, request: Request, product_id: int) -> Response:
        selectors.require_product(product_id=product_id, is_staff=True)
        rows = self.paginate_queryset(self.filter_queryset(selectors.image_requests(product_id=product_id)))
        return self.get_paginated_response([documents.image_request(row) for row in rows])

    @extend_schema(
        request=shapes.ImageRequestWriteSerializer,
        responses={202: shapes.ImageRequestSerializer(many=True)},
        filters=False,
    )
    def create(self, request: Request, product_id: int) -> Response:
        rows = services.request_images(product_id=product_id, **self.body(shapes.ImageRequestWriteSerializer))
        return Response([documents.image_request(row) for row in rows], status=status.HTTP_202_ACCEPTED)


class ShelfImageViewSet(CatalogViewSet):
    """The one picture of a category or collection."""

    permission_of_action = {"destroy": "change"}
    upload_parsers = {"PUT": PictureParser}

    @extend_schema(
        request={"multipart/form-data": shapes.ShelfImageSerializer},
        responses={204: OpenApiResponse(description="Shown from now on.")},
    )
    def update(self, request: Request, pk: int) -> Response:
        file = self.body(shapes.ShelfImageSerializer)["image"]
        services.set_shelf_image(model=self.permission_model, pk=pk, file=file)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(responses={204: DELETED})
    def destroy(self, request: Request, pk: int) -> HttpResponse:
        services.clear_shelf_image(model=self.permission_model, pk=pk)
        return Response(status=status.HTTP_204_NO_CONTENT)
