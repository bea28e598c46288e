"""Invariant 8 for what search reads: documents and words equal what they are computed from."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.db import connection
from django.db.models import Max

from core.models import Change
from market.catalog.models import CatalogWalk, ProductListing, SearchWord
from market.catalog.rules import vocabulary_words
from market.catalog.services.searching import document_contents, document_of, filterable_values
from tasks.invariants.engine import NAMED, Check, Evidence, sql_check

BATCH = 2000

STALE = """
SELECT product.slug || ': ' || CASE WHEN document.product_id IS NULL THEN 'no document'
       WHEN document.is_listed <> computed.is_listed THEN 'its document says is_listed ' || document.is_listed
       ELSE 'its document has other words' END
FROM UNNEST(%(ids)s::bigint[], %(documents)s::text[], %(listed)s::boolean[]) AS computed (id, words, is_listed)
JOIN catalog_product AS product ON product.id = computed.id
LEFT JOIN catalog_searchdocument AS document ON document.product_id = computed.id
WHERE CASE WHEN document.product_id IS NULL THEN %(is_complete)s
           ELSE (document.document, document.is_listed) IS DISTINCT FROM (computed.words::tsvector, computed.is_listed)
      END
ORDER BY computed.id
"""

ORPHANS = """
SELECT product.slug || ': a document without a listing'
FROM catalog_searchdocument AS document JOIN catalog_product AS product ON product.id = document.product_id
WHERE NOT EXISTS (SELECT FROM catalog_productlisting AS listing WHERE listing.product_id = document.product_id)
"""


def contents() -> Iterator[list[dict[str, Any]]]:
    """What search reads of every product, in batches: two statements each."""
    last = 0
    while ids := list(ProductListing.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:BATCH]):
        yield document_contents(ids)
        last = ids[-1]


def is_walked() -> bool:
    """Whether the walk over the catalog has seen all as it is now: it writes what was written past the services."""
    walk = CatalogWalk.objects.filter(pk=1, is_complete=True).first()
    return walk is not None and (Change.objects.aggregate(latest=Max("pk"))["latest"] or 0) <= walk.changes_seen


def stale_documents(evidence: Evidence) -> list[str]:
    """Products whose document is not that of their title, SKUs, attributes, category and description."""
    found: list[str] = []
    is_complete = is_walked()
    for rows in contents():
        documents = [document_of(row) for row in rows]
        ids, listed = [row["product_id"] for row in rows], [row["is_listed"] for row in rows]
        with connection.cursor() as cursor:
            cursor.execute(STALE, {"ids": ids, "documents": documents, "listed": listed, "is_complete": is_complete})
            found += [name for (name,) in cursor.fetchall()]
        if len(found) > NAMED:
            break
    return found


def wrongly_counted_words(evidence: Evidence) -> list[str]:
    """Words that another number of products has than the walk over the catalog counted, once it has seen all."""
    if not is_walked():
        return []
    words: Counter[str] = Counter()
    for rows in contents():
        for row in rows:
            if row["is_listed"]:
                category = row["category_title"] or ""
                words.update(vocabulary_words(row["title"], row["description"], category, *filterable_values(row)))
    kept = dict(SearchWord.objects.values_list("word", "products"))
    wrong = sorted(word for word in words.keys() | kept.keys() if words[word] != kept.get(word, 0))
    return [f"{word}: counted {kept.get(word, 0)}, {words[word]} products have it" for word in wrong[: NAMED + 1]]


CHECKS = [
    Check(8, "search", "a product's document is of its words", stale_documents),
    sql_check(8, "search", "every document has its listing", ORPHANS),
    Check(8, "search", "a word is counted as often as products have it", wrongly_counted_words),
]
