"""Staff screens for promotions."""

import uuid
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.urls import path, reverse
from django.utils import timezone

from core.operations.errors import RunNotFound
from core.operations.selectors import run_for
from core.readonly_admin import ReadOnlyInline
from core.refusals_admin import DeletedOneByOne, refused
from core.spreadsheets import csv_lines
from market.pricing import selectors, services
from market.pricing.admin.promotion_form import FIELDSETS, PromotionForm
from market.pricing.admin.reading import READ_ONLY, rules_table
from market.pricing.errors import PromotionNotFound
from market.pricing.models import LABEL_LENGTH, Coupon, Promotion, PromotionVersion
from market.pricing.rules import normal_code
from market.pricing.services.coupons import GENERATE_COUPONS
from market.pricing.services.simulating import request_simulation


class VersionInline(ReadOnlyInline):
    """What the promotion said before."""

    model = PromotionVersion
    fields = ["number", "label", "rules", "created_at"]
    classes = ["collapse"]


@admin.register(Promotion)
class PromotionAdmin(DeletedOneByOne, admin.ModelAdmin):
    """Promotions, newest first, each with its versions. Times are shown and typed in the shop's time zone."""

    form = PromotionForm
    list_display = ["title", "kind", "status", "needs_code", "priority", "starts_at", "ends_at", "version"]
    list_filter = ["status", "kind", "requires_coupon"]
    search_fields = ["name", "label"]
    search_help_text = "Name, label, or one of its codes"
    show_full_result_count = False
    inlines = [VersionInline]

    class Media:
        css = {"all": ["pricing/promotion.css"]}
        js = ["pricing/promotion.js"]

    @admin.display(description="name", ordering="name")
    def title(self, promotion: Promotion) -> str:
        return promotion.title

    @admin.display(description="code", ordering="requires_coupon", boolean=True)
    def needs_code(self, promotion: Promotion) -> bool:
        return promotion.requires_coupon

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Promotion], search_term: str
    ) -> tuple[QuerySet[Promotion], bool]:
        """Also by a whole code, which the index of codes finds among the hundred thousand."""
        found, has_duplicates = super().get_search_results(request, queryset, search_term)
        if not search_term or not request.user.has_perm("pricing.view_coupon"):
            return found, has_duplicates
        by_code = Coupon.objects.filter(code=normal_code(search_term)).values("promotion")
        return queryset.filter(Q(pk__in=found.values("pk")) | Q(pk__in=by_code)), False

    def get_form(self, request: HttpRequest, obj: Promotion | None = None, **kwargs: Any) -> type[forms.ModelForm]:
        """As it is written: most of its fields are no columns that a form could be made from."""
        needed = ["pricing.view_coupon", "pricing.add_coupon", *(["pricing.change_coupon"] if obj else [])]

        class FormOfUser(self.form):
            may_see_codes = request.user.has_perm("pricing.view_coupon")
            may_set_codes = request.user.has_perms(needed)

        return refused(FormOfUser, request.refusal) if hasattr(request, "refusal") else FormOfUser

    def get_fieldsets(self, request: HttpRequest, obj: Promotion | None = None) -> list[tuple[str | None, dict]]:
        """All rules to read for who may not change them; the code for who may see codes."""
        if obj is not None and not self.has_change_permission(request, obj):
            return READ_ONLY
        if request.user.has_perm("pricing.view_coupon"):
            return FIELDSETS
        return [
            (title, {**options, "fields": [name for name in options["fields"] if name != "coupon_code"]})
            for title, options in FIELDSETS
        ]

    @admin.display(description="rules")
    def rules_shown(self, promotion: Promotion) -> str:
        return rules_table(promotion)

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        return [
            path("<int:promotion_id>/codes.csv", view(self.codes_view), name="pricing_promotion_codes"),
            path("codes-of-run/<uuid:run_id>.csv", view(self.codes_of_run_view), name="pricing_codes_of_run"),
            *super().get_urls(),
        ]

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        zone = settings.SHOP_TIME_ZONE
        ask = {"operation": GENERATE_COUPONS, "promotion": object_id}
        context = {
            "subtitle": f"Times are those of the shop: {zone}",
            "generate_url": f"{reverse('admin:operations_run_add')}?{urlencode(ask)}" if object_id else "",
            "may_generate": request.user.has_perm("pricing.add_coupon"),
            "may_see_codes": request.user.has_perm("pricing.view_coupon"),
        }
        with timezone.override(ZoneInfo(zone)):
            response = super().changeform_view(request, object_id, form_url, context | (extra_context or {}))
            return response.render() if hasattr(response, "render") else response

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        zone = settings.SHOP_TIME_ZONE
        with timezone.override(ZoneInfo(zone)):
            subtitle = {"subtitle": f"Times are those of the shop: {zone}"}
            response = super().changelist_view(request, subtitle | (extra_context or {}))
            return response.render() if hasattr(response, "render") else response

    def codes_view(self, request: HttpRequest, promotion_id: int) -> StreamingHttpResponse:
        """All codes of a promotion as a file, or those of one batch."""
        return self._codes(request, promotion_id, request.GET.get("batch", "")[:LABEL_LENGTH])

    def codes_of_run_view(self, request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
        """The codes that a run has made, as a file."""
        try:
            run = run_for(user=request.user, run_id=run_id)
        except RunNotFound:
            raise Http404 from None
        if run.operation != GENERATE_COUPONS:
            raise Http404
        return self._codes(request, run.params["promotion"], run.params["batch"] or services.batch_of(run_id=run_id))

    def _codes(self, request: HttpRequest, promotion_id: int, batch: str) -> StreamingHttpResponse:
        if not request.user.has_perm("pricing.view_coupon"):
            raise Http404
        try:
            rows = selectors.coupon_rows(promotion_id=promotion_id, batch=batch)
        except PromotionNotFound:
            raise Http404 from None
        return StreamingHttpResponse(
            csv_lines(rows),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="codes-{promotion_id}.csv"'},
        )

    def save_model(self, request: HttpRequest, obj: Promotion, form: PromotionForm, change: bool) -> None:
        """Nothing is saved of what is only to be tried."""
        if change and "_simulate" in request.POST:
            changes = form.flat if form.changed_data else None
            request.simulation = request_simulation(promotion_id=obj.pk, changes=changes, user_id=request.user.pk)
        elif change:
            services.edit_promotion(promotion_id=obj.pk, changes=form.flat, replaces=True)
        else:
            obj.pk = services.make_promotion(fields=form.flat).pk

    def log_change(self, request: HttpRequest, obj: Promotion, message: Any) -> LogEntry | None:
        return None if hasattr(request, "simulation") else super().log_change(request, obj, message)

    def response_change(self, request: HttpRequest, obj: Promotion) -> HttpResponse:
        if hasattr(request, "simulation"):
            return HttpResponseRedirect(reverse("admin:operations_run_change", args=[request.simulation.pk]))
        return super().response_change(request, obj)

    def delete_model(self, request: HttpRequest, obj: Promotion) -> None:
        services.delete_promotion(promotion_id=obj.pk)

    def get_deleted_objects(self, objs: Sequence[Promotion], request: HttpRequest) -> tuple[list, dict, set, list]:
        """Codes and versions go with their promotion, by the hundred thousand; what stays, the service says."""
        return [str(promotion) for promotion in objs], {"promotions": len(objs)}, set(), []
