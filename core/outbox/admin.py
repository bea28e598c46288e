"""What happened and who still has to react; dead letters are retried or dismissed here."""

from collections.abc import Callable

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db.models import QuerySet
from django.http import HttpRequest

from core.errors import ShopError
from core.outbox.models import Delivery, Event
from core.outbox.services import dismiss_delivery, retry_delivery
from core.readonly_admin import ReadOnlyAdmin, ReadOnlyInline


class DeliveryInline(ReadOnlyInline):
    model = Delivery
    fields = ["handler", "queue", "state", "attempts", "due_at", "done_at", "last_error"]


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    """Facts, newest first."""

    list_display = ["name", "created_at", "relayed_at", "payload"]
    list_filter = ["name", "created_at"]
    search_fields = ["id", "request_id", "payload"]
    search_help_text = "Event, request, or anything in the payload"
    ordering = ["-created_at"]
    inlines = [DeliveryInline]


class ReasonForm(ActionForm):
    reason = forms.CharField(required=False, max_length=255, label="Reason (to dismiss)")


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    """Reactions to events. The filter `state: dead` shows the dead letters."""

    list_display = ["id", "handler", "event", "state", "attempts", "due_at", "done_at", "last_error"]
    list_filter = ["state", "queue", "handler"]
    list_select_related = ["event"]
    search_fields = ["handler", "event__name", "event__id", "last_error", "dismissed_reason"]
    search_help_text = "Handler, event, error, or reason"
    ordering = ["-id"]
    action_form = ReasonForm
    actions = ["retry", "dismiss"]

    @admin.action(description="Retry selected dead letters", permissions=["change"])
    def retry(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        self._each(request, queryset, lambda pk: retry_delivery(delivery_id=pk))

    @admin.action(description="Dismiss selected dead letters", permissions=["change"])
    def dismiss(self, request: HttpRequest, queryset: QuerySet[Delivery]) -> None:
        reason = request.POST.get("reason", "")
        self._each(request, queryset, lambda pk: dismiss_delivery(delivery_id=pk, reason=reason))

    def _each(self, request: HttpRequest, queryset: QuerySet[Delivery], service: Callable[[int], None]) -> None:
        """The service once per row; refusals are shown to the person."""
        for delivery_id in queryset.values_list("pk", flat=True):
            try:
                service(delivery_id)
            except ShopError as error:
                self.message_user(request, error.detail, messages.WARNING)
