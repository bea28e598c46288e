"""Categories over HTTP, as a tree or one by one: everybody reads, staff write."""

from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.filters import read_flag
from core.api.pagination import KeysetPagination
from market.catalog import selectors, services
from market.catalog.api import documents
from market.catalog.api import serializers as shapes
from market.catalog.api.places import OrderOfPlaces, placed
from market.catalog.api.views import DELETED, CatalogViewSet, ShelfImageViewSet
from market.catalog.models import Category
from market.catalog.rules import walk_tree, without_children


class MenuPagination(KeysetPagination):
    """A menu is read in one piece."""

    default_limit = 100


class CategoryImageViewSet(ShelfImageViewSet):
    """The one picture of a category."""

    queryset = Category.objects.all()
    permission_model = Category
    serializer_class = shapes.CategorySerializer


class CategoryViewSet(CatalogViewSet):
    """The categories: a tree by default, with `flat=1` each on its own, parents before children.

    In the tree `limit` counts those at the top; one answer tells 1,000 categories on 20 levels at most.
    """

    queryset = Category.objects.all()
    permission_model = Category
    serializer_class = shapes.CategorySerializer
    pagination_class = MenuPagination
    orderings = {"position": OrderOfPlaces()}
    extra_query_parameters = ("flat",)

    @extend_schema(parameters=[OpenApiParameter("flat", bool, description="Without nesting.")])
    def list(self, request: Request) -> Response:
        tree = selectors.categories(is_staff=self.is_staff)
        nodes = [without_children(node) for node in walk_tree(tree)] if read_flag(request, "flat") else tree
        page = self.paginate_queryset(self.filter_queryset(placed(nodes)))
        return self.get_paginated_response(documents.categories(page))

    @extend_schema(responses=shapes.CategoryDetailSerializer)
    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(self._document(pk, is_staff=self.is_staff))

    @extend_schema(request=shapes.CategoryWriteSerializer, responses={201: shapes.CategoryDetailSerializer})
    def create(self, request: Request) -> Response:
        category = services.create_category(**self.body(shapes.CategoryWriteSerializer))
        return Response(self._document(category.pk, is_staff=True), status=status.HTTP_201_CREATED)

    @extend_schema(request=shapes.CategoryWriteSerializer, responses=shapes.CategoryDetailSerializer)
    def update(self, request: Request, pk: int) -> Response:
        return self._change(pk)

    @extend_schema(request=shapes.CategoryWriteSerializer, responses=shapes.CategoryDetailSerializer)
    def partial_update(self, request: Request, pk: int) -> Response:
        return self._change(pk, partial=True)

    @extend_schema(responses={204: DELETED})
    def destroy(self, request: Request, pk: int) -> HttpResponse:
        services.delete_category(category_id=pk)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _change(self, pk: int, *, partial: bool = False) -> Response:
        services.update_category(category_id=pk, changes=self.body(shapes.CategoryWriteSerializer, partial=partial))
        return Response(self._document(pk, is_staff=True))

    def _document(self, pk: int, *, is_staff: bool) -> dict[str, Any]:
        detail = selectors.category(category_id=pk, is_staff=is_staff)
        count = selectors.listed_count(category_ids=[below["id"] for below in walk_tree([detail.node])])
        (document,) = documents.categories([detail.node])
        return document | {"breadcrumbs": detail.breadcrumbs, "product_count": count}
