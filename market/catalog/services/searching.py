"""Keeping what search and facets read: documents at once, words, tiers and counts by a walk over the catalog."""

import uuid
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection, transaction
from django.db.models import F, Max, OuterRef

from core.models import Change
from market.catalog import sql
from market.catalog.events import documents_changed
from market.catalog.models import SEARCH_TIERS, CatalogWalk, ProductListing, Variant
from market.catalog.rules import facets_of, search_document, vocabulary_words

# One transaction of the walk: about 60 ms, in which nobody else changes these listings.
WALK_BATCH = 500
# So many documents, or counts, are written by one statement.
WRITTEN_AT_ONCE = 500
COUNTED_AT_ONCE = 5_000


@transaction.atomic(savepoint=False)
def write_documents(*, product_ids: Collection[int]) -> None:
    """Write what search reads of the products, where it differs; two statements however many.

    The caller has written their listings in this transaction, and so holds them.
    """
    _write_documents(document_contents(product_ids), product_ids=product_ids)


def walk_catalog(*, batches: int, batch_size: int | None = None) -> int:
    """Go on with the walk over the catalog for at most so many batches; answers how many products it saw.

    A walk mends documents that were written past the services, counts the words and the facets anew,
    and sorts the products into the tiers of search. When it has come to the end the new counts take
    the place of the old ones; another walk begins only after the catalog has changed. Of two walkers
    at once the second does nothing. Each batch is a transaction: it locks the walk, then listings
    by primary key. Large batches count faster, as each writes the counts once, and hold their
    listings longer.
    """
    seen = 0
    for _ in range(batches):
        walked = _walk_batch(batch_size or WALK_BATCH)
        if walked is None:
            break
        seen += walked
    return seen


@transaction.atomic
def _walk_batch(size: int) -> int | None:
    """The number of products in this batch; None when there is nothing to do."""
    CatalogWalk.objects.get_or_create(pk=1)
    walk = CatalogWalk.objects.select_for_update(skip_locked=True).filter(pk=1).first()
    if walk is None or not _is_under_way(walk):
        return None
    listings = ProductListing.objects.filter(pk__gt=walk.last_product_id).order_by("pk")
    product_ids = list(listings.values_list("pk", flat=True)[:size])
    if not product_ids:
        _finish(walk)
        return None
    with connection.cursor() as cursor:
        cursor.execute(sql.LOCK_LISTINGS, {"product_ids": product_ids})
    contents = document_contents(product_ids)
    for start in range(0, len(contents), WRITTEN_AT_ONCE):
        rows = contents[start : start + WRITTEN_AT_ONCE]
        _write_documents(rows, product_ids=[row["product_id"] for row in rows], boundaries=walk.boundaries)
    if _count(contents):
        walk.version = uuid.uuid4()
    walk.last_product_id = product_ids[-1]
    walk.save()
    return len(product_ids)


def _is_under_way(walk: CatalogWalk) -> bool:
    """Whether there are products to see; begins anew when something changed since the last walk began."""
    if not walk.is_complete and walk.last_product_id:
        return True
    latest = Change.objects.aggregate(latest=Max("pk"))["latest"] or walk.changes_seen
    if walk.is_complete and latest == walk.changes_seen:
        return False
    popular = ProductListing.objects.listed().order_by("-popularity", "-pk").values_list("popularity", "pk")
    walk.boundaries = [place for rank in SEARCH_TIERS for place in popular[rank : rank + 1]]
    walk.changes_seen, walk.is_complete, walk.last_product_id = latest, False, 0
    return True


def _finish(walk: CatalogWalk) -> None:
    with connection.cursor() as cursor:
        for table in ("catalog_searchword", "catalog_facetcount"):
            cursor.execute(sql.DROP_UNCOUNTED.format(table=table))
            cursor.execute(sql.TAKE_COUNTS.format(table=table))
    walk.version, walk.is_complete, walk.last_product_id = uuid.uuid4(), True, 0
    walk.save()


def document_contents(product_ids: Collection[int]) -> list[dict[str, Any]]:
    """What search and facets read of some listed products, by id: one query."""
    skus = Variant.objects.filter(product_id=OuterRef("pk")).order_by("sku").values("sku")
    return list(
        ProductListing.objects.among(product_ids)
        .order_by("pk")
        .values(
            "product_id",
            "title",
            "category_id",
            "price",
            "in_stock",
            "rating",
            "is_listed",
            "popularity",
            "attribute_tokens",
            description=F("product__description"),
            category_title=F("category__title"),
            skus=ArraySubquery(skus),
        )
    )


def _write_documents(
    contents: Sequence[Mapping[str, Any]], *, product_ids: Collection[int], boundaries: Sequence | None = None
) -> None:
    values = {
        "of": list(product_ids),
        "product_ids": [row["product_id"] for row in contents],
        "documents": [document_of(row) for row in contents],
        "tiers": [None if boundaries is None else _tier(row, boundaries) for row in contents],
    }
    with connection.cursor() as cursor:
        cursor.execute(sql.WRITE_DOCUMENTS, values)
    announce_documents(product_ids=product_ids)


def announce_documents(*, product_ids: Collection[int]) -> None:
    """Tell an engine that keeps documents of its own that these changed; PostgreSQL needs no telling."""
    if settings.SEARCH_ENGINE != "postgres" and product_ids:
        documents_changed.publish(product_ids=list(product_ids))


def _tier(row: Mapping[str, Any], boundaries: Sequence[Sequence[int]]) -> int:
    place = (row["popularity"], row["product_id"])
    return next((tier for tier, boundary in enumerate(boundaries) if place > tuple(boundary)), len(boundaries))


def document_of(row: Mapping[str, Any]) -> str:
    """The search document of one of the `document_contents`."""
    return search_document(
        title=row["title"],
        skus=row["skus"],
        attributes=filterable_values(row),
        category_id=row["category_id"],
        description=row["description"],
    )


def filterable_values(row: Mapping[str, Any]) -> list[str]:
    """The values of the attributes that a product can be found by."""
    return [token.partition("=")[2] for token in row["attribute_tokens"]]


def _count(contents: Iterable[Mapping[str, Any]]) -> bool:
    """Add the listed products to the counts of the walk; whether a word was new."""
    words: Counter[str] = Counter()
    facets: Counter[tuple[int | None, str, str]] = Counter()
    for row in contents:
        if not row["is_listed"]:
            continue
        texts = (row["title"], row["description"], row["category_title"] or "", *filterable_values(row))
        words.update(vocabulary_words(*texts))
        for kind, value in facets_of(row):
            facets[None, kind, value] += 1
            if row["category_id"] is not None:
                facets[row["category_id"], kind, value] += 1
    with connection.cursor() as cursor:
        stemmer = f"{settings.SEARCH_LANGUAGE}_stem"
        ordered = sorted(words)
        counts = [words[word] for word in ordered]
        cursor.execute(sql.COUNT_WORDS, {"words": ordered, "counts": counts, "stemmer": stemmer})
        is_any_new = any(is_new for (is_new,) in cursor.fetchall())
        counted = sorted(facets.items(), key=lambda item: (item[0][0] or 0, *item[0][1:]))
        for start in range(0, len(counted), COUNTED_AT_ONCE):
            keys, numbers = zip(*counted[start : start + COUNTED_AT_ONCE], strict=True)
            category_ids, kinds, values = map(list, zip(*keys, strict=True))
            found = {"category_ids": category_ids, "kinds": kinds, "values": values, "counts": list(numbers)}
            cursor.execute(sql.COUNT_FACETS, found)
    return is_any_new
