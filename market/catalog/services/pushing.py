"""Documents on their way to a search engine of its own: queued by an event's handler, claimed, pushed."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from market.catalog import sql
from market.catalog.adapters.search import engine
from market.catalog.models import PendingDocument
from market.catalog.rules import search_words
from market.catalog.services.searching import document_contents, filterable_values

# A push takes at most half of it; whoever takes longer is taken for dead.
LEASE = timedelta(seconds=60)


def queue_documents(*, product_ids: Collection[int]) -> None:
    """Note that the engine's documents of these products are old: one statement. Each gets a higher version."""
    with connection.cursor() as cursor:
        cursor.execute(sql.QUEUE_DOCUMENTS, {"product_ids": sorted(product_ids)})


def push_documents(*, limit: int) -> int:
    """Push up to `limit` queued documents, as they are now; answers how many arrived.

    Claims them by a lease in one commit, pushes, and deletes those that arrived in another. What was
    queued again meanwhile has another version and stays. Raises what the engine raises when it is away.
    """
    claimed = _claim(limit)
    if not claimed:
        return 0
    search_engine = engine()
    search_engine.ensure_index()
    contents = {row["product_id"]: row for row in document_contents(list(claimed))}
    arrived = search_engine.push(
        (product_id, version, _fields(contents.get(product_id))) for product_id, version in claimed.items()
    )
    done = Q()
    for product_id in arrived:
        done |= Q(product_id=product_id, pk=claimed[product_id])
    if arrived:
        PendingDocument.objects.filter(done).delete()
    return len(arrived)


def _claim(limit: int) -> dict[int, int]:
    """The version of each claimed document, by its product."""
    now = timezone.now()
    values = {"now": now, "until": now + LEASE, "limit": limit}
    with connection.cursor() as cursor:
        cursor.execute(sql.CLAIM_DOCUMENTS, values)
        return dict(cursor.fetchall())


def _fields(row: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if row is None or not row["is_listed"]:
        return None
    return {
        "product_id": row["product_id"],
        "is_listed": True,
        "popularity": row["popularity"],
        "category_id": row["category_id"],
        "title": _words([row["title"]]),
        "skus": _words(row["skus"]),
        "attributes": _words(filterable_values(row)),
        "description": _words([row["description"]]),
    }


def _words(texts: Sequence[str]) -> str:
    return " ".join(search_words(" ".join(texts)))
