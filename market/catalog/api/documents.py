"""The documents of the catalog, built by hand: a page of 20 products in a tenth of a serializer's time."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from django.conf import settings

from market.catalog.adapters.pictures import picture_urls, size_urls
from market.catalog.adapters.search import Term, highlighted, snippet
from market.catalog.adapters.search.facets import Facets
from market.catalog.models import ImageRequest, ProductDocument, ProductImage, ProductType
from market.catalog.rules import MAX_CATEGORY_LEVELS, MAX_TOLD_CATEGORIES, cut_tree
from market.catalog.selectors import CATEGORY_COLUMNS, ProductDetail

# Enough for any cart that is honest, and no count of the shop's stock for its competitors.
MAX_AVAILABLE = 20


def product_row(row: Mapping[str, Any], terms: Sequence[Term] = ()) -> dict[str, Any]:
    """A product in a list, from a row of `selectors.listing_rows`; found by `terms`, with them highlighted."""
    document = {
        "id": row["product_id"],
        "slug": row["slug"],
        "title": row["title"],
        **_shown_price(row),
        "category": _category(row),
        **_picture(row["image"], row["image_alt"]),
        "default_variant": row["default_variant_id"],
        "created_at": row["created_at"],
    }
    return document | {"highlight": _highlight(row, terms)} if terms else document


def staff_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """A product in the list of staff, from a row of `selectors.product_rows`."""
    return product_row(row) | {"status": row["status"]}


def facets(counted: Facets, *, is_exact: bool) -> dict[str, Any]:
    """What a list can be narrowed by; what would leave nothing is not told, but for availability."""
    return {
        "count": counted.count,
        "count_is_exact": is_exact,
        "currency": settings.SHOP_CURRENCY,
        "categories": [asdict(category) for category in counted.categories],
        "attributes": [
            {"code": code, "values": [{"value": value, "count": count} for value, count in values]}
            for code, values in counted.attributes.items()
        ],
        "prices": [asdict(band) for band in counted.prices if band.count],
        "ratings": [{"min_rating": stars, "count": count} for stars, count in counted.ratings if count],
        "availability": [{"in_stock": value, "count": count} for value, count in counted.availability],
    }


def product(detail: ProductDetail, variants: list[dict[str, Any]], *, is_staff: bool) -> dict[str, Any]:
    """A product's page, with its variants from `variant`."""
    row = detail.row
    primary = next((columns for columns in detail.images if columns["is_primary"]), None)
    document = {
        "id": row["id"],
        "slug": row["slug"],
        "title": row["title"],
        **_shown_price(row),
        "category": _category(row),
        **(_picture(primary["image"], primary["alt"]) if primary else _picture("", "")),
        "default_variant": row["default_variant_id"],
        "lowest_price_30d": next(
            (shown["lowest_price_30d"] for shown in variants if shown["id"] == row["default_variant_id"]), None
        ),
        "description": row["description"],
        "featured": row["is_featured"],
        "attributes": row["attributes"],
        "variants": variants,
        "images": [_image(columns) for columns in detail.images],
        "collections": row["shown_in"],
        "breadcrumbs": detail.breadcrumbs,
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
    }
    of_staff = {"status": row["status"], "product_type": row["product_type_id"], "tax_class": row["tax_class"]}
    return document | of_staff if is_staff else document


def variant(row: Any, *, is_staff: bool) -> dict[str, Any]:
    """A variant, from a model with `available`."""
    document = {
        "id": row.pk,
        "sku": row.sku,
        "title": row.title,
        "price": row.price,
        "compare_at_price": row.compare_at_price,
        "currency": settings.SHOP_CURRENCY,
        "lowest_price_30d": row.lowest_past_price if _is_on_sale(row.price, row.compare_at_price) else None,
        "attributes": row.attributes,
        "in_stock": row.in_stock,
        "available": min(max(row.available, 0), MAX_AVAILABLE),
        "weight_grams": row.weight_grams,
    }
    of_staff = {"cost": row.cost, "is_active": row.is_active, "position": row.position}
    return document | of_staff if is_staff else document


