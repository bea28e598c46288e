"""Staff screens for promotions."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from core.errors import Invalid
from core.readonly_admin import ReadOnlyInline
from core.refusals_admin import RefusalsShown
from market.pricing import services
from market.pricing.models import Promotion, PromotionVersion

RULES_HELP = (
    "What it gives, on which goods, to whom, when and how often, as docs/pricing.md tells:"
    ' {"kind": "percentage", "value": "10", "min_subtotal": "50.00"}. Each change is a new version.'
)


class VersionInline(ReadOnlyInline):
    """What the promotion said before."""

    model = PromotionVersion
    fields = ["number", "label", "rules", "created_at"]


class PromotionForm(forms.ModelForm):
    """The columns that staff write; the others follow from the rules."""

    rules = forms.JSONField(help_text=RULES_HELP, widget=forms.Textarea(attrs={"rows": 12, "cols": 80}))

    class Meta:
        model = Promotion
        fields = ["label", "status", "rules"]

    def clean(self) -> dict[str, Any]:
        """What makes no sense is told beside what was typed, which stays."""
        values = super().clean()
        if isinstance(values.get("rules"), dict):
            try:
                services.read_rules(label=values.get("label", ""), rules=values["rules"])
            except Invalid as refusal:
                for error in refusal.errors:
                    self.add_error("rules", f"{error.field.removeprefix('rules.')}: {error.message}")
        elif "rules" in values:
            self.add_error("rules", "Give an object, with a kind.")
        return values


@admin.register(Promotion)
class PromotionAdmin(RefusalsShown, admin.ModelAdmin):
    """Promotions, newest first, each with its versions."""

    form = PromotionForm
    list_display = ["label", "kind", "status", "requires_coupon", "priority", "starts_at", "ends_at", "version"]
    list_filter = ["status", "kind", "requires_coupon"]
    search_fields = ["label"]
    show_full_result_count = False
    inlines = [VersionInline]

    def save_model(self, request: HttpRequest, obj: Promotion, form: forms.ModelForm, change: bool) -> None:
        values = {name: form.cleaned_data[name] for name in ("label", "rules")}
        status = form.cleaned_data["status"]
        if not change:
            obj.pk = services.create_promotion(**values, status=status).pk
            return
        services.update_promotion(promotion_id=obj.pk, **values)
        services.set_status(promotion_id=obj.pk, status=status)

    def delete_model(self, request: HttpRequest, obj: Promotion) -> None:
        services.delete_promotion(promotion_id=obj.pk)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """One by one: what orders have used stays, and says so."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions
