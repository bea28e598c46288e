"""Catalog rows for tests, made through the services that the shop uses."""

from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from django.utils import timezone

from market.catalog import services
from market.catalog.models import Attribute, Category, PlannedPrice, Product, ProductDocument, ProductImage, Variant
from market.catalog.services import NewAttribute, NewPriceChange, NewVariant

numbers = count(1)


def make_category(**overrides: Any) -> Category:
    """An active category; `parent` may be a category."""
    number = next(numbers)
    if parent := overrides.pop("parent", None):
        overrides["parent_id"] = parent.pk
    return services.create_category(**{"title": f"Category {number}", "slug": f"category-{number}"} | overrides)


def new_variant(**overrides: Any) -> NewVariant:
    """A variant to be made, at 5.00; amounts may be given as text."""
    fields = {"sku": f"SKU-{next(numbers)}", "price": "5.00"} | overrides
    amounts = {name: Decimal(fields[name]) for name in ("price", "compare_at_price", "cost") if fields.get(name)}
    return NewVariant(**fields | amounts)


def make_product(**overrides: Any) -> Product:
    """An active product with one variant at `price` (5.00), without stock.

    `category` may be a category; `variants` is a list of `new_variant`s, or of dicts of their
    overrides; `sku`, `price`, `compare_at_price` and `cost` go to the one variant otherwise.
    """
    number = next(numbers)
    if category := overrides.pop("category", None):
        overrides["category_id"] = category.pk
    of_variant = {
        name: overrides.pop(name) for name in ("sku", "price", "compare_at_price", "cost") if name in overrides
    }
    variants = overrides.pop("variants", [of_variant])
    made = [variant if isinstance(variant, NewVariant) else new_variant(**variant) for variant in variants]
    return services.create_product(
        **{"title": f"Product {number}", "slug": f"product-{number}", "status": Product.Status.ACTIVE} | overrides,
        variants=made,
    )


def make_variant(**overrides: Any) -> Variant:
    """A variant at 5.00, without stock, of `product` or else of a new active product of its own."""
    product = overrides.pop("product", None)
    if product is None:
        return make_product(variants=[overrides]).variants.get()
    return services.create_variant(product_id=product.pk, variant=new_variant(**overrides))


def make_price_change(variant: Variant, **overrides: Any) -> PlannedPrice:
    """4.00 from tomorrow on."""
    wanted = {"starts_at": timezone.now() + timedelta(days=1), "price": Decimal("4.00")} | overrides
    [planned] = services.plan_price_changes(changes=[NewPriceChange(variant_id=variant.pk, **wanted)])
    return planned


def make_attribute() -> Attribute:
    """A text that the products of a new type tell."""
    product_type = services.create_product_type(title="Mug")
    new = NewAttribute(code="material", title="Material", kind=Attribute.Kind.TEXT)
    services.create_attribute(product_type_id=product_type.pk, attribute=new)
    return product_type.attributes.get()


def make_image(product: Product) -> ProductImage:
    """A picture of the product, without a file."""
    return ProductImage.objects.create(product=product, image=f"products/{next(numbers)}.png")


def make_document(product: Product) -> ProductDocument:
    """A document of the product, without a file."""
    number = next(numbers)
    return ProductDocument.objects.create(
        product=product, title=f"Manual {number}", file=f"documents/{number}.pdf", size_bytes=1000
    )
