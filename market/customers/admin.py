"""Customers in the admin."""

from django.contrib import admin

from core.readonly_admin import ReadOnlyInline
from market.customers.models import Address, Customer


class AddressInline(ReadOnlyInline):
    model = Address
    fields = ("name", "line1", "line2", "postal_code", "city", "country", "is_default_shipping", "is_default_billing")


@admin.register(Customer)
class CustomerAdmin(admin.ModelAdmin):
    """Made with the user and gone with the user; staff edit what the shop knows beside it."""

    list_display = ("user", "name", "phone", "created_at")
    list_select_related = ("user",)
    search_fields = ("user__email", "user__first_name", "user__last_name", "phone")
    date_hierarchy = "created_at"
    fields = ("user", "phone", "birth_date", "created_at", "updated_at")
    readonly_fields = ("user", "created_at", "updated_at")
    show_full_result_count = False
    inlines = (AddressInline,)

    @admin.display(ordering="user__last_name")
    def name(self, customer: Customer) -> str:
        return customer.user.full_name

    def has_add_permission(self, request) -> bool:
        return False

    def has_delete_permission(self, request, obj=None) -> bool:
        return False
