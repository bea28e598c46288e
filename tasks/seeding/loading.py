"""Made-up products into the database, by COPY."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from django.db import connection, transaction

from market.catalog.models import Category, Product, SearchDocument, Variant
from market.catalog.services.imports import CategoryImport, import_categories, import_product_type
from tasks.seeding import sql
from tasks.seeding.catalog import ATTRIBUTES, BATCH_SIZE, PRODUCT_TYPE, SeededProduct, products, shelves
from tasks.seeding.lines import Lines

SEEDING_LOCK = 7_310_003

Progress = Callable[[int], None]


def seed_products(*, seed: int, count: int, progress: Progress) -> int:
    """Fill the catalog up to `count` products of this seed; answers how many it added.

    Each batch of 10,000 commits by itself, products with stock and listings: an interrupted seeding
    goes on where it stopped, and a larger count adds to a smaller one. What else is in the shop is
    left alone. `progress` is told how many are there.
    """
    import_categories(
        categories=[
            CategoryImport(slug=shelf.slug, title=shelf.title, parent_slug=shelf.parent_slug) for shelf in shelves()
        ]
    )
    type_id = import_product_type(slug=PRODUCT_TYPE, title=PRODUCT_TYPE.title(), attributes=ATTRIBUTES)
    added = 0
    while batch := _seed_batch(seed=seed, count=count, product_type_id=type_id):
        added += len(batch)
        progress(batch.stop)
    return added


def learn() -> None:
    """Let the planner know the new tables."""
    _execute(*(sql.LEARN.format(table=table) for table in sql.COPIED_TABLES))


def settle() -> None:
    """Let it know all of them, and index-only scans trust them. Outside of transactions."""
    _execute(*(sql.SETTLE.format(table=table) for table in (*sql.COPIED_TABLES, *sql.SORTED_TABLES)))


@contextmanager
def gathered_words() -> Iterator[None]:
    """Within this block documents are gathered and go into the indexes of search together. Outside of transactions.

    Where it was killed, searches stay somewhat slower until the next one ends.
    """
    indexes = [index.name for index in SearchDocument._meta.indexes]
    _execute(*sql.GATHER_MUCH, *(sql.GATHER.format(index=index) for index in indexes))
    try:
        yield
    finally:
        _execute(*(statement.format(index=index) for index in indexes for statement in sql.SORT_IN), *sql.GATHER_LITTLE)


def _execute(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@transaction.atomic
def _seed_batch(*, seed: int, count: int, product_type_id: int) -> range:
    """Add the next products; answers their numbers, none when all are there."""
    with connection.cursor() as cursor:
        cursor.execute(sql.HOLD_SEEDING, {"lock": SEEDING_LOCK})
        cursor.execute(sql.LAST_SKU, {"from": f"S{seed}-", "below": f"S{seed}."})
        ((last_sku,),) = cursor.fetchall()
    first = int(last_sku.split("-")[1]) + 1 if last_sku else 0
    numbers = range(first, min(first - first % BATCH_SIZE + BATCH_SIZE, count))
    if numbers:
        batch = list(products(seed=seed, first=numbers.start, last=numbers.stop))
        _copy_products(batch, lines=Lines(reason=f"seed {seed}", product_type_id=product_type_id))
    return numbers


def _copy_products(batch: Sequence[SeededProduct], *, lines: Lines) -> None:
    categories = dict(Category.objects.values_list("slug", "pk"))
    product_ids = _take_ids(Product, len(batch))
    variant_ids = iter(_take_ids(Variant, sum(len(product.variants) for product in batch)))
    for product, product_id in zip(batch, product_ids, strict=True):
        own_ids = [next(variant_ids) for _ in product.variants]
        lines.add(product, product_id=product_id, category_id=categories[product.shelf_slug], variant_ids=own_ids)
    with connection.cursor() as cursor:
        for statement, made in lines.by_statement.items():
            with cursor.copy(statement) as copy:
                copy.write("".join(made))


def _take_ids(model: type, count: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(sql.TAKE_IDS, {"table": model._meta.db_table, "count": count})
        return [taken for (taken,) in cursor.fetchall()]
