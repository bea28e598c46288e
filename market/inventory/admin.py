"""Staff screens for stock: counts are read, and moved with a reason; the ledger is only read."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from core.readonly_admin import ReadOnlyAdmin
from core.refusals_admin import RefusalsShown
from market.inventory import services
from market.inventory.models import Reservation, StockItem, StockMovement


class MoveForm(forms.ModelForm):
    """Units that came or went, and why."""

    quantity = forms.IntegerField(
        required=False, initial=0, label="Move", help_text="Units that came, or went (negative); 0 moves nothing."
    )
    reason = forms.CharField(
        required=False,
        max_length=StockMovement._meta.get_field("reason").max_length,
        help_text="Why they came or went.",
    )

    class Meta:
        model = StockItem
        fields = ["variant", "low_stock_threshold"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("quantity") and not cleaned.get("reason"):
            self.add_error("reason", "Give a reason for the move.")
        return cleaned


@admin.register(StockItem)
class StockItemAdmin(RefusalsShown, admin.ModelAdmin):
    """The stock of each variant."""

    form = MoveForm
    list_display = ["sku", "product", "on_hand", "reserved", "units_available", "low_stock_threshold", "updated_at"]
    list_select_related = ["variant__product"]
    search_fields = ["variant__sku", "variant__product__title"]
    search_help_text = "SKU or title"
    ordering = ["variant__sku"]
    show_full_result_count = False
    autocomplete_fields = ["variant"]
    fields = ["variant", "on_hand", "reserved", "low_stock_threshold", "quantity", "reason"]

    @admin.display(description="SKU", ordering="variant__sku")
    def sku(self, stock: StockItem) -> str:
        return stock.variant.sku

    @admin.display(ordering="variant__product__title")
    def product(self, stock: StockItem) -> str:
        return stock.variant.product.title

    @admin.display(description="available")
    def units_available(self, stock: StockItem) -> int:
        return stock.available

    def get_readonly_fields(self, request: HttpRequest, obj: StockItem | None = None) -> list[str]:
        return ["on_hand", "reserved", *(["variant"] if obj else [])]

    def has_delete_permission(self, request: HttpRequest, obj: StockItem | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: StockItem, form: MoveForm, change: bool) -> None:
        threshold = form.cleaned_data["low_stock_threshold"]
        services.set_low_stock_threshold(variant_id=obj.variant_id, low_stock_threshold=threshold)
        if quantity := form.cleaned_data["quantity"]:
            services.move_stock(
                variant_id=obj.variant_id,
                quantity=quantity,
                reason=form.cleaned_data["reason"],
                actor_id=request.user.pk,
            )


@admin.register(StockMovement)
class StockMovementAdmin(ReadOnlyAdmin):
    """The ledger, newest first."""

    list_display = ["created_at", "variant", "kind", "quantity", "reason", "reference", "actor"]
    list_filter = ["kind", "created_at"]
    list_select_related = ["variant", "actor"]
    search_fields = ["variant__sku", "reference", "reason"]
    ordering = ["-pk"]
    show_full_result_count = False


@admin.register(Reservation)
class ReservationAdmin(ReadOnlyAdmin):
    """What is kept for which order."""

    list_display = ["reference", "variant", "quantity", "state", "expires_at", "created_at"]
    list_filter = ["state"]
    list_select_related = ["variant"]
    search_fields = ["reference", "variant__sku"]
    ordering = ["-pk"]
    show_full_result_count = False
