"""Routes of promotions."""

from django.urls import path

from market.pricing.api.views import PromotionViewSet

LIST = {"get": "list", "post": "create"}
DETAIL = {"get": "retrieve", "put": "update", "patch": "partial_update", "delete": "destroy"}

urlpatterns = [
    path("promotions/", PromotionViewSet.as_view(LIST)),
    path("promotions/<int:promotion_id>/", PromotionViewSet.as_view(DETAIL, detail=True)),
]
