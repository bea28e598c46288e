"""Routes of carts, wishlists and stock alerts. A path that holds no UUID is nobody's cart: 404."""

from django.urls import path

from market.carts.api.views import CartCouponViewSet, CartItemViewSet, CartViewSet
from market.carts.api.wishlists import StockAlertView, WishlistItemViewSet, WishlistViewSet

one_wishlist = {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}
items, item = "wishlists/<int:wishlist_id>/items/", "wishlists/<int:wishlist_id>/items/<int:wishlist_item_id>/"
urlpatterns = [
    path("carts/", CartViewSet.as_view({"post": "create"})),
    path("carts/current/", CartViewSet.as_view({"get": "current"})),
    path("carts/<uuid:cart_id>/", CartViewSet.as_view({"get": "retrieve", "delete": "destroy"})),
    path("carts/<uuid:cart_id>/claim/", CartViewSet.as_view({"post": "claim"})),
    path("carts/<uuid:cart_id>/delivery/", CartViewSet.as_view({"put": "set_delivery"})),
    path("carts/<uuid:cart_id>/shipping-methods/", CartViewSet.as_view({"get": "shipping_methods"})),
    path("carts/<uuid:cart_id>/explanation/", CartViewSet.as_view({"get": "explanation"})),
    path("carts/<uuid:cart_id>/coupons/", CartCouponViewSet.as_view({"post": "create"})),
    path("carts/<uuid:cart_id>/coupons/<str:code>/", CartCouponViewSet.as_view({"delete": "destroy"})),
    path("carts/<uuid:cart_id>/items/", CartItemViewSet.as_view({"post": "create", "put": "replace"})),
    path(
        "carts/<uuid:cart_id>/items/<int:item_id>/",
        CartItemViewSet.as_view({"patch": "partial_update", "delete": "destroy"}),
    ),
    path("wishlists/", WishlistViewSet.as_view({"get": "list", "post": "create"})),
    path("wishlists/<int:wishlist_id>/", WishlistViewSet.as_view(one_wishlist, detail=True)),
    path(items, WishlistItemViewSet.as_view({"get": "list", "post": "create"})),
    path(item, WishlistItemViewSet.as_view({"delete": "destroy"}, detail=True)),
    path(f"{item}move-to-cart/", WishlistItemViewSet.as_view({"post": "move_to_cart"}, detail=True)),
    path("variants/<int:variant_id>/stock-alerts/", StockAlertView.as_view()),
]
