"""From an export to a catalog with stock: read, report, load in batches."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TextIO

from django.db import transaction

from market.catalog.services.imports import (
    CategoryImport,
    ImportedProducts,
    ProductImport,
    VariantImport,
    import_categories,
    import_collections,
    import_product_type,
    import_products,
)
from market.inventory.services import open_stock
from tasks.imports.online_retail.attributes import (
    ATTRIBUTES,
    COLLECTIONS,
    PRODUCT_TYPE,
    attributes_of,
    attributes_of_variant,
)
from tasks.imports.online_retail.categories import shelves
from tasks.imports.online_retail.findings import Finding
from tasks.imports.online_retail.lines import SaleLine, open_export, read_lines
from tasks.imports.online_retail.products import ProductDraft, build_products, summarize

# A batch is one transaction; 500 products with their stock take about 0.15 s.
BATCH_SIZE = 500
LINES_BETWEEN_REPORTS = 10_000

Progress = Callable[[str], None]


@dataclass(slots=True)
class Reading:
    """What an export holds: how many lines, the products to sell, and all that was refused or is doubtful."""

    lines: int = 0
    products: list[ProductDraft] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Loaded:
    """How many rows a load added; what is not counted was there before."""

    categories: int
    products: int
    variants: int


def read_export(*, path: Path, progress: Progress) -> Reading:
    """Read and judge the whole export; touches no database. Raises NotAnExport and OSError."""
    with open_export(path) as stream:
        return read_stream(stream=stream, progress=progress)


def read_stream(*, stream: TextIO, progress: Progress) -> Reading:
    """Read and judge the whole export, and tell the progress every `LINES_BETWEEN_REPORTS`. Raises NotAnExport."""
    reading = Reading()

    def kept(outcomes: Iterable[SaleLine | Finding]) -> Iterator[SaleLine]:
        for outcome in outcomes:
            reading.lines += 1
            if reading.lines % LINES_BETWEEN_REPORTS == 0:
                progress(f"read {reading.lines:,} lines")
            if isinstance(outcome, Finding):
                reading.findings.append(outcome)
            else:
                yield outcome

    codes = summarize(kept(read_lines(stream)))
    reading.products, doubts = build_products(codes)
    reading.findings += doubts
    return reading


def load_products(*, products: list[ProductDraft], progress: Progress) -> Loaded:
    """Add what is missing of the products, with opening stock. Loading twice changes nothing.

    Each batch commits by itself, products and stock together: an interrupted load is finished by
    the next one.
    """
    loaded = Loaded(categories=load_categories(), products=0, variants=0)
    for start in range(0, len(products), BATCH_SIZE):
        batch = products[start : start + BATCH_SIZE]
        imported = load_batch(products=batch)
        loaded = replace(
            loaded, products=loaded.products + imported.products, variants=loaded.variants + imported.variants
        )
        progress(f"{start + len(batch):,} of {len(products):,} products done")
    return loaded


def load_categories() -> int:
    """Add the categories that are missing, and what else products refer to; answers how many categories."""
    import_product_type(slug=PRODUCT_TYPE, title=PRODUCT_TYPE.title(), attributes=ATTRIBUTES)
    import_collections(collections=COLLECTIONS)
    return import_categories(
        categories=[
            CategoryImport(slug=shelf.slug, title=shelf.title, parent_slug=parent) for shelf, parent in shelves()
        ]
    )


@transaction.atomic
def load_batch(*, products: Sequence[ProductDraft]) -> ImportedProducts:
    """Add what is missing of some products, with opening stock."""
    imported = import_products(products=[product_import(draft) for draft in products])
    opening = {variant.sku: variant.opening_stock for draft in products for variant in draft.variants}
    open_stock(units={imported.variant_ids[sku]: units for sku, units in opening.items()})
    return imported


def product_import(draft: ProductDraft) -> ProductImport:
    """The draft in the catalog's terms."""
    return ProductImport(
        title=draft.title,
        slug=draft.slug,
        category_slug=draft.shelf.slug if draft.shelf else "",
        created_at=draft.first_sold_at,
        variants=tuple(
            VariantImport(
                sku=item.sku,
                title=item.title,
                price=item.price,
                attributes=attributes_of_variant(item.title, of_product=draft.title),
            )
            for item in draft.variants
        ),
        product_type_slug=PRODUCT_TYPE,
        attributes=attributes_of(draft.title),
    )
