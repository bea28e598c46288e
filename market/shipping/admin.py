"""Staff screens for shipping methods."""

from django.contrib import admin

from market.shipping.models import ShippingMethod


@admin.register(ShippingMethod)
class ShippingMethodAdmin(admin.ModelAdmin):
    """Methods in the order in which buyers see them."""

    list_display = ["label", "code", "price", "delivery_days", "is_active", "position"]
    list_editable = ["is_active", "position"]
    search_fields = ["code", "label"]

    def get_readonly_fields(self, request, obj=None) -> list[str]:
        """The code is kept by carts and orders, so it stays what it was."""
        return ["code"] if obj else []