def image(row: ProductImage) -> dict[str, Any]:
    """A picture, from its model."""
    columns = {"id": row.pk, "image": row.image.name, "alt": row.alt}
    return _image({**columns, "is_primary": row.is_primary, "position": row.position, "rendered_at": row.rendered_at})


def product_document(row: ProductDocument) -> dict[str, Any]:
    """A manual or data sheet, from its model."""
    told = {name: getattr(row, name) for name in ("id", "title", "size_bytes", "position", "created_at")}
    return told | {"url": row.file.url}


def image_request(row: ImageRequest) -> dict[str, Any]:
    """A picture that is fetched from elsewhere, and how far that has come."""
    return {name: getattr(row, name) for name in ("id", "url", "alt", "state", "attempts", "last_error", "created_at")}


def categories(nodes: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Categories from `selectors.categories`, with those below where they have `children`, as far as there is room."""
    if nodes and "children" in nodes[0]:
        nodes = cut_tree(nodes, most=MAX_TOLD_CATEGORIES, levels=MAX_CATEGORY_LEVELS)
    return [_category_node(node) for node in nodes]


def collection(row: Mapping[str, Any], *, product_count: int, is_staff: bool) -> dict[str, Any]:
    """A collection from `selectors.collections`; how its products are found is for staff."""
    of_staff = () if is_staff else ("rules", "evaluated_at", "is_active")
    document = {name: value for name, value in row.items() if name not in of_staff}
    return document | _picture(row["image"], row["title"]) | {"product_count": product_count}


def product_type(row: ProductType) -> dict[str, Any]:
    """A product type with its attributes."""
    told = ("id", "code", "title", "kind", "choices", "swatches", "is_of_variant", "is_filterable", "position")
    attributes = [{name: getattr(one, name) for name in told} for one in row.attributes.all()]
    return {"id": row.pk, "slug": row.slug, "title": row.title, "attributes": attributes}


def _category_node(node: Mapping[str, Any]) -> dict[str, Any]:
    document = {name: node[name] for name in CATEGORY_COLUMNS} | _picture(node["image"], node["title"])
    if "children" in node:
        document["children"] = [_category_node(child) for child in node["children"]]
    if "children_left_out" in node:
        document["children_left_out"] = True
    return document


def _picture(name: str | None, alt: str | None) -> dict[str, Any]:
    image = picture_urls(name=name, alt=alt or "") if name else None
    return {"image": image, "image_url": image and image["url"]}


def _highlight(row: Mapping[str, Any], terms: Sequence[Term]) -> dict[str, str]:
    return {"title": highlighted(row["title"], terms), "description": snippet(row["description"], terms)}


def _image(columns: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": columns["id"],
        **picture_urls(name=columns["image"], alt=columns["alt"]),
        "sizes": size_urls(columns["image"]) if columns["rendered_at"] else None,
        "is_primary": columns["is_primary"],
        "position": columns["position"],
    }


def _category(row: Mapping[str, Any]) -> dict[str, Any] | None:
    if not row["category_is_active"]:
        return None
    return {"id": row["category_id"], "slug": row["category_slug"], "title": row["category_title"]}


def _shown_price(row: Mapping[str, Any]) -> dict[str, Any]:
    price, compare_at_price = row["price"], row["compare_at_price"]
    return {
        "price": price,
        "compare_at_price": compare_at_price,
        "currency": settings.SHOP_CURRENCY,
        "on_sale": _is_on_sale(price, compare_at_price),
        "in_stock": bool(row["in_stock"]),
        "rating": row["rating"],
        "review_count": row["review_count"] or 0,
    }


def _is_on_sale(price: Decimal | None, compare_at_price: Decimal | None) -> bool:
    return compare_at_price is not None and compare_at_price > price
