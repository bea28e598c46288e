"""Staff screens for tax rates."""

from django.contrib import admin

from market.taxes.models import TaxRate


@admin.register(TaxRate)
class TaxRateAdmin(admin.ModelAdmin):
    """Rates by country; the one for everywhere else stays, or goods would go untaxed unnoticed."""

    list_display = ["name", "tax_class", "country", "region", "rate"]
    list_filter = ["tax_class"]
    search_fields = ["name", "country", "region"]

    def has_delete_permission(self, request, obj=None) -> bool:
        if obj is not None and obj.is_rest_of_world:
            return False
        return super().has_delete_permission(request, obj)

    def get_readonly_fields(self, request, obj=None) -> list[str]:
        return ["country", "region", "tax_class"] if obj is not None and obj.is_rest_of_world else []
