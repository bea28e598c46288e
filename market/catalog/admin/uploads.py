"""The pictures and documents on the page of a product."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Field
from django.forms import BaseInlineFormSet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat

from core.errors import Invalid
from market.catalog import services
from market.catalog.adapters.pdf import checked_pdf
from market.catalog.models import Product, ProductDocument, ProductImage
from market.catalog.rules import MAX_DOCUMENTS, MAX_POSITION

IMAGE_FIELDS = ["alt", "is_primary", "position"]


class ProductImageInline(admin.TabularInline):
    """The pictures; a stored one is replaced by deleting it and adding another."""

    model = ProductImage
    extra = 0
    fields = ["image", *IMAGE_FIELDS]

    def formfield_for_dbfield(self, db_field: Field, request: HttpRequest, **kwargs: Any) -> forms.Field | None:
        if db_field.name == "position":
            kwargs["max_value"] = MAX_POSITION
        return super().formfield_for_dbfield(db_field, request, **kwargs)


class ProductDocumentForm(forms.ModelForm):
    """A document. What it is made of is looked at here, so that a bad one is refused before anything is stored."""

    position = forms.IntegerField(
        required=False, min_value=0, max_value=MAX_POSITION, widget=admin.widgets.AdminIntegerFieldWidget
    )

    class Meta:
        model = ProductDocument
        fields = ["file", "title", "position"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["position"].required = True
        else:
            self.initial["position"] = None  # behind the others

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if not isinstance(file, UploadedFile):
            return file  # the one that is stored
        if self.instance.pk:
            raise forms.ValidationError("A stored document is not replaced: delete it and add another.")
        try:
            checked_pdf(file)
        except Invalid as refusal:
            raise forms.ValidationError(refusal.detail) from refusal
        return file


class ProductDocumentInline(admin.TabularInline):
    """The documents; a stored one is replaced by deleting it and adding another."""

    model = ProductDocument
    form = ProductDocumentForm
    extra = 0
    max_num = MAX_DOCUMENTS
    fields = ["title", "file", "size", "position"]
    readonly_fields = ["size"]

    def get_formset(self, request: HttpRequest, obj: Product | None = None, **kwargs: Any) -> type[BaseInlineFormSet]:
        # Who may not add any is given no place for one: to him those that are there are not too many.
        return super().get_formset(request, obj, **kwargs | {"validate_max": self.has_add_permission(request, obj)})

    @admin.display
    def size(self, document: ProductDocument) -> str:
        return filesizeformat(document.size_bytes) if document.pk else "-"


def save_image(form: forms.ModelForm, *, product_id: int, formset: BaseInlineFormSet) -> None:
    """One row of the pictures' form, through its service."""
    which = {"product_id": product_id, "image_id": form.instance.pk}
    match _what_to_do(form, formset):
        case "delete":
            services.delete_image(**which)
        case "change":
            changes = {name: form.cleaned_data[name] for name in form.changed_data if name in IMAGE_FIELDS}
            services.update_image(**which, changes=changes)
        case "add":
            cleaned = form.cleaned_data
            made = services.add_image(
                product_id=product_id, file=cleaned["image"], alt=cleaned["alt"], is_primary=cleaned["is_primary"]
            )
            formset.new_objects.append(made)


def save_document(form: forms.ModelForm, *, product_id: int, formset: BaseInlineFormSet) -> None:
    """One row of the documents' form, through its service."""
    which = {"product_id": product_id, "document_id": form.instance.pk}
    match _what_to_do(form, formset):
        case "delete":
            services.delete_document(**which)
        case "change":
            services.update_document(**which, changes={name: form.cleaned_data[name] for name in form.changed_data})
        case "add":
            values = {name: form.cleaned_data[name] for name in ("file", "title", "position")}
            formset.new_objects.append(services.add_document(product_id=product_id, **values))


def _what_to_do(form: forms.ModelForm, formset: BaseInlineFormSet) -> str:
    """What becomes of the row of a form, noted for the log of the admin but for what is yet to be made."""
    row = form.instance
    if form in formset.deleted_forms:
        if not row.pk:
            return ""
        formset.deleted_objects.append(row)
        return "delete"
    if row.pk:
        formset.changed_objects.append((row, form.changed_data))
        return "change"
    return "add"
