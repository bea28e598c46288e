"""Carts over HTTP: whoever knows the UUID holds the cart."""

from typing import ClassVar
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status, viewsets
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from core.accounts.api.authentication import ShoppingAuthentication, UserAuthentication
from core.api.filters import read_flag
from core.api.moments import AS_OF, AS_OF_PARAMETER, DatedActionsMixin, moment_for_staff
from market.carts import selectors, services
from market.carts.api import dated, documents, serializers


class CartView(DatedActionsMixin, viewsets.ViewSet):
    """What all cart routes share: no account needed, and every answer but 204 is the priced cart."""

    authentication_classes = [ShoppingAuthentication]
    permission_classes = [AllowAny]

    def priced(self, cart_id: UUID, status_code: int = status.HTTP_200_OK) -> Response:
        cart = selectors.priced_cart(cart_id=cart_id, user_id=self.request.user.pk)
        return Response(documents.cart_document(cart), status=status_code)


class CartViewSet(CartView):
    """One cart."""

    dated_actions = frozenset({"retrieve", "explanation"})

    def get_permissions(self) -> list:
        return [IsAuthenticated()] if self.action in {"current", "claim"} else super().get_permissions()

    @extend_schema(
        summary="Make a cart", request=serializers.NewCartSerializer, responses={201: serializers.CartSerializer}
    )
    def create(self, request: Request) -> Response:
        lines = serializers.wanted_lines(request.data, required=False)
        return self.priced(services.create_cart(lines=lines), status.HTTP_201_CREATED)

    def get_authenticators(self) -> list[BaseAuthentication]:
        """Staff who ask for another moment are looked up; shoppers cost no statement."""
        asks = self.request is not None and AS_OF in self.request.GET
        return [UserAuthentication()] if asks else super().get_authenticators()

    def as_of(self, cart_id: UUID) -> selectors.DatedCart | None:
        """The cart at the moment that staff ask for, None when nobody does."""
        moment = moment_for_staff(self, *dated.PERMISSIONS)
        if moment is None:
            return None
        user = self.request.user
        sees_all = user.has_perm(dated.OF_CUSTOMERS)
        return selectors.cart_as_of(cart_id=cart_id, moment=moment, user_id=user.pk, sees_all=sees_all)

    @extend_schema(summary="A cart as of now", parameters=[AS_OF_PARAMETER], responses=dated.ReadCartSerializer)
    def retrieve(self, request: Request, cart_id: UUID) -> Response:
        then = self.as_of(cart_id)
        return self.priced(cart_id) if then is None else Response(dated.cart_document(then))

    @extend_schema(summary="The signed-in customer's open cart", responses=serializers.CartSerializer)
    def current(self, request: Request) -> Response:
        return self.priced(selectors.current_cart_id(user_id=request.user.pk))

    @extend_schema(
        summary="Make a cart one's own",
        description="Binds the cart to the signed-in customer and merges the cart that he had into it, once. From "
        "then on it answers to him alone. Clients call it after a login, with the cart that was filled before it.",
        request=None,
        responses=serializers.ClaimedCartSerializer,
    )
    def claim(self, request: Request, cart_id: UUID) -> Response:
        conflicts = services.bind_cart(cart_id=cart_id, user_id=request.user.pk)
        cart = selectors.priced_cart(cart_id=cart_id, user_id=request.user.pk)
        return Response(documents.claimed_document(cart, conflicts))

    @extend_schema(summary="Delete a cart", responses={204: None})
    def destroy(self, request: Request, cart_id: UUID) -> Response:
        services.delete_cart(cart_id=cart_id, user_id=request.user.pk)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(
        summary="Say where a cart goes",
        request=serializers.DeliverySerializer,
        responses=serializers.CartSerializer,
    )
    def set_delivery(self, request: Request, cart_id: UUID) -> Response:
        services.set_delivery(cart_id=cart_id, user_id=request.user.pk, **serializers.delivery(request.data))
        return self.priced(cart_id)

    @extend_schema(
        summary="The ways to send a cart",
        parameters=[
            OpenApiParameter("country", str, description="ISO 3166; the cart's own destination if left out"),
            OpenApiParameter("region", str),
            OpenApiParameter("postal_code", str),
            OpenApiParameter("all", bool, description="With those that cannot be had, and why"),
        ],
        responses=serializers.CartShippingMethodSerializer(many=True),
    )
    def shipping_methods(self, request: Request, cart_id: UUID) -> Response:
        offered = selectors.shipping_options_for_cart(
            cart_id=cart_id,
            user_id=request.user.pk,
            country=request.query_params.get("country", "").upper(),
            region=request.query_params.get("region", ""),
            postal_code=request.query_params.get("postal_code", ""),
        )
        everything = read_flag(request, "all")
        return Response(
            [documents.option_document(option) for option in offered if everything or option.refusal is None]
        )

    @extend_schema(
        summary="Why a cart costs what it costs",
        parameters=[AS_OF_PARAMETER],
        responses=dated.ReadExplanationSerializer,
    )
    def explanation(self, request: Request, cart_id: UUID) -> Response:
        if then := self.as_of(cart_id):
            return Response(dated.explanation_document(then))
        cart = selectors.priced_cart(cart_id=cart_id, user_id=request.user.pk)
        return Response(documents.explanation_document(cart))


