"""Bringing a whole catalog in at once, set by set; what is there already stays as staff left it."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Count

from core.errors import FieldError, Invalid
from core.transactions import in_one_transaction
from market.catalog.models import Attribute, Category, Product, ProductType, Variant
from market.catalog.models import Collection as CollectionRow
from market.catalog.rules import MAX_CATEGORIES, MAX_VARIANTS, AttributeRule
from market.catalog.services.attributes import checked_attributes, held_rules
from market.catalog.services.categories import hold_tree, require_room, too_many_categories
from market.catalog.services.collections import create_collection
from market.catalog.services.image_requests import add_requests
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
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CollectionImport:
    """A collection by its slug, whose products are found by rules."""

    slug: str
    title: str
    rules: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ProductImport:
    """One product with at least one variant. It is known again by its SKUs, else by its slug.

    The pictures behind `image_urls` are fetched in the background.
    """

    title: str
    slug: str
    category_slug: str
    created_at: datetime
    variants: tuple[VariantImport, ...]
    product_type_slug: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    image_urls: tuple[str, ...] = ()


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
    that is neither there nor given, and Invalid for one that lies too deep or for more than `MAX_CATEGORIES`.
    """
    _hold_imports()
    hold_tree()
    rows = list(Category.objects.order_by().values_list("slug", "pk", "parent_id"))
    ids = {slug: pk for slug, pk, _ in rows}
    parents = {pk: parent_id for _, pk, parent_id in rows}
    missing = [(place, category) for place, category in enumerate(categories) if category.slug not in ids]
    if len(rows) + len(missing) > MAX_CATEGORIES:
        raise too_many_categories("categories")
    waiting = missing
    while waiting:
        level = [(place, category) for place, category in waiting if category.parent_slug in {"", *ids}]
        if not level:
            raise KeyError(waiting[0][1].parent_slug)
        for parent_id in {ids[category.parent_slug] for _, category in level if category.parent_slug}:
            require_room(levels=1, parent_id=parent_id, parents=parents)
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
        parents |= {category.pk: category.parent_id for category in made}
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
def import_collections(*, collections: Sequence[CollectionImport]) -> int:
    """Add the collections that are missing, by their slugs. Answers how many. Raises Invalid for their rules."""
    _hold_imports()
    known = set(CollectionRow.objects.values_list("slug", flat=True))
    missing = [collection for collection in collections if collection.slug not in known]
    for collection in missing:
        create_collection(title=collection.title, slug=collection.slug, rules=collection.rules)
    return len(missing)


@in_one_transaction
def import_products(*, products: Sequence[ProductImport]) -> ImportedProducts:
    """Add the products and variants that are missing, active and without stock.

    At most seventeen statements however many products. A product of which a SKU or the slug is known
    gets only the variants it lacks, without attributes if it is of another type; nothing else of it
    changes. Locks the products that get variants, then their listings, by primary key. Raises KeyError
    for an unknown category or type, and Invalid for attributes that the type refuses and for more than
    `MAX_VARIANTS` of a product.
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
    new = [product for product in products if product.slug not in owners]
    types = _types(products)
    made = _add_products(new, types)
    owners |= {product.slug: product.pk for product in made}
    if pictures := {owners[product.slug]: product.image_urls for product in new if product.image_urls}:
        add_requests(urls_by_product=pictures)
    growing = {owners[product.slug] for product in products for item in product.variants if item.sku not in known}
    type_ids = _hold_products(growing)
    had_some = growing - {product.pk for product in made}
    there = Variant.objects.filter(product_id__in=had_some).order_by().values_list("product_id").annotate(Count("pk"))
    _require_room(products, owners=owners, known=known.keys(), there=dict(there) if had_some else {})
    variants = [
        Variant(
            product_id=owners[product.slug],
            sku=item.sku,
            title=item.title,
            price=item.price,
            position=place,
            attributes=_told_by_variant(item, types.get(product.product_type_slug), type_ids[owners[product.slug]]),
        )
        for product in products
        for place, item in enumerate(product.variants)
        if item.sku not in known
    ]
    Variant.objects.bulk_create(variants)
    refresh_listings(product_ids=growing)
    return ImportedProducts(
        products=len(made),
        variants=len(variants),
        variant_ids={sku: pk for sku, (pk, _) in known.items()} | {variant.sku: variant.pk for variant in variants},
    )


@dataclass(frozen=True, slots=True)
class _KnownType:
    """A product type with what its products may tell."""

    id: int
    rules: Sequence[AttributeRule]


def _types(products: Sequence[ProductImport]) -> dict[str, _KnownType]:
    slugs = {product.product_type_slug for product in products if product.product_type_slug}
    ids = dict(ProductType.objects.filter(slug__in=slugs).values_list("slug", "pk")) if slugs else {}
    return {slug: _KnownType(ids[slug], held_rules(product_type_id=ids[slug])) for slug in sorted(slugs)}


def _add_products(products: Sequence[ProductImport], types: Mapping[str, _KnownType]) -> list[Product]:
    categories = dict(Category.objects.values_list("slug", "pk"))
    return Product.objects.bulk_create(
        Product(
            title=product.title,
            slug=product.slug,
            status=Product.Status.ACTIVE,
            category_id=categories[product.category_slug] if product.category_slug else None,
            product_type_id=types[product.product_type_slug].id if product.product_type_slug else None,
            attributes=checked_attributes(
                product.attributes,
                rules=types[product.product_type_slug].rules if product.product_type_slug else [],
                of_variant=False,
            ),
            created_at=product.created_at,
        )
        for product in products
    )


def _told_by_variant(item: VariantImport, known: _KnownType | None, type_id: int | None) -> dict[str, Any]:
    if known is None or known.id != type_id:
        return {}
    return checked_attributes(item.attributes, rules=known.rules, of_variant=True)


def _require_room(
    products: Sequence[ProductImport], *, owners: Mapping[str, int], known: Collection[str], there: Mapping[int, int]
) -> None:
    coming = Counter(product.slug for product in products for item in product.variants if item.sku not in known)
    errors = [
        FieldError("variants", "too_many", f"{product.title}: a product has at most {MAX_VARIANTS} variants.")
        for product in products
        if coming[product.slug] and there.get(owners[product.slug], 0) + coming[product.slug] > MAX_VARIANTS
    ]
    if errors:
        raise Invalid("Some of the products would have too many variants.", errors=errors)


def _hold_products(product_ids: Collection[int]) -> dict[int, int | None]:
    """The products locked, each with its type."""
    held = Product.objects.filter(pk__in=product_ids).order_by("pk").select_for_update(no_key=True)
    return dict(held.values_list("pk", "product_type_id"))


def _hold_imports() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [IMPORT_LOCK])
