"""Customers and the tiers of their membership in the admin."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from core.readonly_admin import ReadOnlyInline
from core.refusals_admin import RefusalsShown
from market.customers import services
from market.customers.models import Address, Customer, Membership, MembershipChange, MembershipTier


class AddressInline(ReadOnlyInline):
    model = Address
    fields = ("name", "line1", "line2", "postal_code", "city", "country", "is_default_shipping", "is_default_billing")


class MembershipInline(ReadOnlyInline):
    model = Membership
    fields = ("tier", "since", "spent_12m", "below_since", "updated_at")


class MembershipChangeInline(ReadOnlyInline):
    model = MembershipChange
    fields = ("at", "from_tier", "to_tier", "spent_12m")

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("from_tier", "to_tier")


@admin.register(Customer)
class CustomerAdmin(admin.ModelAdmin):
    """Made with the user and gone with the user; staff edit what the shop knows beside it."""

    list_display = ("user", "name", "tier", "phone", "created_at")
    list_filter = ("membership__tier",)
    list_select_related = ("user", "membership__tier")
    search_fields = ("user__email", "user__first_name", "user__last_name", "phone")
    date_hierarchy = "created_at"
    fields = ("user", "phone", "birth_date", "created_at", "updated_at")
    readonly_fields = ("user", "created_at", "updated_at")
    show_full_result_count = False
    inlines = (MembershipInline, MembershipChangeInline, AddressInline)

    @admin.display(ordering="user__last_name")
    def name(self, customer: Customer) -> str:
        return customer.user.full_name

    @admin.display(ordering="membership__tier__rank")
    def tier(self, customer: Customer) -> str:
        return str(customer.membership.tier) if hasattr(customer, "membership") else ""

    def has_add_permission(self, request) -> bool:
        return False

    def has_delete_permission(self, request, obj=None) -> bool:
        return False


@admin.register(MembershipTier)
class MembershipTierAdmin(RefusalsShown, admin.ModelAdmin):
    """The three tiers: what each takes and brings. Customers follow with their next order or at night."""

    list_display = ("title", "threshold", "discount_percent", "has_free_shipping")
    fields = ("title", "threshold", "discount_percent", "has_free_shipping")
    field_options = {"threshold": {"min_value": 0}, "discount_percent": {"min_value": 0, "max_value": 100}}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: MembershipTier | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: MembershipTier, form: forms.ModelForm, change: bool) -> None:
        changes = {name: form.cleaned_data[name] for name in form.changed_data}
        services.update_tier(tier_id=obj.pk, changes=changes)
