"""Routes of shipping zones and methods."""

from django.urls import path

from market.shipping.api.views import ShippingMethodViewSet, ShippingZoneViewSet

LIST = {"get": "list", "post": "create"}
DETAIL = {"get": "retrieve", "put": "update", "patch": "partial_update", "delete": "destroy"}

urlpatterns = [
    path("shipping-zones/", ShippingZoneViewSet.as_view(LIST)),
    path("shipping-zones/<int:pk>/", ShippingZoneViewSet.as_view(DETAIL, detail=True)),
    path("shipping-methods/", ShippingMethodViewSet.as_view(LIST)),
    path("shipping-methods/<int:pk>/", ShippingMethodViewSet.as_view(DETAIL, detail=True)),
]
