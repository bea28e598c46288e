"""Routes of carts. A path that holds no UUID is nobody's cart: 404."""

from django.urls import path

from market.carts.api.views import CartItemViewSet, CartViewSet

urlpatterns = [
    path("carts/", CartViewSet.as_view({"post": "create"})),
    path("carts/current/", CartViewSet.as_view({"get": "current"})),
    path("carts/<uuid:cart_id>/", CartViewSet.as_view({"get": "retrieve", "delete": "destroy"})),
    path("carts/<uuid:cart_id>/claim/", CartViewSet.as_view({"post": "claim"})),
    path("carts/<uuid:cart_id>/delivery/", CartViewSet.as_view({"put": "set_delivery"})),
    path("carts/<uuid:cart_id>/shipping-methods/", CartViewSet.as_view({"get": "shipping_methods"})),
    path("carts/<uuid:cart_id>/items/", CartItemViewSet.as_view({"post": "create", "put": "replace"})),
    path(
        "carts/<uuid:cart_id>/items/<int:item_id>/",
        CartItemViewSet.as_view({"patch": "partial_update", "delete": "destroy"}),
    ),
]
