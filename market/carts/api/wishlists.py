"""Wishlists and stock alerts over HTTP: each caller's own, another's is absent."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api.keyset import Keyset
from core.api.validators import one_line
from market.carts import selectors, services
from market.carts.api.documents import cart_document, image_document
from market.carts.api.serializers import CartProductSerializer, CartSerializer
from market.carts.models import Wishlist, WishlistItem
from market.carts.selectors import LineImage
from market.catalog.models import TITLE_LENGTH


class WishlistSerializer(serializers.ModelSerializer):
    """One wishlist; what is on it is a list of its own."""

    title = serializers.CharField(max_length=TITLE_LENGTH, validators=[one_line])
    item_count = serializers.IntegerField(read_only=True)

    class Meta:
        model = Wishlist
        fields = ["id", "title", "item_count", "created_at", "updated_at"]
        read_only_fields = ["id", "created_at", "updated_at"]


class WishedVariantSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    sku = serializers.CharField()
    title = serializers.CharField(allow_blank=True)
    product = CartProductSerializer()


class WishlistItemSerializer(serializers.Serializer):
    """A variant on a wishlist, with price and stock as of now."""

    id = serializers.IntegerField()
    variant = WishedVariantSerializer()
    currency = serializers.CharField()
    price = serializers.DecimalField(max_digits=10, decimal_places=2, allow_null=True)
    is_available = serializers.BooleanField(help_text="For sale; without it there is no price.")
    in_stock = serializers.BooleanField()
    created_at = serializers.DateTimeField()


class WishedSerializer(serializers.Serializer):
    """What is put on a wishlist."""

    variant = serializers.IntegerField(min_value=1, max_value=2**63 - 1)


class MoveToCartSerializer(serializers.Serializer):
    """Into which cart, and how many units."""

    cart = serializers.UUIDField()
    quantity = serializers.IntegerField(min_value=1, max_value=2**31 - 1, default=1)


class StockAlertSerializer(serializers.Serializer):
    """Since when a customer waits for a variant."""

    variant = serializers.IntegerField()
    created_at = serializers.DateTimeField()


def item_document(item: WishlistItem) -> dict[str, Any]:
    """An item of `selectors.wishlist_items` in the shape of `WishlistItemSerializer`."""
    variant, product = item.variant, item.variant.product
    is_available = variant.is_for_sale
    picture = image_document(LineImage(name=item.image, alt=item.alt) if item.image else None)
    shown = {"id": product.pk, "slug": product.slug, "title": product.title, "image": picture}
    return {
        "id": item.pk,
        "variant": {"id": variant.pk, "sku": variant.sku, "title": variant.title, "product": shown},
        "currency": settings.SHOP_CURRENCY,
        "price": variant.price if is_available else None,
        "is_available": is_available,
        "in_stock": is_available and variant.in_stock,
        "created_at": item.created_at,
    }


class OwnViewSet(viewsets.GenericViewSet):
    """What the views of wishlists share."""

    permission_classes = (IsAuthenticated,)
    orderings = {"created_at": Keyset(("id",))}

    @property
    def customer_id(self) -> int:
        return self.request.user.customer.pk

    def body(self, shape: type[serializers.Serializer]) -> dict[str, Any]:
        body = shape(data=self.request.data)
        body.is_valid(raise_exception=True)
        return body.validated_data


@extend_schema_view(list=extend_schema(summary="The own wishlists"))
class WishlistViewSet(mixins.ListModelMixin, OwnViewSet):
    """The caller's wishlists."""

    queryset = Wishlist.objects.none()
    serializer_class = WishlistSerializer

    def get_queryset(self):
        return selectors.wishlists_of(customer_id=self.customer_id)

    @extend_schema(
        summary="Make a wishlist",
        description="One of a title that there is already is answered with 200, as it is.",
        responses={201: WishlistSerializer, 200: WishlistSerializer},
    )
    def create(self, request: Request) -> Response:
        wishlist, is_new = services.create_wishlist(customer_id=self.customer_id, **self.body(WishlistSerializer))
        return self._shown(wishlist.pk, status.HTTP_201_CREATED if is_new else status.HTTP_200_OK)

    @extend_schema(summary="One of the own wishlists", responses=WishlistSerializer)
    def retrieve(self, request: Request, wishlist_id: int) -> Response:
        return self._shown(wishlist_id)

    @extend_schema(summary="Rename a wishlist", responses=WishlistSerializer)
    def partial_update(self, request: Request, wishlist_id: int) -> Response:
        body = WishlistSerializer(data=request.data, partial=True)
        body.is_valid(raise_exception=True)
        if body.validated_data:
            services.rename_wishlist(customer_id=self.customer_id, wishlist_id=wishlist_id, **body.validated_data)
        return self._shown(wishlist_id)

    @extend_schema(summary="Forget a wishlist", responses={204: OpenApiResponse(description="Forgotten.")})
    def destroy(self, request: Request, wishlist_id: int) -> Response:
        services.delete_wishlist(customer_id=self.customer_id, wishlist_id=wishlist_id)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _shown(self, wishlist_id: int, status_code: int = status.HTTP_200_OK) -> Response:
        wishlist = selectors.wishlist_of(customer_id=self.customer_id, wishlist_id=wishlist_id)
        return Response(WishlistSerializer(wishlist).data, status=status_code)


