"""Staff screens for the catalog, over the services that the API uses."""

from market.catalog.admin import prices, products

__all__ = ["prices", "products"]
