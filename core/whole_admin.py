"""Admin screens of rows that a service saves with all that is theirs: one call for the form and its inline rows."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.db.models import Model
from django.forms import BaseInlineFormSet
from django.http import HttpRequest

from core.refusals_admin import DeletedOneByOne


class SavedWhole(DeletedOneByOne):
    """A ModelAdmin over the services that `StaffRowsViewSet` has: static methods `make_row(values=)`,
    `change_row(row_id=, changes=)` and `delete_row(row_id=)`. `part` is what they call the inline's rows.
    """

    part = ""
    make_row: Callable[..., Model]
    change_row: Callable[..., Model]
    delete_row: Callable[..., None]

    def save_model(self, request: HttpRequest, obj: Model, form: forms.ModelForm, change: bool) -> None:
        """Saved with what is related."""

    def save_related(
        self, request: HttpRequest, form: forms.ModelForm, formsets: list[BaseInlineFormSet], change: bool
    ) -> None:
        values = self.written(form)
        for formset in formsets:
            formset.save(commit=False)  # tells the log what is new
            values[self.part] = [_values(row, parent=formset.fk.name) for row in _kept(formset)]
        if change:
            self.change_row(row_id=form.instance.pk, changes=values)
        else:
            form.instance.pk = self.make_row(values=values).pk

    def written(self, form: forms.ModelForm) -> dict[str, Any]:
        """What the form says, as the services take it."""
        return _values(form)

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        self.delete_row(row_id=obj.pk)


def _values(form: forms.ModelForm, *, parent: str = "") -> dict[str, Any]:
    """What was typed: without the keys of the row and its parent, and whether it is deleted."""
    return {name: value for name, value in form.cleaned_data.items() if name in form.base_fields.keys() - {parent}}


def _kept(formset: BaseInlineFormSet) -> list[forms.ModelForm]:
    """The inline rows that there are then; those for new ones that stayed empty are none."""
    return [row for row in formset.forms if row not in formset.deleted_forms and (row.instance.pk or row.has_changed())]
