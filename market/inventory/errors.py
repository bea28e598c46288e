"""Refusals about stock."""

from core.errors import Conflict


class InsufficientStock(Conflict):
    """Fewer units are available than asked for.

    `extra["short"]` lists `{variant, sku, requested, available}` for every short line.
    """

    code = "insufficient_stock"
    title = "There is not enough in stock."


class StockBelowReserved(Conflict):
    """More units are kept for orders than would be on hand; `extra` tells both."""

    code = "stock_below_reserved"
    title = "Fewer units would be there than are kept for orders."
