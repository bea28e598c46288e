"""Payments over HTTP."""

from drf_spectacular.utils import extend_schema
from rest_framework import viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from market.payments import services
from market.payments.api.serializers import PaymentSerializer
from market.payments.models import Payment


class PaymentViewSet(viewsets.GenericViewSet):
    """Attempts to pay orders."""

    queryset = Payment.objects.none()
    serializer_class = PaymentSerializer
    lookup_value_converter = "uuid"
    permission_of_action = {"confirm": "change"}

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, pk) -> Response:
        """Staff mark a manual payment as paid. Confirmed again, it is answered as it is."""
        payment = services.confirm_payment(payment_id=pk, actor=f"staff:{request.user.pk}")
        return Response(self.get_serializer(payment).data)
