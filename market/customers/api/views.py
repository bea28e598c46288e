"""The signed-in user's own profile and addresses; customers and their history for staff."""

from django.http import Http404
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import mixins, status, viewsets
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.accounts import services as accounts
from core.accounts.models import User
from core.api.keyset import Keyset
from market.customers import selectors, services
from market.customers.api.filters import CustomerFilter
from market.customers.api.permissions import ViewCustomerHistoryPermission
from market.customers.api.serializers import (
    CustomerDetailSerializer,
    CustomerSerializer,
    ErasureSerializer,
    ProfileSerializer,
    SavedAddressSerializer,
)
from market.customers.errors import AddressNotFound
from market.customers.models import Address, Customer
from market.orders.api.filters import OrderFilter
from market.orders.api.serializers import OrderSerializer
from market.orders.models import Order
from market.payments.selectors import view_of, with_view


class ProfileView(APIView):
    """There is no id in the address: nobody reaches another's profile."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(summary="The own profile", responses=ProfileSerializer)
    def get(self, request: Request) -> Response:
        return self._answer(request.user)

    @extend_schema(request=ProfileSerializer, responses=ProfileSerializer)
    def put(self, request: Request) -> Response:
        return self._update(request, partial=False)

    @extend_schema(request=ProfileSerializer, responses=ProfileSerializer)
    def patch(self, request: Request) -> Response:
        return self._update(request, partial=True)

    @extend_schema(
        summary="Have the account erased",
        description="Every login ends. Who signs in before `erase_at` keeps the account; orders under way come first.",
        responses={202: ErasureSerializer},
    )
    def delete(self, request: Request) -> Response:
        erase_at = accounts.request_erasure(user_id=request.user.pk)
        return Response(ErasureSerializer({"erase_at": erase_at}).data, status=status.HTTP_202_ACCEPTED)

    def _update(self, request: Request, *, partial: bool) -> Response:
        body = ProfileSerializer(request.user, data=request.data, partial=partial)
        body.is_valid(raise_exception=True)
        user = services.update_profile(user_id=request.user.pk, **body.changes())
        return self._answer(user)

    def _answer(self, user: User) -> Response:
        membership = selectors.membership_of(customer=user.customer)
        return Response(ProfileSerializer(user, context={"membership": membership}).data)


@extend_schema_view(list=extend_schema(summary="The own addresses"))
class AddressViewSet(mixins.ListModelMixin, viewsets.GenericViewSet):
    """Each caller's own; another's is absent."""

    queryset = Address.objects.none()
    permission_classes = (IsAuthenticated,)
    serializer_class = SavedAddressSerializer
    lookup_value_regex = "[0-9]{1,18}"
    orderings = {"created_at": Keyset(("id",))}

    def get_queryset(self):
        return selectors.addresses_of(customer_id=self.request.user.customer.pk)

    @extend_schema(summary="Save an address", responses={201: SavedAddressSerializer})
    def create(self, request: Request) -> Response:
        address = services.add_address(customer_id=request.user.customer.pk, **self._fields(request))
        return Response(SavedAddressSerializer(address).data, status=status.HTTP_201_CREATED)

    @extend_schema(summary="One of the own addresses")
    def retrieve(self, request: Request, pk: str) -> Response:
        address = self.get_queryset().filter(pk=pk).first()
        if address is None:
            raise AddressNotFound()
        return Response(SavedAddressSerializer(address).data)

    @extend_schema(summary="Replace an address")
    def update(self, request: Request, pk: str) -> Response:
        return self._update(request, pk, partial=False)

    @extend_schema(summary="Change an address")
    def partial_update(self, request: Request, pk: str) -> Response:
        return self._update(request, pk, partial=True)

    @extend_schema(
        summary="Forget an address", responses={204: OpenApiResponse(description="Orders keep their copies.")}
    )
    def destroy(self, request: Request, pk: str) -> Response:
        services.delete_address(customer_id=request.user.customer.pk, address_id=int(pk))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _update(self, request: Request, pk: str, *, partial: bool) -> Response:
        fields = self._fields(request, partial=partial)
        address = services.update_address(customer_id=request.user.customer.pk, address_id=int(pk), **fields)
        return Response(SavedAddressSerializer(address).data)

    def _fields(self, request: Request, *, partial: bool = False) -> dict:
        body = SavedAddressSerializer(data=request.data, partial=partial)
        body.is_valid(raise_exception=True)
        return body.validated_data


@extend_schema_view(list=extend_schema(summary="List customers"), retrieve=extend_schema(summary="One customer"))
class CustomerViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet):
    """For staff who may view customers; newest first."""

    queryset = Customer.objects.all()
    filterset_class = CustomerFilter
    lookup_value_regex = "[0-9]{1,18}"
    orderings = {"-created_at": Keyset(("id",), descending=True)}

    def get_serializer_class(self):
        return CustomerDetailSerializer if self.action == "retrieve" else CustomerSerializer

    def get_queryset(self):
        return selectors.customers_with_addresses() if self.action == "retrieve" else selectors.customers()


@extend_schema_view(list=extend_schema(summary="What a customer has ordered"))
class CustomerHistoryViewSet(mixins.ListModelMixin, viewsets.GenericViewSet):
    """The orders of one customer, newest first, for staff who may look at them."""

    queryset = Order.objects.none()
    permission_classes = (ViewCustomerHistoryPermission,)
    serializer_class = OrderSerializer
    filterset_class = OrderFilter

    def get_queryset(self):
        customer_id = int(self.kwargs.get("customer_id", 0))
        if not Customer.objects.filter(pk=customer_id).exists():
            raise Http404
        return with_view(Order.objects.of_customer(customer_id).newest_first())

    def paginate_queryset(self, queryset):
        return [view_of(order) for order in super().paginate_queryset(queryset)]
