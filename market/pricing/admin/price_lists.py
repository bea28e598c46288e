"""Staff screens for price lists, and for the prices in them: thousands, so that those have pages of their own."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from core.whole_admin import SavedWhole
from market.pricing import selectors, services
from market.pricing.models import PriceList, PriceListEntry


@admin.register(PriceList)
class PriceListAdmin(SavedWhole, admin.ModelAdmin):
    """Lists of prices, for a tier or for everybody."""

    list_display = ["label", "tier", "is_active", "entries"]
    list_filter = ["is_active"]
    search_fields = ["label"]
    fields = ["label", "tier", "is_active", "entries"]
    readonly_fields = ["entries"]
    make_row = staticmethod(services.make_price_list)
    change_row = staticmethod(services.change_price_list)
    delete_row = staticmethod(services.delete_price_list)

    def get_queryset(self, request: HttpRequest) -> QuerySet[PriceList]:
        return selectors.price_lists()

    @admin.display(description="prices")
    def entries(self, price_list: PriceList) -> Any:
        if price_list.pk is None:
            return "Once it is saved."
        listed, add = (reverse(f"admin:pricing_pricelistentry_{name}") for name in ("changelist", "add"))
        return format_html(
            '<a href="{}?price_list={}">{}</a>, <a href="{}?price_list={}">add one</a>',
            *(listed, price_list.pk, price_list.entry_count, add, price_list.pk),
        )

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[list, dict, set, list]:
        """The prices go with their list, by the thousand."""
        return [str(price_list) for price_list in objs], {"price lists": len(objs)}, set(), []


@admin.register(PriceListEntry)
class PriceListEntryAdmin(SavedWhole, admin.ModelAdmin):
    """Prices of variants, by list; reached from their list."""

    list_display = ["variant", "price_list", "min_quantity", "price"]
    list_select_related = ["variant", "price_list"]
    search_fields = ["variant__sku", "price_list__label"]
    search_help_text = "SKU, or label of the list"
    ordering = ["price_list", "variant", "min_quantity", "pk"]
    autocomplete_fields = ["price_list", "variant"]
    show_full_result_count = False
    make_row = staticmethod(services.make_price_list_entry)
    change_row = staticmethod(services.change_price_list_entry)
    delete_row = staticmethod(services.delete_price_list_entry)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: PriceListEntry | None = None) -> list[str]:
        """A price stays in its list."""
        return ["price_list"] if obj else []

    def written(self, form: forms.ModelForm) -> dict[str, Any]:
        values = super().written(form)
        return {
            f"{name}_id" if name in {"price_list", "variant"} else name: getattr(value, "pk", value)
            for name, value in values.items()
        }
