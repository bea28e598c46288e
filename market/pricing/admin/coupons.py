"""Staff screens for codes, and for who used which promotion."""

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from core.errors import Invalid
from core.readonly_admin import ReadOnlyAdmin
from core.refusals_admin import RefusalsShown
from market.pricing import services
from market.pricing.errors import CodeNotNeeded
from market.pricing.models import Coupon, Promotion, PromotionUse
from market.pricing.rules import normal_code


class CouponForm(forms.ModelForm):
    """A code as it is compared."""

    class Meta:
        model = Coupon
        fields = ["promotion", "code", "usage_limit", "is_active"]
        help_texts = {"usage_limit": "So many orders; any number when empty."}

    def clean_promotion(self) -> Promotion:
        """A code of a promotion that is for everybody would open nothing."""
        promotion = self.cleaned_data["promotion"]
        if not promotion.requires_coupon:
            raise forms.ValidationError(CodeNotNeeded.title, code="invalid")
        return promotion

    def clean_usage_limit(self) -> int | None:
        """Where many are made 0 is any number; here it would be a code for nobody."""
        if self.cleaned_data["usage_limit"] == 0:
            raise forms.ValidationError("Give 1 or more, or nothing for any number.", code="min_value")
        return self.cleaned_data["usage_limit"]

    def clean_code(self) -> str:
        """What is wrong with it is told at the field, before the rules of the table say it in their own words."""
        try:
            services.check_new_code(code=self.cleaned_data["code"])
        except Invalid as refusal:
            raise forms.ValidationError(refusal.errors[0].message, code="invalid") from None
        return normal_code(self.cleaned_data["code"])


@admin.register(Coupon)
class CouponAdmin(RefusalsShown, admin.ModelAdmin):
    """Codes. What a code opens stays as it was; it may be switched off."""

    list_display = ["code", "promotion", "uses", "usage_limit", "is_active", "batch"]
    list_filter = ["is_active"]
    list_select_related = ["promotion"]
    search_fields = ["code", "batch"]
    show_full_result_count = False
    autocomplete_fields = ["promotion"]
    form = CouponForm

    def get_readonly_fields(self, request: HttpRequest, obj: Coupon | None = None) -> list[str]:
        return [] if obj is None else ["promotion", "code", "usage_limit"]

    def save_model(self, request: HttpRequest, obj: Coupon, form: forms.ModelForm, change: bool) -> None:
        if change:
            services.update_coupon(coupon_id=obj.pk, is_active=form.cleaned_data["is_active"])
            return
        made = services.create_coupon(
            promotion_id=form.cleaned_data["promotion"].pk,
            code=form.cleaned_data["code"],
            usage_limit=form.cleaned_data["usage_limit"],
        )
        obj.pk = made.pk

    def has_delete_permission(self, request: HttpRequest, obj: Coupon | None = None) -> bool:
        return False


@admin.register(PromotionUse)
class PromotionUseAdmin(ReadOnlyAdmin):
    """Which orders used which promotion."""

    list_display = ["order_number", "promotion", "version", "code", "identity", "amount", "created_at"]
    list_select_related = ["promotion"]
    search_fields = ["order_number", "code", "identity"]
