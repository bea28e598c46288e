"""Staff screens for payments."""

from django.contrib import admin, messages
from django.http import HttpRequest

from core.errors import ShopError
from core.readonly_admin import ReadOnlyAdmin
from market.payments import services
from market.payments.models import Payment, Refund


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    """Attempts to pay, newest first. Changed by the actions alone."""

    list_display = ["created_at", "order", "provider", "amount", "currency", "status", "captured_at"]
    list_filter = ["status", "provider"]
    list_select_related = ["order"]
    ordering = ["-created_at"]
    search_fields = ["id", "order__number", "order__email", "provider_reference"]
    actions = ["confirm", "fail"]

    @admin.action(description="Mark as received", permissions=["change"])
    def confirm(self, request: HttpRequest, queryset) -> None:
        self._each(request, queryset, services.confirm_payment)

    @admin.action(description="Mark as failed", permissions=["change"])
    def fail(self, request: HttpRequest, queryset) -> None:
        self._each(request, queryset, services.fail_payment)

    def _each(self, request: HttpRequest, queryset, change) -> None:
        for payment in queryset.select_related("order"):
            try:
                change(payment_id=payment.pk, actor=f"staff:{request.user.pk}")
            except ShopError as refusal:
                self.message_user(request, f"{payment.order.number}: {refusal.detail}", messages.WARNING)
            else:
                self.message_user(request, f"{payment.order.number}: done.", messages.SUCCESS)


@admin.register(Refund)
class RefundAdmin(ReadOnlyAdmin):
    """Money that went back, newest first."""

    list_display = ["refunded_at", "payment", "order", "amount", "reference"]
    list_select_related = ["payment__order"]
    ordering = ["-refunded_at", "-pk"]
    search_fields = ["payment__order__number", "reference"]

    @admin.display(description="Order")
    def order(self, refund: Refund) -> str:
        return refund.payment.order.number