class CartCouponViewSet(CartView):
    """The codes of one cart."""

    throttle_scopes: ClassVar[dict[str, str]] = {"create": "coupon"}

    @extend_schema(
        summary="Use a code", request=serializers.CouponSerializer, responses={201: serializers.CartSerializer}
    )
    def create(self, request: Request, cart_id: UUID) -> Response:
        body = serializers.CouponSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        cart = services.add_coupon(cart_id=cart_id, user_id=request.user.pk, code=body.validated_data["code"])
        return Response(documents.cart_document(cart), status=status.HTTP_201_CREATED)

    @extend_schema(summary="Take a code out", responses={200: serializers.CartSerializer})
    def destroy(self, request: Request, cart_id: UUID, code: str) -> Response:
        cart = services.remove_coupon(cart_id=cart_id, user_id=request.user.pk, code=code)
        return Response(documents.cart_document(cart))


class CartItemViewSet(CartView):
    """The lines of one cart."""

    @extend_schema(
        summary="Add to a cart",
        request=serializers.WantedLineSerializer,
        responses={201: serializers.CartSerializer},
    )
    def create(self, request: Request, cart_id: UUID) -> Response:
        line = serializers.wanted_line(request.data)
        services.add_item(cart_id=cart_id, user_id=request.user.pk, variant_id=line.variant_id, quantity=line.quantity)
        return self.priced(cart_id, status.HTTP_201_CREATED)

    @extend_schema(
        summary="Replace all lines of a cart",
        request=serializers.WantedLinesSerializer,
        responses=serializers.CartSerializer,
    )
    def replace(self, request: Request, cart_id: UUID) -> Response:
        lines = serializers.wanted_lines(request.data)
        services.replace_items(cart_id=cart_id, user_id=request.user.pk, lines=lines)
        return self.priced(cart_id)

    @extend_schema(
        summary="Set the quantity of a line",
        request=serializers.QuantitySerializer,
        responses=serializers.CartSerializer,
    )
    def partial_update(self, request: Request, cart_id: UUID, item_id: int) -> Response:
        services.set_quantity(
            cart_id=cart_id,
            user_id=request.user.pk,
            item_id=serializers.item_id(item_id),
            quantity=serializers.quantity(request.data),
        )
        return self.priced(cart_id)

    @extend_schema(summary="Take a line out of a cart", responses={204: None})
    def destroy(self, request: Request, cart_id: UUID, item_id: int) -> Response:
        services.remove_item(cart_id=cart_id, user_id=request.user.pk, item_id=serializers.item_id(item_id))
        return Response(status=status.HTTP_204_NO_CONTENT)
