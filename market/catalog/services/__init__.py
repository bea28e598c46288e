"""Everything that changes the catalog."""

from market.catalog.services.categories import create_category, delete_category, update_category
from market.catalog.services.images import add_image, delete_image, update_image
from market.catalog.services.listings import refresh_listings, set_listing_rating, set_variants_in_stock
from market.catalog.services.locks import hold_product, hold_products
from market.catalog.services.prices import PriceChange, reprice_variants
from market.catalog.services.products import (
    Deletion,
    archive_product,
    create_product,
    delete_product,
    update_product,
)
from market.catalog.services.variants import NewVariant, create_variant, delete_variant, update_variant

__all__ = [
    "Deletion",
    "NewVariant",
    "PriceChange",
    "add_image",
    "archive_product",
    "create_category",
    "create_product",
    "create_variant",
    "delete_category",
    "delete_image",
    "delete_product",
    "delete_variant",
    "hold_product",
    "hold_products",
    "refresh_listings",
    "reprice_variants",
    "set_listing_rating",
    "set_variants_in_stock",
    "update_category",
    "update_image",
    "update_product",
    "update_variant",
]
