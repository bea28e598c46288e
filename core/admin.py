"""Signs of life, for staff who wonder whether background work runs."""

from django.contrib import admin

from core.models import Heartbeat
from core.readonly_admin import ReadOnlyAdmin


@admin.register(Heartbeat)
class HeartbeatAdmin(ReadOnlyAdmin):
    """When beat and the workers were last heard of."""

    list_display = ["name", "seen_at"]
    ordering = ["name"]
