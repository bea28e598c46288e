"""Routes of tax rates."""

from django.urls import path

from market.taxes.api.views import TaxRateViewSet

LIST = {"get": "list", "post": "create"}
DETAIL = {"get": "retrieve", "put": "update", "patch": "partial_update", "delete": "destroy"}

urlpatterns = [
    path("tax-rates/", TaxRateViewSet.as_view(LIST)),
    path("tax-rates/<int:pk>/", TaxRateViewSet.as_view(DETAIL, detail=True)),
]
