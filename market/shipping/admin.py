"""Staff screens for where and how the shop sends."""

from typing import Any

from django import forms
from django.contrib import admin

from core.whole_admin import SavedWhole
from market.shipping import services
from market.shipping.models import ShippingMethod, ShippingStep, ShippingZone, ZoneArea


class AreaInline(admin.TabularInline):
    """The places of a zone."""

    model = ZoneArea
    extra = 1


@admin.register(ShippingZone)
class ShippingZoneAdmin(SavedWhole, admin.ModelAdmin):
    """Zones, each with its places. One to which methods go stays: they would go everywhere without it."""

    list_display = ["name", "position"]
    list_editable = ["position"]
    search_fields = ["name"]
    inlines = [AreaInline]
    part = "areas"
    make_row = staticmethod(services.make_zone)
    change_row = staticmethod(services.change_zone)
    delete_row = staticmethod(services.delete_zone)


class StepInline(admin.TabularInline):
    """The prices of a method that depends on weight or on the price of the goods."""

    model = ShippingStep
    extra = 1


@admin.register(ShippingMethod)
class ShippingMethodAdmin(SavedWhole, admin.ModelAdmin):
    """Methods in the order in which buyers see them."""

    list_display = ["label", "code", "kind", "price", "free_over", "delivery_days", "is_active", "position"]
    list_editable = ["is_active", "position"]
    search_fields = ["code", "label"]
    filter_horizontal = ["zones"]
    inlines = [StepInline]
    part = "steps"
    make_row = staticmethod(services.make_method)
    change_row = staticmethod(services.change_method)
    delete_row = staticmethod(services.delete_method)

    def get_readonly_fields(self, request, obj=None) -> list[str]:
        """The code is kept by carts and orders, so it stays what it was."""
        return ["code"] if obj else []

    def written(self, form: forms.ModelForm) -> dict[str, Any]:
        values = super().written(form)
        return values | {name: [zone.pk for zone in values[name]] for name in ("zones",) if name in values}
