"""Staff screens for carts, wishlists and stock alerts: to look at, as they are their customer's."""

from django.contrib import admin

from market.carts.models import Cart, CartItem, StockAlert, Wishlist, WishlistItem


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


class WishlistItemInline(ReadOnlyAdmin, admin.TabularInline):
    """What is on a wishlist, without a query for each."""

    model = WishlistItem
    fields = ["variant", "created_at"]

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("variant").order_by("pk")


@admin.register(Wishlist)
class WishlistAdmin(ReadOnlyAdmin, admin.ModelAdmin):
    """Wishlists, the latest first."""

    list_display = ["title", "customer", "created_at", "updated_at"]
    list_select_related = ["customer__user"]
    search_fields = ["title", "customer__user__email"]
    ordering = ["-pk"]
    show_full_result_count = False
    inlines = [WishlistItemInline]


@admin.register(StockAlert)
class StockAlertAdmin(ReadOnlyAdmin, admin.ModelAdmin):
    """Who waits for what, the longest first."""

    list_display = ["variant", "product", "customer", "created_at"]
    list_select_related = ["variant__product", "customer__user"]
    search_fields = ["variant__sku", "variant__product__title", "customer__user__email"]
    ordering = ["pk"]
    show_full_result_count = False

    @admin.display(ordering="variant__product__title")
    def product(self, alert: StockAlert) -> str:
        return alert.variant.product.title
