"""Collections over HTTP: shown to everybody, composed by staff by hand or by rules."""

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.keyset import Keyset
from market.catalog import selectors, services
from market.catalog.api import documents
from market.catalog.api import serializers as shapes
from market.catalog.api.categories import MenuPagination
from market.catalog.api.views import DELETED, CatalogViewSet, ShelfImageViewSet
from market.catalog.models import TITLE_LENGTH, Collection
from market.catalog.rules import MAX_POSITION

MAX_PRODUCTS = 1000


class CollectionSerializer(serializers.Serializer):
    """A collection. Its products are the list `/products/?collection=` with its slug."""

    id = serializers.IntegerField()
    slug = serializers.CharField()
    title = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    image = shapes.PrimaryImageSerializer(allow_null=True)
    image_url = serializers.CharField(allow_null=True)
    product_count = serializers.IntegerField(help_text="Products for sale in it, 10,000 at most.")
    position = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    is_active = serializers.BooleanField(required=False, help_text="For staff only.")
    rules = serializers.DictField(required=False, allow_null=True, help_text="For staff only.")
    evaluated_at = serializers.DateTimeField(required=False, allow_null=True, help_text="For staff only.")


class CollectionWriteSerializer(serializers.Serializer):
    """A collection as staff write it. Without `slug` one is made from the title.

    `rules`: `category`, `min_price`, `max_price`, `min_rating`, `on_sale`, `featured`, `in_stock`,
    `newer_than_days`, `attributes` ({code: [values]}); a product belongs to it when it meets all that are
    given. Null for a collection whose products staff choose.
    """

    title = serializers.CharField(max_length=TITLE_LENGTH)
    slug = serializers.SlugField(max_length=TITLE_LENGTH, required=False)
    description = serializers.CharField(max_length=shapes.MAX_TEXT, allow_blank=True, required=False)
    rules = serializers.DictField(allow_null=True, required=False)
    is_active = serializers.BooleanField(required=False)
    position = serializers.IntegerField(min_value=0, max_value=MAX_POSITION, required=False)


class CollectedSerializer(serializers.Serializer):
    """The products of a collection that staff choose, all of them at once."""

    products = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=shapes.MAX_ID), max_length=MAX_PRODUCTS
    )


class CollectionViewSet(CatalogViewSet):
    """Products shown together."""

    queryset = Collection.objects.all()
    permission_model = Collection
    serializer_class = CollectionSerializer
    pagination_class = MenuPagination
    orderings = {"position": Keyset(("position", "title", "id"))}

    def list(self, request: Request) -> Response:
        rows = self.paginate_queryset(self.filter_queryset(selectors.collections(is_staff=self.is_staff)))
        return self.get_paginated_response(_documents(rows, is_staff=self.is_staff))

    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(self._document(pk, is_staff=self.is_staff))

    @extend_schema(request=CollectionWriteSerializer, responses={201: CollectionSerializer})
    def create(self, request: Request) -> Response:
        made = services.create_collection(**self.body(CollectionWriteSerializer))
        return Response(self._document(made.pk, is_staff=True), status=status.HTTP_201_CREATED)

    @extend_schema(request=CollectionWriteSerializer, responses=CollectionSerializer)
    def update(self, request: Request, pk: int) -> Response:
        return self._change(pk)

    @extend_schema(request=CollectionWriteSerializer, responses=CollectionSerializer)
    def partial_update(self, request: Request, pk: int) -> Response:
        return self._change(pk, partial=True)

    @extend_schema(responses={204: DELETED})
    def destroy(self, request: Request, pk: int) -> HttpResponse:
        services.delete_collection(collection_id=pk)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=CollectedSerializer, responses=CollectionSerializer)
    def collect(self, request: Request, pk: int) -> Response:
        """Make these the products of the collection."""
        services.set_collected(collection_id=pk, product_ids=self.body(CollectedSerializer)["products"])
        return Response(self._document(pk, is_staff=True))

    def _change(self, pk: int, *, partial: bool = False) -> Response:
        services.update_collection(collection_id=pk, changes=self.body(CollectionWriteSerializer, partial=partial))
        return Response(self._document(pk, is_staff=True))

    def _document(self, pk: int, *, is_staff: bool) -> dict[str, Any]:
        row = selectors.collection(collection_id=pk, is_staff=is_staff)
        return _documents([row], is_staff=is_staff)[0]


class CollectionImageViewSet(ShelfImageViewSet):
    """The one picture of a collection."""

    queryset = Collection.objects.all()
    permission_model = Collection
    serializer_class = CollectionSerializer


def _documents(rows: list[dict[str, Any]], *, is_staff: bool) -> list[dict[str, Any]]:
    counts = selectors.collected_counts(collection_ids=[row["id"] for row in rows])
    return [documents.collection(row, product_count=counts[row["id"]], is_staff=is_staff) for row in rows]
