"""Reads of price lists."""

from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from market.pricing.errors import PriceListNotFound
from market.pricing.models import PriceList, PriceListEntry


def price_lists() -> QuerySet[PriceList]:
    """All of them by label, each with its `entry_count`."""
    entries = PriceListEntry.objects.filter(price_list=OuterRef("pk")).order_by().values("price_list")
    count = Subquery(entries.annotate(count=Count("pk")).values("count"), output_field=IntegerField())
    return PriceList.objects.annotate(entry_count=Coalesce(count, 0)).order_by("label", "pk")


def price_list_entries(*, price_list_id: int) -> QuerySet[PriceListEntry]:
    """The entries of a list with their variants: one statement more. Raises PriceListNotFound."""
    if not PriceList.objects.filter(pk=price_list_id).exists():
        raise PriceListNotFound
    return PriceListEntry.objects.filter(price_list_id=price_list_id).select_related("variant")
