"""Changing many prices at once, and remembering what they were."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.db import connection
from django.utils import timezone

from core.transactions import in_one_transaction
from market.catalog import sql
from market.catalog.models import PlannedPrice, PriceSpan, Product, Variant
from market.catalog.rules import HIGHEST_PRICE, TOLD_BACK, ToldPrice, repriced
from market.catalog.services.listings import refresh_listings


@dataclass(frozen=True, slots=True)
class PriceChange:
    """What became of one variant's price; `compare_at_price` is what is struck through beside the new one."""

    variant_id: int
    sku: str
    before: Decimal
    after: Decimal
    compare_at_price: Decimal | None

    @property
    def is_possible(self) -> bool:
        return self.after <= HIGHEST_PRICE


# Directive (EU) 2019/2161: beside a reduced price the lowest of the 30 days before the reduction is told.
REMEMBERED = timedelta(days=30)


def note_past_prices(prices: Mapping[int, Decimal]) -> None:
    """Remember the prices until now, by variant, and forget those that ended more than 30 days ago.

    One statement; the caller holds the variants. Asked whenever a price is told anew (`rules.ToldPrice`): what
    is left of a variant then is what `lowest_price_30d` is the least of, however long it is told so.
    """
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(
            sql.NOTE_PAST_PRICES,
            {
                "variant_ids": list(prices),
                "prices": list(prices.values()),
                "ended_at": now,
                "forgotten_at": now - REMEMBERED,
            },
        )


def prune_price_spans(*, limit: int) -> int:
    """Delete up to `limit` of what prices were longer ago than is told; answers how many."""
    old = PriceSpan.objects.filter(ended_at__lt=timezone.now() - TOLD_BACK).order_by("ended_at")
    return PriceSpan.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:limit])).delete()[0]


def prune_planned_prices(*, limit: int) -> int:
    """Delete up to `limit` planned prices that were settled longer ago than prices are told; answers how many."""
    longest = timezone.now() - TOLD_BACK
    old = PlannedPrice.objects.filter(due_at__isnull=True, starts_at__lt=longest, updated_at__lt=longest)
    return PlannedPrice.objects.filter(pk__in=list(old.order_by("pk").values_list("pk", flat=True)[:limit])).delete()[0]


@in_one_transaction
def reprice_variants(*, variant_ids: Collection[int], percent: Decimal) -> list[PriceChange]:
    """Change the prices of variants by a percentage, each rounded to the cent, and show it in the lists.

    Seven statements however many variants. A price that is struck through stays while it is above the
    new price, and goes otherwise. A price that would be higher than can be stored stays as it is;
    its change is answered with `is_possible` false. Variants that are gone are left out. Locks the
    products, the variants and the listings, each by primary key.
    """
    owners = Variant.objects.filter(pk__in=variant_ids).values("product_id")
    list(Product.objects.filter(pk__in=owners).order_by("pk").select_for_update(no_key=True).values_list("pk"))
    rows = (
        Variant.objects.filter(pk__in=variant_ids)
        .order_by("pk")
        .select_for_update(no_key=True)
        .values_list("pk", "product_id", "sku", "price", "compare_at_price")
    )
    changes, product_ids = [], set()
    for variant_id, product_id, sku, price, compare_at_price in rows:
        after = repriced(price, percent=percent)
        kept = compare_at_price if compare_at_price is not None and compare_at_price > after else None
        change = PriceChange(variant_id, sku, price, after, kept)
        changes.append(change)
        if change.is_possible and after != price:
            product_ids.add(product_id)
    written = [change for change in changes if change.is_possible and change.after != change.before]
    write_told_prices(
        before={change.variant_id: ToldPrice(change.before, None) for change in written},
        after={change.variant_id: ToldPrice(change.after, change.compare_at_price) for change in written},
        product_ids=product_ids,
    )
    return changes


def write_told_prices(
    *, before: Mapping[int, ToldPrice], after: Mapping[int, ToldPrice], product_ids: Collection[int]
) -> None:
    """Give variants, which the caller holds with these products of theirs, other prices, and show them in the lists.

    Five statements however many, none for none.
    """
    if not after:
        return
    told_anew = {pk: before[pk].price for pk, told in after.items() if told.is_told_anew(before[pk])}
    if told_anew:
        note_past_prices(told_anew)
    with connection.cursor() as cursor:
        cursor.execute(
            sql.WRITE_PRICES,
            {
                "variant_ids": list(after),
                "prices": [told.price for told in after.values()],
                "compare_at_prices": [told.compare_at_price for told in after.values()],
            },
        )
    refresh_listings(product_ids=product_ids, has_new_words=False)
