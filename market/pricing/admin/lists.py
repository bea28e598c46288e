"""Staff screens for lists: of prices, and of customers."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from core.refusals_admin import RefusalsShown
from market.pricing import services
from market.pricing.models import CustomerList, PriceList, PriceListEntry


class EntryInline(admin.TabularInline):
    """The prices of a list."""

    model = PriceListEntry
    extra = 1
    autocomplete_fields = ["variant"]


@admin.register(PriceList)
class PriceListAdmin(admin.ModelAdmin):
    """Lists of prices, for a tier or for everybody."""

    list_display = ["label", "tier", "is_active"]
    list_filter = ["is_active"]
    search_fields = ["label"]
    inlines = [EntryInline]


@admin.register(CustomerList)
class CustomerListAdmin(RefusalsShown, admin.ModelAdmin):
    """Customers whom staff chose. A list that active promotions are for stays."""

    list_display = ["name", "created_at"]
    search_fields = ["name"]
    autocomplete_fields = ["customers"]

    def delete_model(self, request: HttpRequest, obj: CustomerList) -> None:
        services.delete_customer_list(customer_list_id=obj.pk)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """One by one: what is in use stays, and says so."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions
