"""Staff screens for lists of customers."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from core.refusals_admin import RefusalsShown
from market.pricing import services
from market.pricing.models import CustomerList


@admin.register(CustomerList)
class CustomerListAdmin(RefusalsShown, admin.ModelAdmin):
    """Customers whom staff chose. A list that active promotions are for stays."""

    list_display = ["name", "created_at"]
    search_fields = ["name"]
    autocomplete_fields = ["customers"]

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        field = super().formfield_for_manytomany(db_field, request, **options)
        field.queryset = field.queryset.select_related("user")  # whose names the form shows
        return field

    def delete_model(self, request: HttpRequest, obj: CustomerList) -> None:
        services.delete_customer_list(customer_list_id=obj.pk)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """One by one: what is in use stays, and says so."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions
