"""Staff screens for tax rates."""

from decimal import Decimal

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from core.refusals_admin import DeletedOneByOne
from market.catalog.selectors import count_products_of_class
from market.taxes import services
from market.taxes.models import TaxRate


@admin.register(TaxRate)
class TaxRateAdmin(DeletedOneByOne, admin.ModelAdmin):
    """Rates by country; the one for everywhere else stays, or goods would go untaxed unnoticed."""

    list_display = ["name", "tax_class", "country", "region", "rate"]
    list_filter = ["tax_class"]
    search_fields = ["name", "country", "region"]
    field_options = {"rate": {"min_value": 0, "max_value": Decimal("0.9999")}}

    def has_delete_permission(self, request: HttpRequest, obj: TaxRate | None = None) -> bool:
        if obj is not None and obj.is_rest_of_world:
            return False
        return super().has_delete_permission(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: TaxRate | None = None) -> list[str]:
        return ["country", "region", "tax_class"] if obj is not None and obj.is_rest_of_world else []

    def save_model(self, request: HttpRequest, obj: TaxRate, form: forms.ModelForm, change: bool) -> None:
        if change:
            services.change_rate(row_id=obj.pk, changes=form.cleaned_data, count_products=count_products_of_class)
        else:
            obj.pk = services.make_rate(values=form.cleaned_data).pk

    def delete_model(self, request: HttpRequest, obj: TaxRate) -> None:
        services.delete_rate(row_id=obj.pk, count_products=count_products_of_class)
