"""Staff screens for where and how the shop sends."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from core.refusals_admin import RefusalsShown
from market.shipping import services
from market.shipping.models import ShippingMethod, ShippingStep, ShippingZone, ZoneArea


class AreaInline(admin.TabularInline):
    """The places of a zone."""

    model = ZoneArea
    extra = 1


@admin.register(ShippingZone)
class ShippingZoneAdmin(RefusalsShown, admin.ModelAdmin):
    """Zones, each with its places. One to which methods go stays: they would go everywhere without it."""

    list_display = ["name", "position"]
    list_editable = ["position"]
    search_fields = ["name"]
    inlines = [AreaInline]

    def delete_model(self, request: HttpRequest, obj: ShippingZone) -> None:
        services.delete_zone(row_id=obj.pk)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """One by one: what is in use stays, and says so."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions


class StepInline(admin.TabularInline):
    """The prices of a method that depends on weight or on the price of the goods."""

    model = ShippingStep
    extra = 1


@admin.register(ShippingMethod)
class ShippingMethodAdmin(admin.ModelAdmin):
    """Methods in the order in which buyers see them."""

    list_display = ["label", "code", "kind", "price", "free_over", "delivery_days", "is_active", "position"]
    list_editable = ["is_active", "position"]
    search_fields = ["code", "label"]
    filter_horizontal = ["zones"]
    inlines = [StepInline]

    def get_readonly_fields(self, request, obj=None) -> list[str]:
        """The code is kept by carts and orders, so it stays what it was."""
        return ["code"] if obj else []
