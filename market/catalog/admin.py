"""Staff screens for the catalog, over the services that the API uses."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from core.errors import ShopError
from core.readonly_admin import ReadOnlyAdmin
from core.refusals_admin import RefusalsShown
from market.catalog import services
from market.catalog.models import Category, Product, ProductImage, Variant
from market.catalog.services import NewVariant

VARIANT_FIELDS = ["sku", "title", "price", "compare_at_price", "cost", "weight_grams", "is_active", "position"]
IMAGE_FIELDS = ["alt", "is_primary", "position"]


def changed_values(form: forms.ModelForm) -> dict[str, Any]:
    """What a form changes, as services take it: related objects by their id."""
    values = {}
    for name in form.changed_data:
        value = form.cleaned_data[name]
        is_related = form._meta.model._meta.get_field(name).is_relation
        values[f"{name}_id" if is_related else name] = value.pk if is_related and value else value
    return values


class VariantInline(admin.TabularInline):
    """The variants; their stock is counted on the stock screens."""

    model = Variant
    extra = 0
    fields = [*VARIANT_FIELDS, "in_stock"]
    readonly_fields = ["in_stock"]


class ProductImageForm(forms.ModelForm):
    """Which picture is the primary one is the service's to keep, so the form does not judge it."""

    class Meta:
        model = ProductImage
        fields = ["image", *IMAGE_FIELDS]

    def validate_constraints(self) -> None:
        """The service moves the mark from one picture to the other."""


class ProductImageInline(admin.TabularInline):
    """The pictures; a stored one is replaced by deleting it and adding another."""

    model = ProductImage
    form = ProductImageForm
    extra = 0
    fields = ["image", *IMAGE_FIELDS]


@admin.register(Product)
class ProductAdmin(RefusalsShown, admin.ModelAdmin):
    """Products with their variants and pictures."""

    list_display = ["title", "status", "category", "shown_price", "is_in_stock", "created_at"]
    list_filter = ["status", "category"]
    list_select_related = ["category", "listing"]
    search_fields = ["title", "slug", "variants__sku"]
    search_help_text = "Title, slug or SKU"
    show_full_result_count = False
    autocomplete_fields = ["category"]
    fields = ["title", "slug", "description", "status", "category"]
    prepopulated_fields = {"slug": ["title"]}
    inlines = [VariantInline, ProductImageInline]
    actions = ["archive"]

    @admin.display(description="price", ordering="listing__price")
    def shown_price(self, product: Product) -> Any:
        return product.listing.price if hasattr(product, "listing") else None

    @admin.display(description="in stock", boolean=True, ordering="listing__in_stock")
    def is_in_stock(self, product: Product) -> bool:
        return hasattr(product, "listing") and product.listing.in_stock

    @admin.action(description="Archive selected products", permissions=["change"])
    def archive(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        for product_id in queryset.order_by("pk").values_list("pk", flat=True):
            try:
                services.archive_product(product_id=product_id)
            except ShopError as refusal:
                self.message_user(request, refusal.detail, messages.WARNING)

    def save_model(self, request: HttpRequest, obj: Product, form: forms.ModelForm, change: bool) -> None:
        if change:
            services.update_product(product_id=obj.pk, changes=changed_values(form))
            return
        made = services.create_product(**changed_values(form))
        obj.pk = made.pk

    def save_formset(
        self, request: HttpRequest, form: forms.ModelForm, formset: BaseInlineFormSet, change: bool
    ) -> None:
        save = save_variant if formset.model is Variant else save_image
        formset.new_objects, formset.changed_objects, formset.deleted_objects = [], [], []
        for row in formset.forms:
            if row.has_changed() or row in formset.deleted_forms:
                save(row, product_id=form.instance.pk, formset=formset)

    def get_deleted_objects(
        self, objs: Iterable[Product], request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """The service knows what goes with a product; nobody may delete its stock alone, so Django would refuse."""
        names = [str(product) for product in objs]
        return names, {"products": len(names)}, set(), []

    def delete_model(self, request: HttpRequest, obj: Product) -> None:
        if services.delete_product(product_id=obj.pk).archived:
            self.message_user(request, f"{obj} was ordered before: it was archived, not deleted.", messages.WARNING)

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: Any) -> HttpResponse:
        if Product.objects.filter(pk=obj_id).exists():
            return HttpResponseRedirect(reverse("admin:catalog_product_changelist"))
        return super().response_delete(request, obj_display, obj_id)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        for product in queryset.order_by("pk"):
            try:
                self.delete_model(request, product)
            except ShopError as refusal:
                self.message_user(request, f"{product}: {refusal.detail}", messages.WARNING)


@admin.register(Variant)
class VariantAdmin(ReadOnlyAdmin):
    """Found by SKU where other screens choose a variant; written on its product's page."""

    list_display = ["sku", "title", "product", "price", "in_stock", "is_active"]
    list_select_related = ["product"]
    search_fields = ["sku", "product__title"]
    ordering = ["sku"]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False


def save_variant(form: forms.ModelForm, *, product_id: int, formset: BaseInlineFormSet) -> None:
    """One row of the variants' form, through its service."""
    variant = form.instance
    if form in formset.deleted_forms:
        if variant.pk:
            services.delete_variant(product_id=product_id, variant_id=variant.pk)
            formset.deleted_objects.append(variant)
    elif variant.pk:
        services.update_variant(product_id=product_id, variant_id=variant.pk, changes=changed_values(form))
        formset.changed_objects.append((variant, form.changed_data))
    else:
        new = NewVariant(**{name: form.cleaned_data[name] for name in VARIANT_FIELDS})
        formset.new_objects.append(services.create_variant(product_id=product_id, variant=new))


def save_image(form: forms.ModelForm, *, product_id: int, formset: BaseInlineFormSet) -> None:
    """One row of the pictures' form, through its service."""
    image = form.instance
    if form in formset.deleted_forms:
        if image.pk:
            services.delete_image(product_id=product_id, image_id=image.pk)
            formset.deleted_objects.append(image)
    elif image.pk:
        changes = {name: value for name, value in changed_values(form).items() if name in IMAGE_FIELDS}
        services.update_image(product_id=product_id, image_id=image.pk, changes=changes)
        formset.changed_objects.append((image, form.changed_data))
    else:
        cleaned = form.cleaned_data
        made = services.add_image(
            product_id=product_id, file=cleaned["image"], alt=cleaned["alt"], is_primary=cleaned["is_primary"]
        )
        formset.new_objects.append(made)


@admin.register(Category)
class CategoryAdmin(RefusalsShown, admin.ModelAdmin):
    """Categories by their place."""

    list_display = ["title", "parent", "slug", "is_active", "position"]
    list_filter = ["is_active"]
    list_select_related = ["parent"]
    search_fields = ["title", "slug"]
    autocomplete_fields = ["parent"]
    prepopulated_fields = {"slug": ["title"]}

    def save_model(self, request: HttpRequest, obj: Category, form: forms.ModelForm, change: bool) -> None:
        if change:
            services.update_category(category_id=obj.pk, changes=changed_values(form))
            return
        obj.pk = services.create_category(**changed_values(form)).pk

    def delete_model(self, request: HttpRequest, obj: Category) -> None:
        services.delete_category(category_id=obj.pk)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Category]) -> None:
        for category_id in queryset.order_by("-pk").values_list("pk", flat=True):
            services.delete_category(category_id=category_id)
