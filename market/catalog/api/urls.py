"""Routes of products and categories."""

from django.urls import path

from market.catalog.api.categories import CategoryImageViewSet, CategoryViewSet
from market.catalog.api.collections import CollectionImageViewSet, CollectionViewSet
from market.catalog.api.price_changes import PriceChangeViewSet
from market.catalog.api.product_types import AttributeViewSet, ProductTypeViewSet
from market.catalog.api.related import RelatedViewSet
from market.catalog.api.views import (
    ImageRequestViewSet,
    ProductDocumentViewSet,
    ProductImageViewSet,
    ProductViewSet,
    VariantViewSet,
)

LIST = {"get": "list", "post": "create"}
DETAIL = {"get": "retrieve", "put": "update", "patch": "partial_update", "delete": "destroy"}
THE_IMAGE = {"put": "update", "delete": "destroy"}
OF_IMAGE = {"patch": "partial_update", "delete": "destroy"}

urlpatterns = [
    path("products/", ProductViewSet.as_view(LIST)),
    path("products/facets/", ProductViewSet.as_view({"get": "facets"})),
    path("products/suggest/", ProductViewSet.as_view({"get": "suggest"})),
    path("products/<int:product_id>/", ProductViewSet.as_view(DETAIL, detail=True)),
    path("products/slug/<slug:slug>/", ProductViewSet.as_view({"get": "by_slug"}, detail=True)),
    path("products/<int:product_id>/related/", RelatedViewSet.as_view({"get": "list"})),
    path("products/<int:product_id>/image-requests/", ImageRequestViewSet.as_view(LIST)),
    path("products/<int:product_id>/variants/", VariantViewSet.as_view(LIST)),
    path("products/<int:product_id>/variants/<int:pk>/", VariantViewSet.as_view(DETAIL, detail=True)),
    path("products/<int:product_id>/images/", ProductImageViewSet.as_view(LIST)),
    path("products/<int:product_id>/images/<int:pk>/", ProductImageViewSet.as_view(OF_IMAGE, detail=True)),
    path("products/<int:product_id>/documents/", ProductDocumentViewSet.as_view(LIST)),
    path(
        "products/<int:product_id>/documents/<int:pk>/",
        ProductDocumentViewSet.as_view({"delete": "destroy"}, detail=True),
    ),
    path("products/slug/<slug:slug>/documents/", ProductDocumentViewSet.as_view({"get": "list"})),
    path("price-changes/", PriceChangeViewSet.as_view(LIST)),
    path("price-changes/batch/", PriceChangeViewSet.as_view({"post": "create_many"})),
    path(
        "price-changes/<int:pk>/",
        PriceChangeViewSet.as_view(
            {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}, detail=True, pagination_class=None
        ),
    ),
    path("categories/", CategoryViewSet.as_view(LIST)),
    path("categories/<int:pk>/", CategoryViewSet.as_view(DETAIL, detail=True)),
    path("categories/<int:pk>/image/", CategoryImageViewSet.as_view(THE_IMAGE, detail=True)),
    path("collections/", CollectionViewSet.as_view(LIST)),
    path("collections/<int:pk>/", CollectionViewSet.as_view(DETAIL, detail=True)),
    path("collections/<int:pk>/image/", CollectionImageViewSet.as_view(THE_IMAGE, detail=True)),
    path("collections/<int:pk>/products/", CollectionViewSet.as_view({"put": "collect"}, detail=True)),
    path("product-types/", ProductTypeViewSet.as_view(LIST)),
    path("product-types/<int:pk>/", ProductTypeViewSet.as_view(DETAIL, detail=True)),
    path("product-types/<int:product_type_id>/attributes/", AttributeViewSet.as_view({"post": "create"})),
    path("product-types/<int:product_type_id>/attributes/<int:pk>/", AttributeViewSet.as_view(OF_IMAGE, detail=True)),
]
