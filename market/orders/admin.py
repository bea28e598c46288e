"""Staff screens for orders: everything is read, and changed by actions that are the API's services."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest

from core.errors import ShopError
from market.checkout import services as checkout
from market.orders.models import Order, OrderEvent, OrderItem
from market.payments import services as payments
from market.payments.models import Payment


class ReadOnly:
    """Rows that staff read and nobody types into."""

    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [field.name for field in self.model._meta.fields]


class OrderItemInline(ReadOnly, admin.TabularInline):
    model = OrderItem
    fields = ["sku", "title", "quantity", "unit_price", "discount_total", "tax_rate", "tax_total", "line_total"]


class PaymentInline(ReadOnly, admin.TabularInline):
    model = Payment
    fields = ["id", "provider", "amount", "currency", "status", "captured_at"]


class OrderEventInline(ReadOnly, admin.TabularInline):
    model = OrderEvent
    fields = ["at", "kind", "status", "detail", "actor"]


@admin.register(Order)
class OrderAdmin(ReadOnly, admin.ModelAdmin):
    """Orders, newest first."""

    list_display = ["number", "placed_at", "email", "status", "payment_status", "grand_total", "currency"]
    list_filter = ["status", "payment_status", "placed_at"]
    search_fields = ["number", "email", "items__sku"]
    search_help_text = "Number, email or SKU"
    date_hierarchy = "placed_at"
    show_full_result_count = False
    inlines = [OrderItemInline, PaymentInline, OrderEventInline]
    actions = ["mark_paid", "mark_confirmed", "mark_processing", "mark_shipped", "mark_delivered", "cancel"]

    def has_payment_permission(self, request: HttpRequest) -> bool:
        """Who may say that money came: whoever may say so over the API."""
        return request.user.has_perm("payments.change_payment")

    @admin.action(description="Mark the payment as received", permissions=["payment"])
    def mark_paid(self, request: HttpRequest, queryset) -> None:
        actor = f"staff:{request.user.pk}"
        self._each(request, queryset, lambda order: payments.confirm_open_payment(order_id=order.pk, actor=actor))

    @admin.action(description="Confirm without payment", permissions=["change"])
    def mark_confirmed(self, request: HttpRequest, queryset) -> None:
        self._move(request, queryset, Order.Status.CONFIRMED)

    @admin.action(description="Start processing", permissions=["change"])
    def mark_processing(self, request: HttpRequest, queryset) -> None:
        self._move(request, queryset, Order.Status.PROCESSING)

    @admin.action(description="Mark as shipped", permissions=["change"])
    def mark_shipped(self, request: HttpRequest, queryset) -> None:
        self._move(request, queryset, Order.Status.SHIPPED)

    @admin.action(description="Mark as delivered", permissions=["change"])
    def mark_delivered(self, request: HttpRequest, queryset) -> None:
        self._move(request, queryset, Order.Status.DELIVERED)

    @admin.action(description="Cancel and give the units back to sale", permissions=["change"])
    def cancel(self, request: HttpRequest, queryset) -> None:
        actor = f"staff:{request.user.pk}"
        self._each(request, queryset, lambda order: checkout.cancel_order(order_id=order.pk, actor=actor))

    def _move(self, request: HttpRequest, queryset, status: str) -> None:
        staff_id = request.user.pk
        self._each(
            request,
            queryset,
            lambda order: checkout.change_status(order_id=order.pk, status=status, staff_id=staff_id),
        )

    def _each(self, request: HttpRequest, queryset, change: Callable[[Order], object]) -> None:
        """Change the orders one by one, each in its own transaction; refusals are shown."""
        changed = 0
        for order in queryset.order_by("pk"):
            try:
                change(order)
            except ShopError as refusal:
                self.message_user(request, f"{order.number}: {refusal.detail}", messages.WARNING)
            else:
                changed += 1
        if changed:
            self.message_user(request, f"Done for {changed} orders.", messages.SUCCESS)
