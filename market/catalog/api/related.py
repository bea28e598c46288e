"""Products that go with one."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.pagination import KeysetPagination
from market.catalog import selectors
from market.catalog.api import documents
from market.catalog.api import serializers as shapes
from market.catalog.api.places import OrderOfPlaces, placed
from market.catalog.api.views import CatalogViewSet
from market.catalog.models import Product, ProductListing


class RelatedViewSet(CatalogViewSet):
    """What a product's page shows beside it."""

    queryset = ProductListing.objects.all()
    permission_model = Product
    serializer_class = shapes.ProductRowSerializer
    pagination_class = KeysetPagination
    orderings = {"relevance": OrderOfPlaces()}

    @extend_schema(operation_id="products_related_list")
    def list(self, request: Request, product_id: int) -> Response:
        """Up to twelve products that go with this one, best first."""
        rows = placed([row | {"id": row["product_id"]} for row in selectors.related_rows(product_id=product_id)])
        page = self.paginate_queryset(self.filter_queryset(rows))
        return self.get_paginated_response([documents.product_row(row) for row in page])
