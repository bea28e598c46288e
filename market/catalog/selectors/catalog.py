"""What the catalog shows, as plain values: no model is built to show a page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection
from django.db.models import F, FilteredRelation, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.expressions import RawSQL
from django.db.models.functions import JSONObject
from django.db.models.sql.where import WhereNode

from market.catalog import sql
from market.catalog.errors import (
    CategoryNotFound,
    CollectionNotFound,
    ProductNotFound,
    ProductTypeNotFound,
    VariantNotFound,
)
from market.catalog.models import (
    Category,
    Collection,
    ImageRequest,
    PastPrice,
    Product,
    ProductDocument,
    ProductImage,
    ProductListing,
    ProductType,
    Variant,
)
from market.catalog.querysets import OnOneShelf, OnShelves, ProductListingQuerySet
from market.catalog.rules import category_tree, walk_tree

LISTING_COLUMNS = (
    "product_id",
    "title",
    "price",
    "compare_at_price",
    "in_stock",
    "rating",
    "review_count",
    "default_variant_id",
    "popularity",
    "created_at",
)
# Of the collections that a product is in, so many are told on its page.
MAX_COLLECTIONS = 20
CATEGORY_COLUMNS = ("id", "slug", "title", "description", "parent", "image", "is_active", "position")
CATEGORY_COLUMNS += ("created_at", "updated_at")
COLLECTION_COLUMNS = ("id", "slug", "title", "description", "image", "rules", "is_active", "position", "evaluated_at")
COLLECTION_COLUMNS += ("created_at", "updated_at")
# Products are counted up to here.
MAX_COUNTED = 10_000
RELATED = 12
# Of the best sellers of its category and of each of its collections so many may be related to a product.
RELATED_CANDIDATES = 50


def listing_rows(listings: QuerySet[ProductListing]) -> QuerySet[ProductListing, dict[str, Any]]:
    """The listings as dicts with all that a list shows: still one query.

    Beside the columns of the listing: `slug`, `category_slug`, `category_title` and
    `category_is_active` (all None without category), `image` and `image_alt` of the primary image.
    """
    picture = FilteredRelation("product__images", condition=Q(product__images__is_primary=True))
    return (listings.alias(picture=picture).orderable()).values(
        *LISTING_COLUMNS,
        "rating_or_zero",
        "category_id",
        slug=F("product__slug"),
        category_slug=F("category__slug"),
        category_title=F("category__title"),
        category_is_active=F("category__is_active"),
        image=F("picture__image"),
        image_alt=F("picture__alt"),
    )


def product_rows(products: QuerySet[Product]) -> QuerySet[Product, dict[str, Any]]:
    """Products, listed or not, as dicts like those of `listing_rows` with `id` and `status`: one query.

    What their listing tells is None while they have no variant.
    """
    picture = FilteredRelation("images", condition=Q(images__is_primary=True))
    of_listing = ("price", "compare_at_price", "in_stock", "rating", "review_count", "default_variant_id")
    return products.alias(picture=picture).values(
        "id",
        "slug",
        "title",
        "status",
        "created_at",
        "category_id",
        product_id=F("pk"),
        category_slug=F("category__slug"),
        category_title=F("category__title"),
        category_is_active=F("category__is_active"),
        image=F("picture__image"),
        image_alt=F("picture__alt"),
        **{name: F(f"listing__{name}") for name in of_listing},
    )


def listing_page(listings: ProductListingQuerySet, start: int, stop: int) -> QuerySet[ProductListing, dict[str, Any]]:
    """The rows from `start` up to `stop` of the ordered listings, as `listing_rows`: one query.

    Of several shelves the first `stop` of each are read, which an index keeps in each order, and
    merged. No index has them all in order: among a million products that took 500 ms.
    """
    shelves, of_one = one_by_one(listings.query.where)
    if not shelves:
        return listing_rows(listings)[start:stop]
    order = [(name.removeprefix("-"), "DESC" if name.startswith("-") else "ASC") for name in listings.query.order_by]
    first = listings.values_list(*(name for name, _ in order))[:stop]
    first.query.where = of_one
    text, params = first.query.sql_with_params()
    columns = ", ".join(f"found.{name} {direction}" for name, direction in order)
    statement = sql.FIRST_OF_SHELVES.format(first=text, order=columns)
    page = RawSQL(statement, [list(shelves), *params, stop - start, start])  # noqa: S611 - the values are parameters
    return listing_rows(ProductListing.objects.filter(pk__in=page).orderable().order_by(*listings.query.order_by))


def found_page(places: Sequence[tuple[float, int, int]]) -> list[dict[str, Any]]:
    """The listed products of these (rank, popularity, product id) in their order, as `listing_rows` with
    `search_rank`, `popularity` as it was ranked, and `description`: one query."""
    found = ProductListing.objects.listed().among([product_id for _, _, product_id in places])
    rows = {row["product_id"]: row for row in listing_rows(found).annotate(description=F("product__description"))}
    return [
        rows[product_id] | {"search_rank": rank, "popularity": popularity}
        for rank, popularity, product_id in places
        if product_id in rows
    ]


def found_titles(product_ids: Sequence[int]) -> list[dict[str, Any]]:
    """Listed products as `{id, slug, title}`, in the order of their ids here: one query."""
    found = ProductListing.objects.listed().among(product_ids)
    rows = {row["id"]: row for row in found.values("title", id=F("product_id"), slug=F("product__slug"))}
    return [rows[product_id] for product_id in product_ids if product_id in rows]


def one_by_one(where: WhereNode) -> tuple[Sequence[int], WhereNode]:
    """The shelves that a condition names, and the condition with one shelf in their place."""
    shelves: Sequence[int] = ()
    one = where.clone()
    for place, child in enumerate(one.children):
        if type(child) is OnShelves:
            shelves = child.rhs
            one.children[place] = OnOneShelf(child.lhs, child.rhs)
    return shelves, one


def category_subtree(*, slug: str) -> list[int]:
    """The ids of an active category and of the active ones below it, empty when there is none: one query."""
    with connection.cursor() as cursor:
        cursor.execute(sql.CATEGORY_SUBTREE, {"slug": slug})
        return [category_id for (category_id,) in cursor.fetchall()]


@dataclass(frozen=True, slots=True)
class ProductDetail:
    """One product: its row, the images in their order, and the way to its category from the root.

    `row` has the columns of a product and of its listing (None while it has no variant); `images`
    are `{id, image, alt, is_primary, position, rendered_at}`. Its `shown_in`, the collections, and the
    `breadcrumbs` are `{id, slug, title}`, the latter empty when a category on the way is not active.
    """

    row: Mapping[str, Any]
    images: list[dict[str, Any]]
    breadcrumbs: list[dict[str, Any]]


def product_detail(*, product_id: int | None = None, slug: str | None = None, is_staff: bool = False) -> ProductDetail:
    """One product by id or by slug: two queries. Staff also see what is not listed. Raises ProductNotFound."""
    images = ProductImage.objects.filter(product_id=OuterRef("pk")).order_by("position", "pk")
    columns = {name: name for name in ("id", "image", "alt", "is_primary", "position", "rendered_at")}
    collections = Collection.objects.filter(items__product_id=OuterRef("pk"), is_active=True)
    collections = collections.order_by("position", "title", "pk")[:MAX_COLLECTIONS]
    products = Product.objects.order_by() if is_staff else Product.objects.order_by().filter(listing__is_listed=True)
    row = (
        products.filter(**({"slug": slug} if product_id is None else {"pk": product_id}))
        .values(
            "id",
            "slug",
            "title",
            "description",
            "status",
            "category_id",
            "product_type_id",
            "attributes",
            "is_featured",
            "tax_class",
            "created_at",
            "updated_at",
            price=F("listing__price"),
            compare_at_price=F("listing__compare_at_price"),
            in_stock=F("listing__in_stock"),
            rating=F("listing__rating"),
            review_count=F("listing__review_count"),
            default_variant_id=F("listing__default_variant_id"),
            category_slug=F("category__slug"),
            category_title=F("category__title"),
            category_is_active=F("category__is_active"),
            pictures=ArraySubquery(images.values(shown=JSONObject(**columns))),
            shown_in=ArraySubquery(collections.values(shown=JSONObject(id="id", slug="slug", title="title"))),
        )
        .first()
    )
    if row is None:
        raise ProductNotFound
    return ProductDetail(row=row, images=row["pictures"], breadcrumbs=_breadcrumbs(category_id=row["category_id"]))


def product_variants(*, product_id: int, is_staff: bool = False) -> QuerySet[Variant]:
    """The variants of a product in their order, one query; staff also see the inactive ones."""
    lowest = PastPrice.objects.filter(variant_id=OuterRef("pk")).order_by().values("variant_id")
    variants = (
        Variant.objects.filter(product_id=product_id)
        .annotate(lowest_past_price=Subquery(lowest.values(lowest=Min("price"))))
        .order_by("position", "pk")
    )
    return variants if is_staff else variants.filter(is_active=True)


def one_variant(variants: QuerySet[Variant], *, variant_id: int) -> Variant:
    """One of the variants: one query. Raises VariantNotFound."""
    variant = variants.filter(pk=variant_id).first()
    if variant is None:
        raise VariantNotFound
    return variant


def require_product(*, product_id: int | None = None, slug: str | None = None, is_staff: bool = False) -> int:
    """The id of a product by id or by slug: one query. Raises ProductNotFound for one that this caller may not see."""
    products = Product.objects.filter(**({"slug": slug} if product_id is None else {"pk": product_id})).order_by()
    visible = products if is_staff else products.filter(listing__is_listed=True)
    found = visible.values_list("pk", flat=True).first()
    if found is None:
        raise ProductNotFound
    return found


def product_images(*, product_id: int) -> QuerySet[ProductImage]:
    """The images of a product in their order: one query."""
    return ProductImage.objects.filter(product_id=product_id).order_by("position", "pk")


def product_documents(*, product_id: int) -> QuerySet[ProductDocument]:
    """The documents of a product in their order: one query."""
    return ProductDocument.objects.filter(product_id=product_id).order_by("position", "pk")


def image_requests(*, product_id: int) -> QuerySet[ImageRequest]:
    """The pictures that were asked for with a product, the newest first: one query."""
    return ImageRequest.objects.filter(product_id=product_id).order_by("-pk")


def categories(*, is_staff: bool = False) -> list[dict[str, Any]]:
    """The categories as a tree of dicts by `children`: one query.

    An inactive category hides what lies below it; staff see all.
    """
    rows = Category.objects.order_by("position", "title", "pk")
    if not is_staff:
        rows = rows.filter(is_active=True)
    return category_tree(rows.values(*CATEGORY_COLUMNS))


@dataclass(frozen=True, slots=True)
class CategoryDetail:
    """A category with what lies below it as `children`, and the way to it.

    The `breadcrumbs` are `{id, slug, title}`, from the root to the category itself.
    """

    node: dict[str, Any]
    breadcrumbs: list[dict[str, Any]]


def category(*, category_id: int, is_staff: bool = False) -> CategoryDetail:
    """One category: one query. Raises CategoryNotFound."""
    nodes = {node["id"]: node for node in walk_tree(categories(is_staff=is_staff))}
    node = nodes.get(category_id)
    if node is None:
        raise CategoryNotFound
    way = [node]
    while (above := way[-1]["parent"]) is not None:
        way.append(nodes[above])
    steps = [{name: step[name] for name in ("id", "slug", "title")} for step in reversed(way)]
    return CategoryDetail(node=node, breadcrumbs=steps)


def collections(*, is_staff: bool = False) -> QuerySet[Collection, dict[str, Any]]:
    """The collections in their order as dicts: one query. Staff also see the inactive ones."""
    rows = Collection.objects.order_by("position", "title", "pk").values(*COLLECTION_COLUMNS)
    return rows if is_staff else rows.filter(is_active=True)


def collection(*, collection_id: int, is_staff: bool = False) -> dict[str, Any]:
    """One of them: one query. Raises CollectionNotFound."""
    row = collections(is_staff=is_staff).filter(pk=collection_id).first()
    if row is None:
        raise CollectionNotFound
    return row


def collected_counts(*, collection_ids: Sequence[int]) -> dict[int, int]:
    """How many listed products each collection holds, `MAX_COUNTED` at most: one query."""
    with connection.cursor() as cursor:
        cursor.execute(sql.COUNT_COLLECTED, {"collection_ids": list(collection_ids), "limit": MAX_COUNTED})
        return dict(cursor.fetchall())


def listed_count(*, category_ids: Sequence[int]) -> int:
    """How many listed products these categories hold, `MAX_COUNTED` at most: one query."""
    return ProductListing.objects.listed().in_categories(category_ids)[:MAX_COUNTED].count()


def count_products_of_class(tax_class: str) -> int:
    """How many products have the tax class, whatever their status: one query."""
    return Product.objects.filter(tax_class=tax_class).count()


def product_types() -> QuerySet[ProductType]:
    """The product types with their attributes in their order: two queries."""
    return ProductType.objects.prefetch_related("attributes").order_by("title", "pk")


def product_type(*, product_type_id: int) -> ProductType:
    """One of them: two queries. Raises ProductTypeNotFound."""
    found = product_types().filter(pk=product_type_id).first()
    if found is None:
        raise ProductTypeNotFound
    return found


def related_rows(*, product_id: int) -> list[dict[str, Any]]:
    """Listed products that go with a listed one, as `listing_rows`, twelve at most: two queries.

    Those that share most collections with it come first, then those of its category, best sellers first. Bounded:
    of each collection and of the category only some best sellers are looked at. Raises ProductNotFound.
    """
    with connection.cursor() as cursor:
        limits = {"product_id": product_id, "candidates": RELATED_CANDIDATES, "limit": RELATED}
        cursor.execute(sql.RELATED_PRODUCTS, limits | {"collections": MAX_COLLECTIONS})
        places = [related_id for (related_id,) in cursor.fetchall()]
    if not places or places[0] != product_id:
        raise ProductNotFound
    rows = {row["product_id"]: row for row in listing_rows(ProductListing.objects.listed().filter(pk__in=places[1:]))}
    return [rows[pk] for pk in places[1:] if pk in rows]


def _breadcrumbs(*, category_id: int | None) -> list[dict[str, Any]]:
    if category_id is None:
        return []
    with connection.cursor() as cursor:
        cursor.execute(sql.CATEGORY_PATH, {"category_id": category_id})
        steps = cursor.fetchall()
    if not all(is_active for *_, is_active in steps):
        return []
    return [{"id": id_, "slug": slug, "title": title} for id_, slug, title, _ in steps]


def category_branch(*, category_id: int) -> list[int]:
    """The ids of a category and of all below it, active or not: one query."""
    children: dict[int | None, list[int]] = {}
    for child, parent in Category.objects.order_by("pk").values_list("pk", "parent_id"):
        children.setdefault(parent, []).append(child)
    branch = [category_id]
    for place in branch:
        branch += children.get(place, [])
    return branch


def variants_to_price(*, category_id: int | None = None) -> QuerySet[Variant]:
    """The variants of all products, or of those of a category and of what lies below it, by id."""
    variants = Variant.objects.order_by("pk")
    if category_id is None:
        return variants
    return variants.filter(product__category_id__in=category_branch(category_id=category_id))