class WishlistItemViewSet(OwnViewSet):
    """What is on one of the caller's wishlists."""

    queryset = WishlistItem.objects.none()
    serializer_class = WishlistItemSerializer

    @extend_schema(summary="What is on a wishlist", operation_id="wishlists_items_list")
    def list(self, request: Request, wishlist_id: int) -> Response:
        wishlist = selectors.wishlist_of(customer_id=self.customer_id, wishlist_id=wishlist_id)
        rows = self.paginate_queryset(self.filter_queryset(selectors.wishlist_items(wishlist_id=wishlist.pk)))
        return self.get_paginated_response([item_document(row) for row in rows])

    @extend_schema(
        summary="Put a variant on a wishlist",
        description="One that is on it already is answered with 200, as it is.",
        request=WishedSerializer,
        responses={201: WishlistItemSerializer, 200: WishlistItemSerializer},
    )
    def create(self, request: Request, wishlist_id: int) -> Response:
        item_id, is_new = services.add_wishlist_item(
            customer_id=self.customer_id, wishlist_id=wishlist_id, variant_id=self.body(WishedSerializer)["variant"]
        )
        item = selectors.wishlist_items(wishlist_id=wishlist_id).get(pk=item_id)
        return Response(item_document(item), status=status.HTTP_201_CREATED if is_new else status.HTTP_200_OK)

    @extend_schema(summary="Take an item from a wishlist", responses={204: OpenApiResponse(description="Taken.")})
    def destroy(self, request: Request, wishlist_id: int, wishlist_item_id: int) -> Response:
        services.remove_wishlist_item(customer_id=self.customer_id, wishlist_id=wishlist_id, item_id=wishlist_item_id)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(summary="Move an item into a cart", request=MoveToCartSerializer, responses=CartSerializer)
    def move_to_cart(self, request: Request, wishlist_id: int, wishlist_item_id: int) -> Response:
        """The item is in the cart and gone from the wishlist, or refused as an addition to the cart would be."""
        body = self.body(MoveToCartSerializer)
        services.move_item_to_cart(
            customer_id=self.customer_id,
            user_id=request.user.pk,
            wishlist_id=wishlist_id,
            item_id=wishlist_item_id,
            cart_id=body["cart"],
            quantity=body["quantity"],
        )
        return Response(cart_document(selectors.priced_cart(cart_id=body["cart"], user_id=request.user.pk)))


class StockAlertView(APIView):
    """The caller waits for a variant, or does not."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(
        summary="Be told when a variant is in stock again",
        description="One mail, once. Whoever waits already is answered with 200.",
        request=None,
        responses={201: StockAlertSerializer, 200: StockAlertSerializer},
    )
    def post(self, request: Request, variant_id: int) -> Response:
        alert, is_new = services.request_stock_alert(customer_id=request.user.customer.pk, variant_id=variant_id)
        shown = {"variant": alert.variant_id, "created_at": alert.created_at}
        return Response(shown, status=status.HTTP_201_CREATED if is_new else status.HTTP_200_OK)

    @extend_schema(summary="Wait no longer", responses={204: OpenApiResponse(description="Also without an alert.")})
    def delete(self, request: Request, variant_id: int) -> Response:
        services.cancel_stock_alert(customer_id=request.user.customer.pk, variant_id=variant_id)
        return Response(status=status.HTTP_204_NO_CONTENT)
