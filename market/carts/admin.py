"""Staff screens for carts: to look at, as a cart is its buyer's."""

from django.contrib import admin

from market.carts.models import Cart, CartItem


class ReadOnlyAdmin(admin.options.BaseModelAdmin):
    """Nobody adds, changes or deletes here."""

    def has_add_permission(self, request, obj=None) -> bool:
        return False

    def has_change_permission(self, request, obj=None) -> bool:
        return False

    def has_delete_permission(self, request, obj=None) -> bool:
        return False


class CartItemInline(ReadOnlyAdmin, admin.TabularInline):
    """The lines, without a query for each."""

    model = CartItem
    fields = ["variant", "quantity", "unit_price", "created_at", "updated_at"]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("variant").order_by("pk")


@admin.register(Cart)
class CartAdmin(ReadOnlyAdmin, admin.ModelAdmin):
    """Carts, the latest first."""

    list_display = ["id", "customer", "country", "order_number", "updated_at", "expires_at"]
    list_select_related = ["customer__user"]
    search_fields = ["id", "order_number", "customer__user__email"]
    ordering = ["-updated_at"]
    show_full_result_count = False
    inlines = [CartItemInline]
