"""What every price depends on and staff rarely change, one statement after a change; and the facts of one buyer."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection

from core.reference import Reference
from market.catalog.models import CollectionItem, Variant
from market.catalog.rules import attribute_token
from market.customers.models import Membership, MembershipTier
from market.pricing import sql
from market.pricing.models import CustomerList
from market.pricing.rules import (
    CodeInput,
    CustomerInput,
    ListPrice,
    PromotionInput,
    UsesInput,
    normal_code,
    promotion_from_json,
)
from market.pricing.rules.simulating import Shelf
from market.shipping.selectors import ShippingTable
from market.shipping.selectors import table_from as shipping_table_from
from market.taxes.rules import Rate
from market.taxes.selectors import rates_from


@dataclass(frozen=True, slots=True)
class Tier:
    """What members of a tier get."""

    code: str
    title: str
    percent: Decimal
    has_free_shipping: bool


@dataclass(frozen=True, slots=True)
class PriceTables:
    """Everything that prices are computed by, of one moment. `promotions` are the active ones, in their order."""

    shipping: ShippingTable
    rates: tuple[Rate, ...]
    promotions: tuple[PromotionInput, ...]
    tiers: Mapping[int, Tier]
    category_parents: Mapping[int, int | None]

    def shelves(self, category_id: int | None) -> tuple[int, ...]:
        """The category and all above it."""
        found: list[int] = []
        while category_id is not None and category_id not in found:
            found.append(category_id)
            category_id = self.category_parents.get(category_id)
        return tuple(found)

    def could_apply(self, *, codes: Sequence[CodeInput], moment: datetime) -> tuple[PromotionInput, ...]:
        """The promotions that are running now, those behind a code only when it was entered."""
        opened = {code.promotion for code in codes}
        return tuple(
            promotion
            for promotion in self.promotions
            if promotion.id in opened
            or (
                not promotion.requires_coupon
                and (promotion.starts_at is None or promotion.starts_at <= moment)
                and (promotion.ends_at is None or moment < promotion.ends_at)
            )
        )


@dataclass(frozen=True, slots=True)
class Gift:
    """A variant that some promotion gives away."""

    variant_id: int
    sku: str
    title: str
    unit_price: Decimal
    tax_class: str
    available: int


@dataclass(frozen=True, slots=True)
class QuoteFacts:
    """What is known of a buyer at a moment."""

    moment: datetime
    customer: CustomerInput
    codes: tuple[CodeInput, ...]
    uses: tuple[UsesInput, ...]
    gifts: tuple[Gift, ...]


def _read() -> tuple[int, PriceTables]:
    with connection.cursor() as cursor:
        cursor.execute(sql.PRICE_TABLES)
        version, text = cursor.fetchone()
    document = json.loads(text)
    return version, PriceTables(
        shipping=shipping_table_from(document["shipping"]),
        rates=rates_from(document["rates"]),
        promotions=tuple(
            promotion_from_json(row["rules"], id=row["id"], version=row["version"], label=row["label"])
            for row in document["promotions"] or ()
        ),
        tiers={
            row["id"]: Tier(row["code"], row["title"], Decimal(row["percent"]), row["has_free_shipping"])
            for row in document["tiers"] or ()
        },
        category_parents={int(id_): parent for id_, parent in (document["categories"] or {}).items()},
    )


price_tables = Reference(_read)


def quote_facts_from(document: Mapping[str, Any], *, tables: PriceTables, entered: Iterable[str]) -> QuoteFacts:
    """What `sql.QUOTE_FACTS` answers, as the engine takes it; `entered` are the codes of the cart."""
    return QuoteFacts(
        moment=datetime.fromisoformat(document["moment"]),
        customer=_customer(document, tables),
        codes=tuple(_codes(entered, document["coupons"] or ())),
        uses=tuple(_uses(document)),
        gifts=tuple(
            Gift(
                variant_id=row["variant_id"],
                sku=row["sku"],
                title=gift_title(row["product_title"], row["title"]),
                unit_price=Decimal(row["unit_price"]),
                tax_class=row["tax_class"],
                available=row["available"],
            )
            for row in document["gifts"] or ()
        ),
    )


def gift_title(product_title: str, title: str) -> str:
    """What a gift is called: its product, and its variant where that has a name."""
    return ", ".join(filter(None, (product_title, title)))


def list_prices_from(rows: Iterable[Mapping[str, Any]] | None) -> tuple[ListPrice, ...]:
    """What `sql.LIST_PRICES` answers, as the engine takes it."""
    return tuple(ListPrice(**{**row, "price": Decimal(row["price"])}) for row in rows or ())


def attribute_tokens(*documents: Mapping[str, Any]) -> tuple[str, ...]:
    """`code=value` of each attribute, the texts of other values as JSON writes them."""
    told = [entry for document in documents for entry in document.items()]
    return tuple(attribute_token(code, value if isinstance(value, str) else json.dumps(value)) for code, value in told)


def shelves_of(*, variant_ids: Collection[int]) -> dict[int, Shelf]:
    """Where these variants stand today: two statements, and one more after staff changed categories."""
    if not variant_ids:
        return {}
    tables = price_tables.refresh()
    rows = list(
        Variant.objects.filter(pk__in=variant_ids).values_list(
            "pk", "product_id", "product__category_id", "product__attributes", "attributes"
        )
    )
    collections: dict[int, list[int]] = {}
    items = CollectionItem.objects.filter(product__in={row[1] for row in rows}).order_by("collection_id")
    for product_id, collection_id in items.values_list("product_id", "collection_id"):
        collections.setdefault(product_id, []).append(collection_id)
    return {
        pk: Shelf(
            product_id=product_id,
            category_ids=tables.shelves(category_id),
            collection_ids=tuple(collections.get(product_id, ())),
            attributes=attribute_tokens(*attributes),
        )
        for pk, product_id, category_id, *attributes in rows
    }


def buyers_today(*, customer_ids: Collection[int]) -> dict[int, CustomerInput]:
    """What is known of these customers today, but for what their tiers take off: three statements."""
    lowest = MembershipTier.objects.order_by("rank").values_list("code", flat=True).first() or ""
    tiers = dict(Membership.objects.filter(customer__in=customer_ids).values_list("customer_id", "tier__code"))
    lists: dict[int, list[int]] = {}
    chosen = CustomerList.customers.through.objects.filter(customer_id__in=customer_ids).order_by("customerlist_id")
    for customer_id, list_id in chosen.values_list("customer_id", "customerlist_id"):
        lists.setdefault(customer_id, []).append(list_id)
    return {
        id_: CustomerInput(is_known=True, tier=tiers.get(id_, lowest), lists=tuple(lists.get(id_, ())))
        for id_ in customer_ids
    }


def _customer(document: Mapping[str, Any], tables: PriceTables) -> CustomerInput:
    is_first_order = not document["has_ordered"]
    if document["buyer"] is None:
        return CustomerInput(is_first_order=is_first_order)
    lowest = next(iter(tables.tiers), None)
    tier = tables.tiers.get(document["tier"] or lowest)
    if tier is None:
        return CustomerInput(is_known=True, is_first_order=is_first_order, lists=tuple(document["lists"] or ()))
    return CustomerInput(
        is_known=True,
        is_first_order=is_first_order,
        tier=tier.code,
        tier_label=tier.title,
        tier_percent=tier.percent,
        has_free_shipping=tier.has_free_shipping,
        lists=tuple(document["lists"] or ()),
    )


def _codes(entered: Iterable[str], coupons: Iterable[Mapping[str, Any]]) -> Iterator[CodeInput]:
    known = {row["code"]: row for row in coupons}
    for code in entered:
        row = known.get(normal_code(code))
        yield CodeInput(code) if row is None else CodeInput(**row)


def _uses(document: Mapping[str, Any]) -> Iterator[UsesInput]:
    totals = {promotion: (uses, Decimal(amount)) for promotion, uses, amount in document["tallies"] or ()}
    own = dict(document["own_uses"] or ())
    for promotion in sorted(totals.keys() | own.keys()):
        uses, amount = totals.get(promotion, (0, Decimal("0.00")))
        yield UsesInput(promotion, total=uses, by_customer=own.get(promotion, 0), amount=amount)
