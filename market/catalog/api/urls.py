"""Routes of products and categories."""

from django.urls import path

from market.catalog.api.views import CategoryViewSet, ProductImageViewSet, ProductViewSet, VariantViewSet

LIST = {"get": "list", "post": "create"}
DETAIL = {"get": "retrieve", "put": "update", "patch": "partial_update", "delete": "destroy"}
OF_IMAGE = {"patch": "partial_update", "delete": "destroy"}

urlpatterns = [
    path("products/", ProductViewSet.as_view(LIST)),
    path("products/facets/", ProductViewSet.as_view({"get": "facets"})),
    path("products/suggest/", ProductViewSet.as_view({"get": "suggest"})),
    path("products/<int:product_id>/", ProductViewSet.as_view(DETAIL, detail=True)),
    path("products/slug/<slug:slug>/", ProductViewSet.as_view({"get": "by_slug"}, detail=True)),
    path("products/<int:product_id>/variants/", VariantViewSet.as_view(LIST)),
    path("products/<int:product_id>/variants/<int:pk>/", VariantViewSet.as_view(DETAIL, detail=True)),
    path("products/<int:product_id>/images/", ProductImageViewSet.as_view(LIST)),
    path("products/<int:product_id>/images/<int:pk>/", ProductImageViewSet.as_view(OF_IMAGE, detail=True)),
    path("categories/", CategoryViewSet.as_view(LIST)),
    path("categories/<int:pk>/", CategoryViewSet.as_view(DETAIL, detail=True)),
]
