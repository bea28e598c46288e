"""Signs of life, and what was missed without one, for staff who wonder whether background work runs."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from core.models import Heartbeat, ScheduleSlot
from core.readonly_admin import ReadOnlyAdmin


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnlyAdmin):
    """When beat and the workers were last heard of."""

    list_display = ["name", "seen_at"]
    ordering = ["name"]


@admin.register(ScheduleSlot)
class MissedSlotAdmin(ReadOnlyAdmin):
    """Slots of schedules before which some were missed, as no beat ran; the policy says what became of them."""

    list_display = ["name", "slot_at", "missed", "policy", "claimed_at"]
    list_filter = ["policy", "name"]
    ordering = ["-claimed_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ScheduleSlot]:
        return super().get_queryset(request).filter(missed__gt=0)
