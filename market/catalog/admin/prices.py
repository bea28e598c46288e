"""Staff screens for prices that are planned."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.widgets import AutocompleteSelectMultiple
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from core.errors import ShopError
from core.readonly_admin import ReadOnlyInline
from core.refusals_admin import RefusalsShown
from market.catalog import services
from market.catalog.models import PlannedPrice, Product, Variant
from market.catalog.services import MAX_CHANGES, NewPriceChange

WRITTEN = ["price", "compare_at_price", "removes_compare_at", "starts_at", "ends_at"]
# On a product's page: what is still to come, and the last that was.
SHOWN = 20


def may_plan(request: HttpRequest) -> bool:
    """Whether this member of staff plans prices, and sees what is planned: whoever may change variants."""
    return request.user.has_perm("catalog.change_variant")


class PlannedPriceForm(forms.ModelForm):
    """When, and what then; the variants are chosen once."""

    variants = forms.ModelMultipleChoiceField(
        Variant.objects.all(),
        widget=AutocompleteSelectMultiple(PlannedPrice._meta.get_field("variant"), admin.site),
        help_text=f"All of them get this price; {MAX_CHANGES} at most.",
    )

    class Meta:
        model = PlannedPrice
        fields = WRITTEN

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in {"starts_at", "ends_at"} & self.fields.keys():
            field = self.fields[name]
            field.help_text = f"{field.help_text}. In {settings.TIME_ZONE}.".removeprefix(". ")
        if self.instance.pk:
            self.fields.pop("variants", None)

    def clean(self) -> dict[str, Any]:
        """What makes no sense by itself is told beside what was typed, which stays."""
        values = super().clean()
        if values.get("starts_at") is not None:
            new = NewPriceChange(variant_id=0, **{name: values.get(name) for name in WRITTEN})
            for problem in services.price_change_problems(new, now=timezone.now()):
                self.add_error(problem.field, problem.message)
        return values


@admin.register(PlannedPrice)
class PlannedPriceAdmin(RefusalsShown, admin.ModelAdmin):
    """Prices from a moment on, for whoever may change variants. Changed and canceled while they are planned.

    What has begun and has an end is given another one.
    """

    form = PlannedPriceForm
    list_display = ["sku", "state", "price", "compare_at_price", "starts_at", "ends_at", "detail"]
    list_filter = ["state"]
    search_fields = ["sku"]
    show_full_result_count = False
    actions = ["cancel"]
    field_options = {"price": {"min_value": 0}, "compare_at_price": {"min_value": 0}}

    def has_module_permission(self, request: HttpRequest) -> bool:
        return may_plan(request)

    def has_view_permission(self, request: HttpRequest, obj: PlannedPrice | None = None) -> bool:
        return may_plan(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may_plan(request)

    def has_change_permission(self, request: HttpRequest, obj: PlannedPrice | None = None) -> bool:
        return may_plan(request) and (obj is None or bool(self._open_fields(obj)))

    def has_delete_permission(self, request: HttpRequest, obj: PlannedPrice | None = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: PlannedPrice | None = None) -> list[str]:
        told = ["sku", "state", "detail", "given_price", "former_price"]
        return ["variants", *WRITTEN] if obj is None else [*told, *WRITTEN]

    def get_readonly_fields(self, request: HttpRequest, obj: PlannedPrice | None = None) -> list[str]:
        if obj is None:
            return []
        return [name for name in self.get_fields(request, obj) if name not in self._open_fields(obj)]

    @staticmethod
    def _open_fields(obj: PlannedPrice) -> list[str]:
        if obj.state == PlannedPrice.State.PLANNED:
            return WRITTEN
        return ["ends_at"] if obj.plan.is_open else []

    def save_model(self, request: HttpRequest, obj: PlannedPrice, form: forms.ModelForm, change: bool) -> None:
        values = {name: form.cleaned_data[name] for name in WRITTEN if name in form.cleaned_data}
        if change:
            services.update_price_change(price_change_id=obj.pk, changes=values)
            return
        variants = form.cleaned_data["variants"]
        made = services.plan_price_changes(
            changes=[NewPriceChange(variant_id=variant.pk, **values) for variant in variants]
        )
        obj.pk, obj.sku = made[0].pk, made[0].sku

    @admin.action(description="Cancel selected planned prices", permissions=["change"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[PlannedPrice]) -> None:
        canceled = 0
        for planned in queryset.order_by("pk"):
            try:
                services.cancel_price_change(price_change_id=planned.pk)
                canceled += 1
            except ShopError as refusal:
                self.message_user(request, f"{planned}: {refusal.detail}", messages.WARNING)
        if canceled:
            self.message_user(request, f"Canceled: {canceled}.", messages.SUCCESS)


class PlannedPriceInline(ReadOnlyInline):
    """What is planned for a variant, and was."""

    model = PlannedPrice
    fields = [*WRITTEN, "state", "detail"]
    ordering = ["-starts_at"]
    show_change_link = True

    def has_view_permission(self, request: HttpRequest, obj: Variant | None = None) -> bool:
        return may_plan(request)


def planned_prices_of(product: Product) -> SafeString:
    """What is planned for a product's variants, latest first, and where more is planned: one query."""
    rows = PlannedPrice.objects.filter(variant__product=product).order_by("-starts_at", "-pk")[:SHOWN]
    lines = format_html_join(
        "",
        '<li><a href="{}">{}</a> from {}{}: {}{}</li>',
        (
            (
                reverse("admin:catalog_plannedprice_change", args=[row.pk]),
                row.sku,
                f"{row.starts_at:%Y-%m-%d %H:%M}",
                "" if row.ends_at is None else f" until {row.ends_at:%Y-%m-%d %H:%M}",
                "the price stays" if row.price is None else row.price,
                f" ({row.state}: {row.detail})" if row.detail else f" ({row.state})",
            )
            for row in rows
        ),
    )
    return format_html('<ul>{}</ul><a href="{}">Plan a price</a>', lines, reverse("admin:catalog_plannedprice_add"))
