"""Product types and their attributes over HTTP: everybody reads what products can tell, staff write."""

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.keyset import Keyset
from core.api.pagination import KeysetPagination
from market.catalog import selectors, services
from market.catalog.api import documents
from market.catalog.api.views import DELETED, CatalogViewSet
from market.catalog.models import TITLE_LENGTH, Attribute, ProductType
from market.catalog.rules import MAX_POSITION
from market.catalog.services import NewAttribute

MAX_CHOICES = 200


class AttributeSerializer(serializers.Serializer):
    """What the products of a type tell under `code`, or their variants."""

    id = serializers.IntegerField()
    code = serializers.CharField()
    title = serializers.CharField()
    kind = serializers.ChoiceField(Attribute.Kind.choices)
    choices = serializers.ListField(child=serializers.CharField())
    swatches = serializers.DictField(child=serializers.CharField(), help_text="Of a color: each choice as #rrggbb.")
    is_of_variant = serializers.BooleanField()
    is_filterable = serializers.BooleanField()
    position = serializers.IntegerField()


class ProductTypeSerializer(serializers.Serializer):
    """A kind of product with its attributes."""

    id = serializers.IntegerField()
    slug = serializers.CharField()
    title = serializers.CharField()
    attributes = AttributeSerializer(many=True)


class ProductTypeWriteSerializer(serializers.Serializer):
    """A product type as staff write it. Without `slug` one is made from the title."""

    title = serializers.CharField(max_length=TITLE_LENGTH)
    slug = serializers.SlugField(max_length=TITLE_LENGTH, required=False)


class AttributeChangeSerializer(serializers.Serializer):
    """What of an attribute may change: not how stored values are read."""

    title = serializers.CharField(max_length=TITLE_LENGTH)
    choices = serializers.ListField(child=serializers.CharField(max_length=100), required=False, max_length=MAX_CHOICES)
    swatches = serializers.DictField(child=serializers.CharField(max_length=7), required=False)
    position = serializers.IntegerField(min_value=0, max_value=MAX_POSITION, required=False)


class AttributeCreateSerializer(AttributeChangeSerializer):
    """A new attribute."""

    code = serializers.CharField(max_length=Attribute._meta.get_field("code").max_length)
    kind = serializers.ChoiceField(Attribute.Kind.choices)
    is_of_variant = serializers.BooleanField(required=False)
    is_filterable = serializers.BooleanField(required=False)


class ProductTypeViewSet(CatalogViewSet):
    """The kinds of products."""

    queryset = ProductType.objects.all()
    permission_model = ProductType
    serializer_class = ProductTypeSerializer
    pagination_class = KeysetPagination
    orderings = {"title": Keyset(("title", "id"))}

    def list(self, request: Request) -> Response:
        rows = self.paginate_queryset(self.filter_queryset(selectors.product_types()))
        return self.get_paginated_response([documents.product_type(row) for row in rows])

    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(_document(pk))

    @extend_schema(request=ProductTypeWriteSerializer, responses={201: ProductTypeSerializer})
    def create(self, request: Request) -> Response:
        made = services.create_product_type(**self.body(ProductTypeWriteSerializer))
        return Response(_document(made.pk), status=status.HTTP_201_CREATED)

    @extend_schema(request=ProductTypeWriteSerializer, responses=ProductTypeSerializer)
    def update(self, request: Request, pk: int) -> Response:
        return self._change(pk)

    @extend_schema(request=ProductTypeWriteSerializer, responses=ProductTypeSerializer)
    def partial_update(self, request: Request, pk: int) -> Response:
        return self._change(pk, partial=True)

    @extend_schema(responses={204: DELETED})
    def destroy(self, request: Request, pk: int) -> HttpResponse:
        services.delete_product_type(product_type_id=pk)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _change(self, pk: int, *, partial: bool = False) -> Response:
        changes = self.body(ProductTypeWriteSerializer, partial=partial)
        services.update_product_type(product_type_id=pk, changes=changes)
        return Response(_document(pk))


class AttributeViewSet(CatalogViewSet):
    """The attributes of one product type; each answer is the whole type."""

    queryset = Attribute.objects.all()
    permission_model = Attribute
    serializer_class = ProductTypeSerializer

    @extend_schema(request=AttributeCreateSerializer, responses={201: ProductTypeSerializer})
    def create(self, request: Request, product_type_id: int) -> Response:
        new = NewAttribute(**self.body(AttributeCreateSerializer))
        services.create_attribute(product_type_id=product_type_id, attribute=new)
        return Response(_document(product_type_id), status=status.HTTP_201_CREATED)

    @extend_schema(request=AttributeChangeSerializer, responses=ProductTypeSerializer)
    def partial_update(self, request: Request, product_type_id: int, pk: int) -> Response:
        changes = self.body(AttributeChangeSerializer, partial=True)
        services.update_attribute(product_type_id=product_type_id, attribute_id=pk, changes=changes)
        return Response(_document(product_type_id))

    @extend_schema(responses={204: DELETED})
    def destroy(self, request: Request, product_type_id: int, pk: int) -> HttpResponse:
        services.delete_attribute(product_type_id=product_type_id, attribute_id=pk)
        return Response(status=status.HTTP_204_NO_CONTENT)


def _document(product_type_id: int) -> dict[str, Any]:
    return documents.product_type(selectors.product_type(product_type_id=product_type_id))
