"""Staff screens for products and all that hangs on them."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AutocompleteSelectMultiple
from django.db.models import QuerySet
from django.forms import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from core.errors import ShopError
from core.readonly_admin import ReadOnlyAdmin
from core.refusals_admin import RefusalsShown
from market.catalog import services
from market.catalog.admin.prices import PlannedPriceInline, may_plan, planned_prices_of
from market.catalog.admin.uploads import ProductDocumentInline, ProductImageInline, save_document, save_image
from market.catalog.errors import CategoryCycle
from market.catalog.models import (
    Attribute,
    Category,
    Collection,
    CollectionItem,
    ImageRequest,
    Product,
    ProductDocument,
    ProductImage,
    ProductType,
    Variant,
)
from market.catalog.services import NewAttribute, NewVariant

VARIANT_FIELDS = ["sku", "title", "price", "compare_at_price", "cost", "weight_grams", "is_active"]
VARIANT_FIELDS += ["attributes", "position"]
MAX_CHOSEN = 1000
RULES_HELP = (
    'Empty when staff choose the products. Else it holds those that meet all of: {"category": "mugs", "min_price":'
    ' "5.00", "max_price": "20.00", "min_rating": 4, "on_sale": true, "featured": true, "in_stock": true,'
    ' "newer_than_days": 30, "attributes": {"color": ["red", "pink"]}}'
)


def changed_values(form: forms.ModelForm) -> dict[str, Any]:
    """What a form changes, as services take it: related objects by their id."""
    values = {}
    for name in form.changed_data:
        value = form.cleaned_data[name]
        is_related = form._meta.model._meta.get_field(name).is_relation
        values[f"{name}_id" if is_related else name] = value.pk if is_related and value else value
    if "attributes" in values:
        values["attributes"] = values["attributes"] or {}
    return values


def save_shelf_image(shelf: Category | Collection, values: dict[str, Any]) -> None:
    """What a form says about the picture of a category or collection, taken out of its values."""
    file = values.pop("image", None)
    if file:
        services.set_shelf_image(model=type(shelf), pk=shelf.pk, file=file)
    elif file is False:
        services.clear_shelf_image(model=type(shelf), pk=shelf.pk)


class VariantInline(admin.TabularInline):
    """The variants; their stock is counted on the stock screens."""

    model = Variant
    extra = 0
    fields = [*VARIANT_FIELDS, "in_stock"]
    readonly_fields = ["in_stock"]


@admin.register(Product)
class ProductAdmin(RefusalsShown, admin.ModelAdmin):
    """Products with their variants, pictures and documents."""

    list_display = ["title", "status", "category", "shown_price", "is_in_stock", "created_at"]
    list_filter = ["status", "is_featured", "product_type", "category"]
    list_select_related = ["category", "listing"]
    search_fields = ["title", "slug", "variants__sku"]
    search_help_text = "Title, slug or SKU"
    show_full_result_count = False
    autocomplete_fields = ["category", "product_type"]
    fields = [
        "title",
        "slug",
        "description",
        "status",
        "is_featured",
        "category",
        "product_type",
        "attributes",
        "tax_class",
        "planned_prices",
    ]
    readonly_fields = ["planned_prices"]
    prepopulated_fields = {"slug": ["title"]}
    # Documents last: what the others refuse leaves no file of theirs behind.
    inlines = [VariantInline, ProductImageInline, ProductDocumentInline]
    field_options = {"attributes": {"help_text": 'By the codes of its product type: {"color": "red", "length_cm": 30}'}}
    actions = ["archive"]

    class Media:
        css = {"all": ["catalog/product.css"]}

    @admin.display(description="price", ordering="listing__price")
    def shown_price(self, product: Product) -> Any:
        return product.listing.price if hasattr(product, "listing") else None

    def get_fields(self, request: HttpRequest, obj: Product | None = None) -> list[str]:
        return self.fields if may_plan(request) else [name for name in self.fields if name != "planned_prices"]

    @admin.display(description="planned prices")
    def planned_prices(self, product: Product) -> Any:
        return planned_prices_of(product) if product.pk else "Once it is saved."

    @admin.display(description="in stock", boolean=True, ordering="listing__in_stock")
    def is_in_stock(self, product: Product) -> bool:
        return hasattr(product, "listing") and product.listing.in_stock

    @admin.action(description="Archive selected products", permissions=["change"])
    def archive(self, request: HttpRequest, queryset: QuerySet[Product]) -> None:
        archived = 0
        for product_id in queryset.order_by("pk").values_list("pk", flat=True):
            try:
                services.archive_product(product_id=product_id)
                archived += 1
            except ShopError as refusal:
                self.message_user(request, refusal.detail, messages.WARNING)
        if archived:
            self.message_user(request, f"Archived: {archived}.", messages.SUCCESS)

    def save_model(self, request: HttpRequest, obj: Product, form: forms.ModelForm, change: bool) -> None:
        if change:
            services.update_product(product_id=obj.pk, changes=changed_values(form))
            return
        made = services.create_product(**changed_values(form))
        obj.pk = made.pk

    def save_formset(
        self, request: HttpRequest, form: forms.ModelForm, formset: BaseInlineFormSet, change: bool
    ) -> None:
        save = SAVED_BY[formset.model]
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
    inlines = [PlannedPriceInline]

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
        values = {name: form.cleaned_data[name] for name in VARIANT_FIELDS}
        new = NewVariant(**values | {"attributes": values["attributes"] or {}})
        formset.new_objects.append(services.create_variant(product_id=product_id, variant=new))


SAVED_BY = {Variant: save_variant, ProductImage: save_image, ProductDocument: save_document}


class CategoryForm(forms.ModelForm):
    def clean_parent(self) -> Category | None:
        parent = self.cleaned_data["parent"]
        if parent is not None and parent.pk == self.instance.pk:
            raise forms.ValidationError(CategoryCycle.title)
        return parent


@admin.register(Category)
class CategoryAdmin(RefusalsShown, admin.ModelAdmin):
    """Categories by their place."""

    form = CategoryForm
    list_display = ["title", "parent", "slug", "is_active", "position"]
    list_filter = ["is_active"]
    list_select_related = ["parent"]
    search_fields = ["title", "slug"]
    autocomplete_fields = ["parent"]
    prepopulated_fields = {"slug": ["title"]}

    def save_model(self, request: HttpRequest, obj: Category, form: forms.ModelForm, change: bool) -> None:
        values = changed_values(form)
        of_image = {name: values.pop(name) for name in ("image",) if name in values}
        if change:
            services.update_category(category_id=obj.pk, changes=values)
        else:
            obj.pk = services.create_category(**values).pk
        save_shelf_image(obj, of_image)

    def delete_model(self, request: HttpRequest, obj: Category) -> None:
        services.delete_category(category_id=obj.pk)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Category]) -> None:
        for category_id in queryset.order_by("-pk").values_list("pk", flat=True):
            services.delete_category(category_id=category_id)


@admin.register(ProductType)
class ProductTypeAdmin(RefusalsShown, admin.ModelAdmin):
    """The kinds of products; what they tell is on the screen of attributes."""

    list_display = ["title", "slug"]
    search_fields = ["title", "slug"]
    prepopulated_fields = {"slug": ["title"]}

    def save_model(self, request: HttpRequest, obj: ProductType, form: forms.ModelForm, change: bool) -> None:
        if change:
            services.update_product_type(product_type_id=obj.pk, changes=changed_values(form))
            return
        obj.pk = services.create_product_type(**changed_values(form)).pk

    def delete_model(self, request: HttpRequest, obj: ProductType) -> None:
        services.delete_product_type(product_type_id=obj.pk)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ProductType]) -> None:
        for product_type_id in queryset.order_by("pk").values_list("pk", flat=True):
            services.delete_product_type(product_type_id=product_type_id)


@admin.register(Attribute)
class AttributeAdmin(RefusalsShown, admin.ModelAdmin):
    """What products tell. How stored values are read is set once."""

    list_display = ["title", "product_type", "code", "kind", "is_of_variant", "is_filterable", "position"]
    list_filter = ["product_type", "kind"]
    list_select_related = ["product_type"]
    search_fields = ["title", "code"]
    autocomplete_fields = ["product_type"]
    fields = ["product_type", "code", "title", "kind", "choices", "swatches", "is_of_variant", "is_filterable"]
    fields += ["position"]
    field_options = {
        "code": {
            "form_class": forms.RegexField,
            "regex": r"^[a-z][a-z0-9_]*\Z",
            "error_messages": {"invalid": "Give lower case letters, digits and _, a letter first."},
        }
    }

    def get_readonly_fields(self, request: HttpRequest, obj: Attribute | None = None) -> list[str]:
        return ["product_type", "code", "kind", "is_of_variant", "is_filterable"] if obj else []

    def save_model(self, request: HttpRequest, obj: Attribute, form: forms.ModelForm, change: bool) -> None:
        values = changed_values(form)
        for name, empty in (("choices", []), ("swatches", {})):
            if name in values:
                values[name] = values[name] or empty
        if change:
            services.update_attribute(product_type_id=obj.product_type_id, attribute_id=obj.pk, changes=values)
            return
        new = NewAttribute(**{name: value for name, value in values.items() if name != "product_type_id"})
        obj.pk = services.create_attribute(product_type_id=obj.product_type_id, attribute=new).pk

    def delete_model(self, request: HttpRequest, obj: Attribute) -> None:
        services.delete_attribute(product_type_id=obj.product_type_id, attribute_id=obj.pk)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Attribute]) -> None:
        for attribute in queryset.order_by("pk"):
            self.delete_model(request, attribute)


class CollectionForm(forms.ModelForm):
    """A collection with the products that staff chose for it."""

    chosen = forms.ModelMultipleChoiceField(
        Product.objects.all(),
        required=False,
        widget=AutocompleteSelectMultiple(Collection._meta.get_field("products"), admin.site),
        help_text=f"Without rules; {MAX_CHOSEN} at most.",
    )

    class Meta:
        model = Collection
        fields = ["title", "slug", "description", "image", "rules", "is_active", "position"]
        help_texts = {"rules": RULES_HELP}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        held = CollectionItem.objects.none()
        if self.instance.pk:
            held = self.instance.items.order_by("pk").values_list("product_id", flat=True)[: MAX_CHOSEN + 1]
        self.initial["chosen"] = list(held)[:MAX_CHOSEN]
        if self.instance.rules is not None or len(held) > MAX_CHOSEN:
            self.fields["chosen"].disabled = True


@admin.register(Collection)
class CollectionAdmin(RefusalsShown, admin.ModelAdmin):
    """Collections, chosen by hand or found by rules."""

    form = CollectionForm
    list_display = ["title", "slug", "has_rules", "is_active", "position", "evaluated_at"]
    list_filter = ["is_active"]
    search_fields = ["title", "slug"]
    prepopulated_fields = {"slug": ["title"]}

    @admin.display(description="by rules", boolean=True)
    def has_rules(self, collection: Collection) -> bool:
        return collection.rules is not None

    def save_model(self, request: HttpRequest, obj: Collection, form: forms.ModelForm, change: bool) -> None:
        values = {name: form.cleaned_data[name] for name in form.changed_data}
        of_image = {name: values.pop(name) for name in ("image",) if name in values}
        chosen = values.pop("chosen", None)
        if change:
            services.update_collection(collection_id=obj.pk, changes=values)
        else:
            obj.pk = services.create_collection(**values).pk
        if chosen is not None:
            services.set_collected(collection_id=obj.pk, product_ids=[product.pk for product in chosen])
        save_shelf_image(obj, of_image)

    def delete_model(self, request: HttpRequest, obj: Collection) -> None:
        services.delete_collection(collection_id=obj.pk)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Collection]) -> None:
        for collection_id in queryset.order_by("pk").values_list("pk", flat=True):
            services.delete_collection(collection_id=collection_id)


@admin.register(ImageRequest)
class ImageRequestAdmin(ReadOnlyAdmin):
    """Pictures that are fetched from elsewhere, and why some could not be."""

    list_display = ["url", "product", "state", "attempts", "last_error", "created_at"]
    list_filter = ["state"]
    list_select_related = ["product"]
    search_fields = ["url"]
    ordering = ["-pk"]
    show_full_result_count = False
