"""Bringing a whole catalog in at once, set by set; what is there already stays as staff left it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal

from django.db import connection

from core.transactions import in_one_transaction
from market.catalog.models import Attribute, Category, Product, ProductType, Variant
from market.catalog.services.listings import refresh_listings

# Two imports at once would both find the same rows missing.
IMPORT_LOCK = 7_310_002


@dataclass(frozen=True, slots=True)
class CategoryImport:
    """A category by its slug, below the one of `parent_slug`, if any."""

    slug: str
    title: str
    parent_slug: str = ""


@dataclass(frozen=True, slots=True)
class AttributeImport:
    """An attribute of a product type, known again by its code."""

    code: str
    title: str
    kind: str
    choices: tuple[str, ...] = ()
    swatches: Mapping[str, str] = field(default_factory=dict)
    is_of_variant: bool = False


@dataclass(frozen=True, slots=True)
class VariantImport:
    """One SKU at one price; `title` is what sets it apart in its product."""

    sku: str
    title: str
    price: Decimal


@dataclass(frozen=True, slots=True)
class ProductImport:
    """One product with at least one variant. It is known again by its SKUs, else by its slug."""

    title: str
    slug: str
    category_slug: str
    created_at: datetime
    variants: tuple[VariantImport, ...]


@dataclass(frozen=True, slots=True)
class ImportedProducts:
    """How many rows were added, and the ids of all variants that were asked for, by SKU."""

    products: int
    variants: int
    variant_ids: Mapping[str, int]


@in_one_transaction
def import_categories(*, categories: Sequence[CategoryImport]) -> int:
    """Add the categories that are missing, each below its parent; `position` is their place here.

    One statement per level of the tree. Answers how many were added. Raises KeyError for a parent
    that is neither there nor given.
    """
    _hold_imports()
    ids = dict(Category.objects.values_list("slug", "pk"))
    missing = [(place, category) for place, category in enumerate(categories) if category.slug not in ids]
    waiting = missing
    while waiting:
        level = [(place, category) for place, category in waiting if category.parent_slug in {"", *ids}]
        if not level:
            raise KeyError(waiting[0][1].parent_slug)
        made = Category.objects.bulk_create(
            Category(
                slug=category.slug,
                title=category.title,
                parent_id=ids[category.parent_slug] if category.parent_slug else None,
                position=place,
            )
            for place, category in level
        )
        ids |= {category.slug: category.pk for category in made}
        waiting = [entry for entry in waiting if entry not in level]
    return len(missing)


@in_one_transaction
def import_product_type(*, slug: str, title: str, attributes: Sequence[AttributeImport]) -> int:
    """Add the type, or the attributes that it lacks; what is there stays as it is. Answers its id."""
    _hold_imports()
    product_type, _ = ProductType.objects.get_or_create(slug=slug, defaults={"title": title})
    known = set(product_type.attributes.values_list("code", flat=True))
    Attribute.objects.bulk_create(
        Attribute(product_type=product_type, position=place, **asdict(attribute) | {"choices": [*attribute.choices]})
        for place, attribute in enumerate(attributes)
        if attribute.code not in known
    )
    return product_type.pk


@in_one_transaction
def import_products(*, products: Sequence[ProductImport]) -> ImportedProducts:
    """Add the products and variants that are missing, active and without stock.

    At most ten statements however many products. A product of which a SKU or the slug is known
    gets only the variants it lacks; nothing else of it changes. Locks the products that get
    variants, then their listings, by primary key. Raises KeyError for an unknown category.
    """
    _hold_imports()
    skus = [variant.sku for product in products for variant in product.variants]
    known = {
        sku: (pk, owner)
        for sku, pk, owner in Variant.objects.filter(sku__in=skus).values_list("sku", "pk", "product_id")
    }
    owners = {
        product.slug: known[variant.sku][1]
        for product in products
        for variant in product.variants
        if variant.sku in known
    }
    slugs = [product.slug for product in products if product.slug not in owners]
    owners |= dict(Product.objects.filter(slug__in=slugs).values_list("slug", "pk"))
    made = _add_products([product for product in products if product.slug not in owners])
    owners |= {product.slug: product.pk for product in made}
    variants = [
        Variant(product_id=owners[product.slug], sku=item.sku, title=item.title, price=item.price, position=place)
        for product in products
        for place, item in enumerate(product.variants)
        if item.sku not in known
    ]
    growing = {variant.product_id for variant in variants}
    _hold_products(growing)
    Variant.objects.bulk_create(variants)
    refresh_listings(product_ids=growing)
    return ImportedProducts(
        products=len(made),
        variants=len(variants),
        variant_ids={sku: pk for sku, (pk, _) in known.items()} | {variant.sku: variant.pk for variant in variants},
    )


def _add_products(products: Sequence[ProductImport]) -> list[Product]:
    categories = dict(Category.objects.values_list("slug", "pk"))
    return Product.objects.bulk_create(
        Product(
            title=product.title,
            slug=product.slug,
            status=Product.Status.ACTIVE,
            category_id=categories[product.category_slug] if product.category_slug else None,
            created_at=product.created_at,
        )
        for product in products
    )


def _hold_products(product_ids: Collection[int]) -> None:
    list(Product.objects.filter(pk__in=product_ids).order_by("pk").select_for_update(no_key=True).values_list("pk"))


def _hold_imports() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [IMPORT_LOCK])
