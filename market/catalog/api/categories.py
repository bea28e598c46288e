"""Categories over HTTP, as a tree or one by one: everybody reads, staff write."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.filters import read_flag
from core.api.keyset import Keyset
from core.api.pagination import KeysetPagination
from market.catalog import selectors, services
from market.catalog.api import documents
from market.catalog.api import serializers as shapes
from market.catalog.api.views import DELETED, CatalogViewSet, ShelfImageViewSet
from market.catalog.models import Category
from market.catalog.rules import walk_tree, without_children

Nodes = Sequence[dict[str, Any]]


class MenuPagination(KeysetPagination):
    """A menu is read in one piece."""

    default_limit = 100


@dataclass(frozen=True, slots=True)
class OrderOfTree(Keyset):
    """The order of categories that were read into a tree, each with its `place` in it, from 0."""

    fields: tuple[str, ...] = ("place", "id")

    def ordered(self, nodes: Nodes, *, backward: bool = False) -> Nodes:
        """They stand in this order already."""
        return nodes[::-1] if backward else nodes

    def beyond(self, nodes: Nodes, values: Sequence[Any], *, backward: bool = False) -> Nodes:
        """Those behind the category that a cursor names; when it is gone, behind where it stood."""
        place, category_id = values
        for index, node in enumerate(nodes):
            if node["id"] == category_id:
                return nodes[index + 1 :]
        return [node for node in nodes if (node["place"] < place if backward else node["place"] >= place)]

    def read(self, values: Sequence[Any], queryset: Any) -> tuple[Any, ...]:
        """The place that a cursor names, and the category that stood there."""
        place, category_id = values
        return int(place), int(category_id)


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
    orderings = {"position": OrderOfTree()}
    extra_query_parameters = ("flat",)

    @extend_schema(parameters=[OpenApiParameter("flat", bool, description="Without nesting.")])
    def list(self, request: Request) -> Response:
        tree = selectors.categories(is_staff=self.is_staff)
        nodes = [without_children(node) for node in walk_tree(tree)] if read_flag(request, "flat") else tree
        placed = [node | {"place": place} for place, node in enumerate(nodes)]
        page = self.paginate_queryset(self.filter_queryset(placed))
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
