"""Made-up products as lines of COPY: formatted by hand, as a million products are ten million lines.

Of a column that the database counts itself (`search_vector`) there is nothing here. What is copied
holds no character that COPY would read as its own: the words are ours.
"""

import json

from market.inventory.models import DEFAULT_LOCATION, StockItem, StockMovement
from tasks.seeding import sql
from tasks.seeding.catalog import SeededProduct, SeededVariant

NULL = "\\N"
LOW_STOCK_THRESHOLD = StockItem._meta.get_field("low_stock_threshold").default


class Lines:
    """The lines of a batch, by the statement that takes them in."""

    def __init__(self, *, reason: str, product_type_id: int) -> None:
        self.reason = reason
        self.product_type_id = product_type_id
        self.products: list[str] = []
        self.variants: list[str] = []
        self.listings: list[str] = []
        self.stock: list[str] = []
        self.ledger: list[str] = []

    @property
    def by_statement(self) -> dict[str, list[str]]:
        """What to copy, in the order of the foreign keys."""
        return {
            sql.COPY_PRODUCTS: self.products,
            sql.COPY_VARIANTS: self.variants,
            sql.COPY_LISTINGS: self.listings,
            sql.COPY_STOCK: self.stock,
            sql.COPY_LEDGER: self.ledger,
        }

    def add(self, product: SeededProduct, *, product_id: int, category_id: int, variant_ids: list[int]) -> None:
        """A product with its variants, their stock and its listing."""
        at = product.created_at.isoformat()
        self.products.append(
            f"{product_id}\t{product.title}\t{product.slug}\t{product.description}\t{product.status}\t{category_id}"
            f"\t{self.product_type_id}\t{json.dumps(product.attributes)}\t{product.is_featured}\t{at}\t{at}\n"
        )
        for place, (variant, variant_id) in enumerate(zip(product.variants, variant_ids, strict=True)):
            self._add_variant(variant, variant_id=variant_id, product_id=product_id, place=place, at=at)
        place = product.shown_variant
        shown = product.variants[place]
        self.listings.append(
            f"{product_id}\t{category_id}\t{variant_ids[place]}\t{product.title}\t{amount(shown.price)}"
            f"\t{amount(shown.compare_at_price)}\t{product.status == 'active'}\t{shown.on_hand > 0}"
            f"\t{product.is_featured}\t{array(product.tokens)}\t0\t{product.popularity}\t{product.words}\t{at}\n"
        )

    def _add_variant(self, variant: SeededVariant, *, variant_id: int, product_id: int, place: int, at: str) -> None:
        self.variants.append(
            f"{variant_id}\t{product_id}\t{variant.sku}\t{variant.title}\t{amount(variant.price)}"
            f"\t{amount(variant.compare_at_price)}\t{amount(variant.cost)}\t{variant.weight_grams}\t{variant.is_active}"
            f'\t{variant.on_hand > 0}\t{{"color": "{variant.color}"}}\t{place}\t{at}\t{at}\n'
        )
        self.stock.append(f"{variant_id}\t{variant.on_hand}\t0\t{LOW_STOCK_THRESHOLD}\t{at}\n")
        if variant.on_hand:
            self.ledger.append(
                f"{variant_id}\t{StockMovement.Kind.OPENING.value}\t{variant.on_hand}\t{DEFAULT_LOCATION}"
                f"\t{self.reason}\t\t{at}\n"
            )


def array(words: list[str]) -> str:
    """Words as a column of them."""
    return "{" + ",".join(f'"{word}"' for word in words) + "}"


def amount(cents: int | None) -> str:
    """Cents as a column of money."""
    return NULL if cents is None else f"{cents // 100}.{cents % 100:02}"
