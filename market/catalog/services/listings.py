"""Keeping the rows that lists read equal to what they are computed from."""

from collections.abc import Collection
from decimal import Decimal

from django.contrib.postgres.aggregates import ArrayAgg
from django.db import connection, transaction
from django.db.models import Q

from core.transactions import in_one_transaction
from market.catalog import sql
from market.catalog.models import Product, ProductListing
from market.catalog.rules import search_text
from market.catalog.services.searching import write_documents


@in_one_transaction
def refresh_listings(*, product_ids: Collection[int], has_new_words: bool = True) -> None:
    """Write the listings of the products where they differ from what they are computed from.

    Three statements however many products, and two for what search reads of them, which may be left
    out (`has_new_words`) where only prices change. Locks the listings by primary key; the caller holds
    the product when it adds a first variant or removes the last.
    """
    with connection.cursor() as cursor:
        cursor.execute(sql.LOCK_LISTINGS, {"product_ids": list(product_ids)})
        skus = ArrayAgg("variants__sku", filter=Q(variants__sku__isnull=False), default=[], order_by="variants__sku")
        words = {
            pk: search_text(title=title, skus=codes)
            for pk, title, codes in Product.objects.order_by()
            .filter(pk__in=list(product_ids))
            .annotate(skus=skus)
            .values_list("pk", "title", "skus")
        }
        cursor.execute(sql.WRITE_LISTINGS, {"product_ids": list(words), "search_texts": list(words.values())})
    if has_new_words:
        write_documents(product_ids=product_ids)


@transaction.atomic(savepoint=False)
def set_variants_in_stock(*, variant_ids: Collection[int], in_stock: bool) -> None:
    """Note that the availability of the variants crossed zero, and show it in the lists.

    Two statements. Locks the variants, then their products' listings, each by primary key; the
    caller holds the stock rows. Variants that already say so are left alone.
    """
    with connection.cursor() as cursor:
        cursor.execute(sql.TURN_IN_STOCK, {"variant_ids": list(variant_ids), "in_stock": in_stock})
        product_ids = [product_id for (product_id,) in cursor.fetchall()]
        cursor.execute(sql.WRITE_LISTED_STOCK, {"product_ids": product_ids})


def set_listing_rating(*, product_id: int, rating: Decimal | None, review_count: int) -> None:
    """Show in the lists how a product is rated (None without reviews): one statement.

    The caller holds the product from before it counted, so that no count overtakes a later one.
    """
    listing = ProductListing.objects.filter(pk=product_id)
    listing.exclude(rating=rating, review_count=review_count).update(rating=rating, review_count=review_count)
