"""Admin screens over services: what a service refuses is shown to the person, not as an error page."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Field
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from core.errors import ShopError


class RefusalsShown:
    """A ModelAdmin whose saving and deleting go through services.

    A refusal rolls the whole form back, as Django's admin saves in one transaction; it is told in the form, which
    keeps what was typed. What a column's constraint would refuse under its own name, `field_options` refuse beside
    the field: what the form's field of a column is made with, by name.
    """

    field_options: Mapping[str, Mapping[str, Any]] = {}

    def formfield_for_dbfield(self, db_field: Field, request: HttpRequest, **kwargs: Any) -> forms.Field | None:
        return super().formfield_for_dbfield(db_field, request, **kwargs | self.field_options.get(db_field.name, {}))

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().changeform_view(request, *args, **kwargs)
        except ShopError as refusal:
            request.refusal = refusal
        for _, uploads in request.FILES.lists():
            for upload in uploads:
                upload.seek(0)  # the service has read it; the form is judged by it once more
        try:
            return super().changeform_view(request, *args, **kwargs)
        except ShopError as refusal:  # its form is not made here
            return self._back(request, refusal)

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> type[forms.ModelForm]:
        form = super().get_form(request, *args, **kwargs)
        return refused(form, request.refusal) if hasattr(request, "refusal") else form

    def changelist_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().changelist_view(request, *args, **kwargs)
        except ShopError as refusal:
            return self._back(request, refusal)

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return super().delete_view(request, *args, **kwargs)
        except ShopError as refusal:
            return self._back(request, refusal)

    def _back(self, request: HttpRequest, refusal: ShopError) -> HttpResponse:
        reasons = [f"{error.field}: {error.message}" for error in refusal.errors] or [refusal.detail]
        for reason in reasons:
            self.message_user(request, reason, messages.ERROR)
        return HttpResponseRedirect(request.get_full_path())


class DeletedOneByOne(RefusalsShown):
    """A ModelAdmin of rows that stay while something needs them: a page for each deletes it, or says why not."""

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions


def refused(form: type[forms.ModelForm], refusal: ShopError) -> type[forms.ModelForm]:
    """The form, with what a service said of its values."""

    class Refused(form):
        def full_clean(self) -> None:
            super().full_clean()
            if not self.is_bound:
                return
            for problem in dict.fromkeys(refusal.errors):
                name, _, inside = problem.field.partition(".")
                if name in self.fields:
                    self.add_error(name, f"{inside}: {problem.message}" if inside else problem.message)
                else:
                    self.add_error(None, f"{problem.field}: {problem.message}")
            if not refusal.errors:
                self.add_error(None, refusal.detail)

    return Refused
