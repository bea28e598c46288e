"""Staff screens for lists: of prices, and of customers."""

from django.contrib import admin

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
class CustomerListAdmin(admin.ModelAdmin):
    """Customers whom staff chose."""

    list_display = ["name", "created_at"]
    search_fields = ["name"]
    autocomplete_fields = ["customers"]
