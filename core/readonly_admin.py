"""Admin screens over rows that only the machinery writes."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse


class ReadOnlyRows:
    """Rows that staff read and nobody types into; what may be done with them is an action."""

    extra = 0
    can_delete = False
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [field.name for field in self.model._meta.fields]


class ReadOnlyAdmin(ReadOnlyRows, admin.ModelAdmin):
    """A list and a page per row, without buttons to save what nobody can type."""

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], **kwargs: Any) -> HttpResponse:
        context |= {"show_save": False, "show_save_and_continue": False}
        return super().render_change_form(request, context, **kwargs)


class ReadOnlyInline(ReadOnlyRows, admin.TabularInline):
    """A table under its parent's page."""
