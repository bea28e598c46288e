"""What is for sale, and what makes it quick to find."""

from market.catalog.models.prices import PlannedPrice, PriceSpan
from market.catalog.models.products import (
    TITLE_LENGTH,
    Attribute,
    Category,
    Collection,
    CollectionItem,
    ImageRequest,
    ListingChange,
    PastPrice,
    Product,
    ProductDocument,
    ProductImage,
    ProductListing,
    ProductType,
    Variant,
)
from market.catalog.models.searching import (
    SEARCH_TIERS,
    CatalogWalk,
    FacetCount,
    PendingDocument,
    SearchDocument,
    SearchWord,
)

__all__ = [
    "SEARCH_TIERS",
    "TITLE_LENGTH",
    "Attribute",
    "CatalogWalk",
    "Category",
    "Collection",
    "CollectionItem",
    "FacetCount",
    "ImageRequest",
    "ListingChange",
    "PastPrice",
    "PendingDocument",
    "PlannedPrice",
    "PriceSpan",
    "Product",
    "ProductDocument",
    "ProductImage",
    "ProductListing",
    "ProductType",
    "SearchDocument",
    "SearchWord",
    "Variant",
]
