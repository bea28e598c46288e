"""Putting products into the catalog, changing them, taking them out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import ProtectedError

from core.errors import FieldError, Invalid
from core.transactions import in_one_transaction
from market.catalog.errors import ProductOrdered
from market.catalog.models import Category, Product
from market.catalog.rules import free_slug, slug_of
from market.catalog.services.attributes import checked_attributes, held_rules
from market.catalog.services.files import delete_after_commit
from market.catalog.services.images import delete_files_after_commit
from market.catalog.services.listings import refresh_listings
from market.catalog.services.locks import delete_unordered, hold_product
from market.catalog.services.searching import announce_documents
from market.catalog.services.uniqueness import refusing_taken_values
from market.catalog.services.variants import NewVariant, insert_variants
from market.taxes.rules import STANDARD_CLASS
from market.taxes.services import hold_class

SLUG_LENGTH = Product._meta.get_field("slug").max_length
PRODUCT_FIELDS = frozenset(
    {
        "title",
        "slug",
        "description",
        "status",
        "category_id",
        "product_type_id",
        "attributes",
        "is_featured",
        "tax_class",
    }
)


@dataclass(frozen=True, slots=True)
class Deletion:
    """What became of a product that was to be deleted."""

    archived: bool


@in_one_transaction
def create_product(
    *,
    title: str,
    slug: str = "",
    description: str = "",
    status: str = Product.Status.DRAFT,
    category_id: int | None = None,
    product_type_id: int | None = None,
    attributes: Mapping[str, Any] | None = None,
    is_featured: bool = False,
    tax_class: str = STANDARD_CLASS,
    variants: Sequence[NewVariant] = (),
) -> Product:
    """Put a product with its variants into the catalog; it is listed once active with an active variant.

    Without `slug` one is made from the title. Raises Invalid for a slug or SKU that is taken, prices
    that contradict each other, an unknown category, type or tax class, and attributes that the type refuses.
    """
    _require_category(category_id)
    _require_tax_class(tax_class)
    rules = held_rules(product_type_id=product_type_id)
    with refusing_taken_values({"slug": "slug"}):
        product = Product.objects.create(
            title=title,
            slug=slug or _slug_for(title),
            description=description,
            status=status,
            category_id=category_id,
            product_type_id=product_type_id,
            attributes=checked_attributes(attributes or {}, rules=rules, of_variant=False),
            is_featured=is_featured,
            tax_class=tax_class,
        )
    if variants:
        insert_variants(product_id=product.pk, variants=variants, rules=rules, prefix="variants.")
        refresh_listings(product_ids=[product.pk])
    return product


@in_one_transaction
def update_product(*, product_id: int, changes: Mapping[str, Any]) -> Product:
    """Set some of the fields of a product; `attributes` are replaced as a whole.

    Locks the product, then its listing. Raises ProductNotFound, and Invalid as `create_product`.
    """
    if unknown := changes.keys() - PRODUCT_FIELDS:
        raise TypeError(f"a product has no {', '.join(sorted(unknown))} to change")
    product = hold_product(product_id=product_id)
    if "category_id" in changes:
        _require_category(changes["category_id"])
    if "tax_class" in changes:
        _require_tax_class(changes["tax_class"])
    for name, value in changes.items():
        setattr(product, name, value)
    if changes.keys() & {"product_type_id", "attributes"}:
        _check_attributes(product)
    if not product.slug:
        product.slug = _slug_for(product.title, except_id=product.pk)
    with refusing_taken_values({"slug": "slug"}):
        product.save(update_fields=[*changes.keys(), "slug", "updated_at"])
    refresh_listings(product_ids=[product.pk])
    return product


def archive_product(*, product_id: int) -> Product:
    """Take a product out of sale and out of sight. Idempotent. Raises ProductNotFound."""
    return update_product(product_id=product_id, changes={"status": Product.Status.ARCHIVED})


@in_one_transaction
def delete_product(*, product_id: int) -> Deletion:
    """Delete a product with all that is its own; one that was ever ordered is archived instead.

    Raises ProductNotFound, and ProductOrdered for an ordered product that is archived already.
    """
    product = hold_product(product_id=product_id)
    images = list(product.images.all())
    documents = list(product.documents.values_list("file", flat=True))
    try:
        delete_unordered(Product.objects.filter(pk=product_id))
    except ProtectedError as error:
        if product.status == Product.Status.ARCHIVED:
            raise ProductOrdered("The product was ordered; it stays archived.") from error
        archive_product(product_id=product_id)
        return Deletion(archived=True)
    announce_documents(product_ids=[product_id])
    delete_files_after_commit(images)
    delete_after_commit(documents)
    return Deletion(archived=False)


def _check_attributes(product: Product) -> None:
    rules = held_rules(product_type_id=product.product_type_id)
    product.attributes = checked_attributes(product.attributes, rules=rules, of_variant=False)
    for place, variant in enumerate(product.variants.order_by("position", "pk")):
        checked_attributes(variant.attributes, rules=rules, of_variant=True, prefix=f"variants.{place}.")


def _slug_for(title: str, *, except_id: int | None = None) -> str:
    wanted = slug_of(title, max_length=SLUG_LENGTH) or "product"
    alike = Product.objects.filter(slug__startswith=wanted[: SLUG_LENGTH - 8]).exclude(pk=except_id)
    return free_slug(wanted, taken=alike.values_list("slug", flat=True), max_length=SLUG_LENGTH)


def _require_tax_class(tax_class: str) -> None:
    if not hold_class(tax_class):
        message = "No tax rate has this class."
        raise Invalid(message, errors=[FieldError("tax_class", "unknown", message)])


def _require_category(category_id: int | None) -> None:
    if category_id is not None and not Category.objects.filter(pk=category_id).exists():
        message = "There is no such category."
        raise Invalid(message, errors=[FieldError("category", "unknown", message)])
