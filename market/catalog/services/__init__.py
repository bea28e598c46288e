"""Everything that changes the catalog."""

from market.catalog.services.categories import create_category, delete_category, update_category
from market.catalog.services.collections import (
    create_collection,
    delete_collection,
    set_collected,
    update_collection,
)
from market.catalog.services.image_requests import request_images
from market.catalog.services.images import add_image, delete_image, update_image
from market.catalog.services.listings import refresh_listings, set_listing_rating, set_variants_in_stock
from market.catalog.services.locks import hold_product, hold_products
from market.catalog.services.planning import (
    MAX_CHANGES,
    NewPriceChange,
    apply_due_price_changes,
    cancel_price_change,
    plan_price_changes,
    price_change_problems,
    update_price_change,
)
from market.catalog.services.prices import PriceChange, reprice_variants
from market.catalog.services.product_documents import add_document, delete_document, update_document
from market.catalog.services.product_types import (
    NewAttribute,
    create_attribute,
    create_product_type,
    delete_attribute,
    delete_product_type,
    update_attribute,
    update_product_type,
)
from market.catalog.services.products import (
    Deletion,
    archive_product,
    create_product,
    delete_product,
    update_product,
)
from market.catalog.services.shelf_images import clear_shelf_image, set_shelf_image
from market.catalog.services.variants import NewVariant, create_variant, delete_variant, update_variant

__all__ = [
    "MAX_CHANGES",
    "Deletion",
    "NewAttribute",
    "NewPriceChange",
    "NewVariant",
    "PriceChange",
    "add_document",
    "add_image",
    "apply_due_price_changes",
    "archive_product",
    "cancel_price_change",
    "clear_shelf_image",
    "create_attribute",
    "create_category",
    "create_collection",
    "create_product",
    "create_product_type",
    "create_variant",
    "delete_attribute",
    "delete_category",
    "delete_collection",
    "delete_document",
    "delete_image",
    "delete_product",
    "delete_product_type",
    "delete_variant",
    "hold_product",
    "hold_products",
    "plan_price_changes",
    "price_change_problems",
    "refresh_listings",
    "reprice_variants",
    "request_images",
    "set_collected",
    "set_listing_rating",
    "set_shelf_image",
    "set_variants_in_stock",
    "update_attribute",
    "update_category",
    "update_collection",
    "update_document",
    "update_image",
    "update_price_change",
    "update_product",
    "update_product_type",
    "update_variant",
]
