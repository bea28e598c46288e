"""Price lists: prices of variants for a tier or for everybody, from a quantity on."""

from collections.abc import Mapping
from typing import Any

from core.errors import FieldError
from core.saving import changed, held, refuse, repeated, save_valid
from core.transactions import in_one_transaction
from market.catalog.models import Variant
from market.pricing.models import MAX_ENTRIES, PriceList, PriceListEntry

CHUNK = 1000


@in_one_transaction
def make_price_list(*, values: Mapping[str, Any]) -> PriceList:
    """Make a price list with its `entries` (variant, min_quantity, price). Raises Invalid naming each field, such as
    `entries.0.variant`."""
    return _save(PriceList(), values)


@in_one_transaction
def change_price_list(*, row_id: int, changes: Mapping[str, Any]) -> PriceList:
    """Change a price list; `entries`, where given, are all that it has then. Raises NotFound, and Invalid as
    `make_price_list`."""
    return _save(held(PriceList, row_id), changes)


@in_one_transaction
def delete_price_list(*, row_id: int) -> None:
    """Delete a price list with its entries; orders keep what was paid. Raises NotFound."""
    held(PriceList, row_id).delete()


@in_one_transaction
def make_price_list_entry(*, values: Mapping[str, Any]) -> PriceListEntry:
    """Add a price (price_list_id, variant_id, min_quantity, price) to a list. Raises NotFound, and Invalid naming each
    field."""
    price_list = held(PriceList, values["price_list_id"])
    if price_list.entries.count() >= MAX_ENTRIES:
        refuse([FieldError("price_list", "max_length", f"A list has {MAX_ENTRIES} prices at most.")])
    entry = PriceListEntry(**values)
    save_valid(entry, whole="min_quantity")
    return entry


@in_one_transaction
def change_price_list_entry(*, row_id: int, changes: Mapping[str, Any]) -> PriceListEntry:
    """Change a price in its list. Raises NotFound, and Invalid as `make_price_list_entry`."""
    entry = changed(held(PriceListEntry, row_id), changes)
    save_valid(entry, whole="min_quantity")
    return entry


@in_one_transaction
def delete_price_list_entry(*, row_id: int) -> None:
    """Take a price out of its list. Raises NotFound."""
    held(PriceListEntry, row_id).delete()


def _save(price_list: PriceList, values: Mapping[str, Any]) -> PriceList:
    own = {name: value for name, value in values.items() if name != "entries"}
    save_valid(changed(price_list, own), whole="label")
    if "entries" in values:
        entries = [
            PriceListEntry(
                price_list=price_list,
                variant_id=entry["variant_id"],
                min_quantity=entry.get("min_quantity", 1),
                price=entry["price"],
            )
            for entry in values["entries"]
        ]
        _refuse_unknown(entries)
        keys = [(entry.variant_id, entry.min_quantity) for entry in entries]
        refuse(repeated(keys, at="entries", message="Another entry is for this variant and quantity."))
        price_list.entries.all().delete()
        PriceListEntry.objects.bulk_create(entries, batch_size=CHUNK)
    return price_list


def _refuse_unknown(entries: list[PriceListEntry]) -> None:
    wanted = {entry.variant_id for entry in entries}
    known = set(Variant.objects.filter(pk__in=wanted).values_list("pk", flat=True))
    refuse(
        [
            FieldError(f"entries.{place}.variant", "unknown", "There is no such variant.")
            for place, entry in enumerate(entries)
            if entry.variant_id not in known
        ]
    )
