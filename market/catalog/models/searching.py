"""What search and facets read beside the listings."""

import uuid

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q

from market.catalog.models.products import Category, Product

# How many products, the most popular first, are in the search tiers before the last one. A search reads
# tier after tier and stops when it has enough, so that a common word among a million products costs what
# it costs among some thousands.
SEARCH_TIERS = (1_000, 5_000, 20_000, 100_000, 300_000)


class SearchDocument(models.Model):
    """The words of one product, weighted; a table of its own, so that prices and stock change beside it.

    Written by `services.searching` in the transaction that changes the product. `is_listed` and
    `popularity` are copies from the listing; `tier` is set in passing by the walk over the catalog.
    """

    # The database itself deletes with the product: code of the release before does not know this table.
    product = models.OneToOneField(
        Product, models.CASCADE, primary_key=True, related_name="search_document", db_constraint=False
    )
    is_listed = models.BooleanField()
    popularity = models.PositiveIntegerField(default=0)
    tier = models.PositiveSmallIntegerField(default=len(SEARCH_TIERS), db_default=len(SEARCH_TIERS))
    document = SearchVectorField()

    class Meta:
        # Without a pending list, which every search would read through.
        indexes = [
            GinIndex(
                fields=["document"],
                name=f"search_tier_{tier}",
                fastupdate=False,
                condition=Q(is_listed=True, tier=tier),
            )
            for tier in range(6)
        ]

    def __str__(self) -> str:
        return f"words of {self.product_id}"


class PendingDocument(models.Model):
    """A product whose document a search engine of its own has to be told; its id is the document's version.

    Without a foreign key, as what is deleted is told too.
    """

    product_id = models.BigIntegerField(unique=True)
    queued_at = models.DateTimeField(db_default=models.functions.Now())
    lease_until = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["queued_at"], name="pending_document_queued")]

    def __str__(self) -> str:
        return f"document of {self.product_id}"


class SearchWord(models.Model):
    """A word of the catalog, and how many listed products have it; `counted` is the count of the walk under way."""

    word = models.CharField(max_length=64, primary_key=True, db_collation="C")
    stem = models.CharField(max_length=64, db_collation="C")
    products = models.PositiveIntegerField()
    counted = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["-products", "word"], name="search_word_products")]

    def __str__(self) -> str:
        return self.word


class FacetCount(models.Model):
    """How many listed products of a category (of none: of the whole shop) have a value; `counted` as above.

    What the facets of shelves too large to count are answered from.
    """

    category = models.ForeignKey(
        Category, models.CASCADE, null=True, related_name="+", db_index=False, db_constraint=False
    )
    kind = models.CharField(max_length=16)
    value = models.TextField(db_collation="C")
    products = models.PositiveIntegerField(default=0)
    counted = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["category", "kind", "value"], name="facet_count_once", nulls_distinct=False)
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.value}: {self.products}"


class CatalogWalk(models.Model):
    """Where the walk over the catalog stands that keeps documents, words and counts: one row.

    `version` changes with the words, so that processes read them anew; `boundaries` are the
    (popularity, product id) at which the tiers end, most popular first; `changes_seen` is the last
    change of the catalog before the walk began.
    """

    last_product_id = models.BigIntegerField(default=0)
    boundaries = models.JSONField(default=list)
    version = models.UUIDField(default=uuid.uuid4)
    changes_seen = models.BigIntegerField(default=0)
    is_complete = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"at product {self.last_product_id}"
