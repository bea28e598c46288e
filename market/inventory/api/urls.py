"""Routes of stock."""

from django.urls import path

from market.inventory.api.views import MovementViewSet, StockViewSet

urlpatterns = [
    path("stock/", StockViewSet.as_view({"get": "list"})),
    path("stock/<int:variant_id>/", StockViewSet.as_view({"get": "retrieve", "put": "update"}, detail=True)),
    path("stock/<int:variant_id>/movements/", MovementViewSet.as_view({"get": "list", "post": "create"})),
]
