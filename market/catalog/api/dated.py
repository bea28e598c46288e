"""Documents of products and variants with the prices of another moment; all else in them is as of now."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Any

from market.catalog import selectors
from market.catalog.api import documents
from market.catalog.models import Variant
from market.catalog.rules import shown_variant
from market.catalog.selectors import ProductDetail


def variants(rows: Iterable[Variant], *, moment: datetime, is_staff: bool) -> list[dict[str, Any]]:
    """Variants from models with `available`, which get the prices of the moment: two queries.

    What the lowest price of the 30 days before was is not told: that is counted back from what is told now.
    """
    rows = list(rows)
    prices = selectors.prices_at(variant_ids=[row.pk for row in rows], moment=moment)
    shown = []
    for row in rows:
        dated = prices[row.pk]
        row.price, row.compare_at_price, row.lowest_past_price = dated.price, dated.compare_at_price, None
        of_moment = {
            "as_of": moment,
            "price_basis": dated.basis,
            "price_is_known": dated.known_since is None,
            "price_known_since": dated.known_since,
        }
        shown.append(documents.variant(row, is_staff=is_staff) | of_moment)
    return shown


def product(detail: ProductDetail, rows: Iterable[Variant], *, moment: datetime, is_staff: bool) -> dict[str, Any]:
    """A product's page with its variants, which get the prices of the moment: two queries.

    Its price is that of the variant that it would be shown with (`rules.shown_variant`).
    """
    rows = list(rows)
    shown = variants(rows, moment=moment, is_staff=is_staff)
    row = dict(detail.row)
    first = shown_variant(rows)
    if first is not None:
        row |= {"price": first.price, "compare_at_price": first.compare_at_price}
        row["default_variant_id"] = first.pk if first.is_active else None
    document = documents.product(replace(detail, row=row), shown, is_staff=is_staff)
    known = all(variant["price_is_known"] for variant in shown)
    return document | {"as_of": moment, "prices_are_known": known}
