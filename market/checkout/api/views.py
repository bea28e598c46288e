"""Orders over HTTP: place, list, open, change, cancel, pay again."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.idempotency import IDEMPOTENCY_KEY, IdempotentReplayMixin, idempotency_key
from core.api.permissions import IsStaffWithModelPermission
from core.idempotency import fingerprint_of
from core.languages import language_wanted
from market.checkout import services
from market.checkout.api.serializers import (
    CancelSerializer,
    ChangeStatusSerializer,
    CheckoutSerializer,
    PlacedOrderSerializer,
)
from market.checkout.services import Checkout
from market.orders.api.filters import OrderFilter
from market.orders.api.serializers import OrderSerializer
from market.orders.models import Order
from market.orders.selectors import order_to_open, visible_orders
from market.payments.api.serializers import PaymentSerializer, StartPaymentSerializer
from market.payments.models import Payment
from market.payments.selectors import view_of, view_of_number, with_view

CHANGE = "orders.change_order"
ORDER_TOKEN = OpenApiParameter(
    "X-Order-Token", OpenApiTypes.STR, OpenApiParameter.HEADER, description="The `access_token` of a guest's order."
)
TOKEN_IN_LINK = OpenApiParameter(
    "token", OpenApiTypes.STR, OpenApiParameter.QUERY, description="The same, for links in mails only."
)


class OrderViewSet(IdempotentReplayMixin, mixins.ListModelMixin, viewsets.GenericViewSet):
    """Placed orders: of their buyers, and of staff."""

    queryset = Order.objects.none()
    serializer_class = OrderSerializer
    filterset_class = OrderFilter
    lookup_field = "number"
    lookup_value_regex = "[0-9A-Z-]{1,16}"
    throttle_scopes = {"create": "checkout", "pay": "checkout"}
    permission_of_action = {"update": "change", "partial_update": "change"}
    problem_statuses = {"create": frozenset({"404"})}

    def get_permissions(self):
        if self.action == "list":
            return [IsAuthenticated()]
        if self.action in {"update", "partial_update"}:
            return [IsStaffWithModelPermission()]
        return [AllowAny()]

    def get_queryset(self):
        return with_view(visible_orders(user=self.request.user))

    def paginate_queryset(self, queryset):
        return [view_of(order) for order in super().paginate_queryset(queryset)]

    @extend_schema(
        request=CheckoutSerializer,
        responses={200: PlacedOrderSerializer, 201: PlacedOrderSerializer},
        parameters=[IDEMPOTENCY_KEY],
    )
    def create(self, request: Request) -> Response:
        """Order a cart. A repeat with the same key, or without one with the same body, gets the same order."""
        body = CheckoutSerializer(data=request.data, context={"request": request})
        body.is_valid(raise_exception=True)
        checkout = _checkout(request, body.validated_data)
        outcome = self.settle(services.place_order(checkout=checkout, key=idempotency_key(request)))
        view = outcome.result or view_of_number(number=outcome.reference)
        return Response(PlacedOrderSerializer(view).data, status=outcome.status)

    @extend_schema(parameters=[ORDER_TOKEN, TOKEN_IN_LINK])
    def retrieve(self, request: Request, number: str) -> Response:
        """One order: its buyer's, a guest's by his token, staff's."""
        order = order_to_open(
            number=number, user=request.user, token=_order_token(request) or request.query_params.get("token", "")
        )
        return self._shown(order)

    @extend_schema(request=ChangeStatusSerializer)
    def update(self, request: Request, number: str) -> Response:
        """Staff take the order to its next status."""
        body = ChangeStatusSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        order = order_to_open(number=number, user=request.user, staff_permission=CHANGE)
        services.change_status(order_id=order.pk, staff_id=request.user.pk, **body.validated_data)
        return self._shown(order)

    @extend_schema(request=ChangeStatusSerializer)
    def partial_update(self, request: Request, number: str) -> Response:
        """Staff take the order to its next status."""
        return self.update(request, number=number)

    @extend_schema(request=CancelSerializer, parameters=[ORDER_TOKEN])
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, number: str) -> Response:
        """Cancel it, until it is shipped. Canceled again, it is answered as it is."""
        body = CancelSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        order = self._order_to_change(request, number)
        services.cancel_order(order_id=order.pk, actor=_actor(request, order), **body.validated_data)
        return self._shown(order)

    @extend_schema(
        request=StartPaymentSerializer,
        responses={201: PaymentSerializer},
        parameters=[ORDER_TOKEN, IDEMPOTENCY_KEY],
    )
    @action(detail=True, methods=["post"], url_path="payments")
    def pay(self, request: Request, number: str) -> Response:
        """Pay again after a failed attempt, while the order waits for money."""
        body = StartPaymentSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        order = self._order_to_change(request, number)
        outcome = services.pay_again(
            order_id=order.pk,
            actor=_actor(request, order),
            caller=f"user:{request.user.pk}" if request.user.is_authenticated else f"order:{order.number}",
            key=idempotency_key(request),
            **body.validated_data,
        )
        self.settle(outcome)
        payment = Payment.objects.select_related("order").get(pk=outcome.reference)
        return Response(PaymentSerializer(payment).data, status=outcome.status)

    def _order_to_change(self, request: Request, number: str) -> Order:
        return order_to_open(number=number, user=request.user, token=_order_token(request), staff_permission=CHANGE)

    def _shown(self, order: Order) -> Response:
        return Response(self.get_serializer(view_of_number(number=order.number)).data)


def _checkout(request: Request, body: dict[str, Any]) -> Checkout:
    user = request.user
    customer_id = user.customer.pk if user.is_authenticated else None
    return Checkout(
        cart_id=body["cart"],
        user_id=user.pk,
        customer_id=customer_id,
        email=user.email if user.is_authenticated else body["email"],
        shipping_address=body.get("shipping_address"),
        shipping_address_id=body.get("shipping_address_id"),
        billing_address=body.get("billing_address"),
        shipping_method=body["shipping_method"],
        payment_provider=body["payment_provider"],
        expected_total=body.get("expected_total"),
        note=body["note"],
        fingerprint=fingerprint_of(customer_id, request.data),
        language=user.language
        if user.is_authenticated
        else language_wanted(request.headers.get("Accept-Language", "")),
    )


def _order_token(request: Request) -> str:
    return request.headers.get("X-Order-Token", "")


def _actor(request: Request, order: Order) -> str:
    """Who acts, for the history: the order's buyer, or else staff."""
    user = request.user
    is_buyer = not user.is_authenticated or order.customer_id == user.customer.pk
    return "customer" if is_buyer or not user.is_staff else f"staff:{user.pk}"
