"""Staff screens for orders: everything is read, and changed by actions that are the API's services."""

from collections.abc import Callable

from django.contrib import admin, messages
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from core.errors import ShopError
from core.readonly_admin import ReadOnlyAdmin, ReadOnlyInline
from market.checkout import services as checkout
from market.orders.models import Order, OrderEvent, OrderItem
from market.payments import services as payments
from market.payments.models import Payment
from market.pricing.rules import promotion_steps, told_to_staff

LINE = SafeString("<br>")
# Columns of JSON, and by which method staff read them.
READ_AS = {"discounts": "discounts_given", "shipping_address": "ships_to", "billing_address": "bills_to"}


def address_lines(address: dict[str, str]) -> str:
    """The address as on a parcel, without what was left empty."""
    town = [address.get(name) for name in ("city", "region", "postal_code", "country")]
    parts = [*(address.get(name) for name in ("name", "line1", "line2")), ", ".join(filter(None, town))]
    return format_html_join(LINE, "{}", ((part,) for part in [*parts, address.get("phone")] if part)) or "-"


class OrderItemInline(ReadOnlyInline):
    model = OrderItem
    fields = ["sku", "title", "quantity", "unit_price", "discount_total", "tax_rate", "tax_total", "line_total"]


class PaymentInline(ReadOnlyInline):
    model = Payment
    fields = ["id", "provider", "amount", "currency", "status", "captured_at"]


class OrderEventInline(ReadOnlyInline):
    model = OrderEvent
    fields = ["at", "kind", "status", "detail", "actor"]


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    """Orders, newest first."""

    list_display = ["number", "placed_at", "email", "status", "payment_status", "grand_total", "currency"]
    list_filter = ["status", "payment_status", "placed_at"]
    search_fields = ["number", "email", "items__sku"]
    search_help_text = "Number, email or SKU"
    date_hierarchy = "placed_at"
    exclude = [*READ_AS]
    inlines = [OrderItemInline, PaymentInline, OrderEventInline]
    actions = ["mark_paid", "mark_confirmed", "mark_processing", "mark_shipped", "mark_delivered", "cancel"]

    class Media:
        css = {"all": ["orders/order.css"]}

    def get_readonly_fields(self, request: HttpRequest, obj: Order | None = None) -> list[str]:
        return [*(READ_AS.get(name, name) for name in super().get_readonly_fields(request, obj)), "promotions"]

    @admin.display(description="discounts")
    def discounts_given(self, order: Order) -> str:
        rows = ((row["label"], row["amount"], row["target"]) for row in order.discounts)
        return format_html_join(LINE, "{}: {} off the {}", rows) or "-"

    @admin.display(description="shipping address")
    def ships_to(self, order: Order) -> str:
        return address_lines(order.shipping_address)

    @admin.display(description="billing address")
    def bills_to(self, order: Order) -> str:
        return address_lines(order.billing_address)

    @admin.display(description="promotions")
    def promotions(self, order: Order) -> str:
        """Which were considered when it was placed, and what became of each."""
        steps = promotion_steps(order.quote.trace) if hasattr(order, "quote") else []
        return format_html_join(LINE, "{}", ((told_to_staff(step),) for step in steps)) or "-"

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
