"""Routes of promotions."""

from django.urls import path

from market.pricing.api.coupons import CouponFileViewSet, CouponViewSet
from market.pricing.api.price_lists import EntryViewSet, PriceListViewSet
from market.pricing.api.simulations import SimulateViewSet, SimulationFileViewSet, SimulationViewSet
from market.pricing.api.views import PromotionViewSet

LIST = {"get": "list", "post": "create"}
DETAIL = {"get": "retrieve", "put": "update", "patch": "partial_update", "delete": "destroy"}

urlpatterns = [
    path("price-lists/", PriceListViewSet.as_view(LIST)),
    path("price-lists/<int:pk>/", PriceListViewSet.as_view(DETAIL, detail=True)),
    path("price-lists/<int:price_list_id>/entries/", EntryViewSet.as_view({"get": "list"})),
    path("promotions/", PromotionViewSet.as_view(LIST)),
    path("promotions/<int:promotion_id>/", PromotionViewSet.as_view(DETAIL, detail=True)),
    path("promotions/<int:promotion_id>/simulate/", SimulateViewSet.as_view({"post": "simulate"}, detail=True)),
    path("simulations/<uuid:pk>/", SimulationViewSet.as_view({"get": "retrieve"}, detail=True)),
    path("simulations/<uuid:pk>/orders.csv", SimulationFileViewSet.as_view({"get": "retrieve"}, detail=True)),
    path("promotions/<int:promotion_id>/coupons/", CouponViewSet.as_view(LIST)),
    path("promotions/<int:promotion_id>/coupons.csv", CouponFileViewSet.as_view({"get": "retrieve"}, detail=True)),
    path(
        "promotions/<int:promotion_id>/coupons/<int:coupon_id>/",
        CouponViewSet.as_view({"patch": "partial_update", "delete": "destroy"}, detail=True),
    ),
]
