"""Staff screens for lists of customers."""

import re
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join

from core.refusals_admin import DeletedOneByOne
from market.customers.selectors import ids_of_emails
from market.pricing import selectors, services
from market.pricing.admin.fields import ids_of, searched
from market.pricing.models import CustomerList

MOST_SHOWN = 100
MOST_AT_ONCE = 10_000
MOST_NAMED = 20


class EmailsField(forms.CharField):
    """Email addresses as somebody pastes them, become the ids of their customers."""

    widget = forms.Textarea(attrs={"rows": 4, "cols": 60})

    def __init__(self, **options: Any) -> None:
        help_text = f"One a line, or with commas between them; at most {MOST_AT_ONCE:,} at once."
        super().__init__(required=False, help_text=help_text, **options)

    def clean(self, value: str) -> list[int]:
        emails = list(dict.fromkeys(filter(None, re.split(r"[\s,;]+", super().clean(value)))))
        if len(emails) > MOST_AT_ONCE:
            raise forms.ValidationError(f"Give at most {MOST_AT_ONCE:,} at once.", code="too_many")
        found = ids_of_emails(emails=emails)
        if unknown := [email for email in emails if email not in found]:
            more = f" and {len(unknown) - MOST_NAMED:,} more" if len(unknown) > MOST_NAMED else ""
            raise forms.ValidationError(f"No customer has {', '.join(unknown[:MOST_NAMED])}{more}.", code="unknown")
        return sorted(set(found.values()))


class CustomerListForm(forms.ModelForm):
    """Who comes and who goes: however long the list, the form has no more than that."""

    add = searched(CustomerList._meta.get_field("customers"))
    add_emails = EmailsField(label="Add by email")
    remove = searched(CustomerList._meta.get_field("customers"), label="Take off")
    remove_emails = EmailsField(label="Take off by email")

    class Meta:
        model = CustomerList
        fields = ["name"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("add", "remove"):
            if name in self.fields:
                self.fields[name].queryset = self.fields[name].queryset.select_related("user")  # whose names are shown

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if set(self.named("add")) & set(self.named("remove")):
            self.add_error("remove", "Somebody is to be added and taken off.")
        return cleaned

    def named(self, what: str) -> list[int]:
        """The ids of those who are chosen or pasted."""
        return ids_of(self.cleaned_data.get(what) or ()) + (self.cleaned_data.get(f"{what}_emails") or [])


@admin.register(CustomerList)
class CustomerListAdmin(DeletedOneByOne, admin.ModelAdmin):
    """Customers whom staff chose. A list that active promotions are for stays."""

    form = CustomerListForm
    list_display = ["name", "created_at"]
    search_fields = ["name"]
    readonly_fields = ["people"]

    def get_fields(self, request: HttpRequest, obj: CustomerList | None = None) -> list[str]:
        if obj is not None and not self.has_change_permission(request, obj):
            return ["name", "people"]
        new = ["add", "add_emails"]
        return ["name", *new] if obj is None else ["name", "people", *new, "remove", "remove_emails"]

    @admin.display(description="people")
    def people(self, customer_list: CustomerList) -> str:
        """How many, and the first of them by email."""
        count, first = selectors.people_on_list(customer_list_id=customer_list.pk, most=MOST_SHOWN)
        shown = f", the first {MOST_SHOWN} by email" if count > MOST_SHOWN else ""
        return format_html("{}{}{}", f"{count:,}", shown, format_html_join("", "<br>{}", ([email] for email in first)))

    def save_related(self, request: HttpRequest, form: CustomerListForm, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        services.change_customer_list(
            customer_list_id=form.instance.pk, add=form.named("add"), remove=form.named("remove")
        )

    def delete_model(self, request: HttpRequest, obj: CustomerList) -> None:
        services.delete_customer_list(customer_list_id=obj.pk)
