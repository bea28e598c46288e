"""The promotions of another moment: in the versions and with the status that they had then."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import connection
from django.db.models import F
from django.db.models.functions import Coalesce, Greatest

from market.catalog.models import Product, Variant
from market.pricing import sql
from market.pricing.rules import PromotionInput, UsesInput, promotion_from_json
from market.pricing.selectors.facts import Gift, gift_title


@dataclass(frozen=True, slots=True)
class DatedPromotions:
    """The active ones of a moment. Of those in `known_since` the status then is not recorded: it is the first that
    is. `uses` are those of now, as nobody can say when one is given back."""

    promotions: tuple[PromotionInput, ...]
    uses: tuple[UsesInput, ...]
    known_since: dict[int, datetime]


def promotions_at(moment: datetime) -> DatedPromotions:
    """What was active at a moment, and what will be as far as it is known now: one statement.

    What was deleted, which no order has used, is forgotten.
    """
    with connection.cursor() as cursor:
        cursor.execute(sql.PROMOTIONS_AT, {"moment": moment})
        rows = json.loads(cursor.fetchone()[0])
    return DatedPromotions(
        promotions=tuple(
            promotion_from_json(row["rules"], id=row["id"], version=row["version"], label=row["label"]) for row in rows
        ),
        uses=tuple(UsesInput(row["id"], total=row["uses"], amount=Decimal(row["amount"])) for row in rows),
        known_since={row["id"]: datetime.fromisoformat(row["known_since"]) for row in rows if row["known_since"]},
    )


def gifts_of(promotions: Iterable[PromotionInput]) -> tuple[Gift, ...]:
    """What these promotions give away, as it is now: one statement, none without gifts."""
    wanted = {promotion.gift_variant for promotion in promotions} - {None}
    if not wanted:
        return ()
    available = Greatest(F("stock__on_hand") - F("stock__reserved"), 0)
    rows = Variant.objects.filter(pk__in=wanted, is_active=True, product__status=Product.Status.ACTIVE).order_by("pk")
    columns = ("pk", "sku", "product__title", "title", "price", "product__tax_class")
    return tuple(
        Gift(pk, sku, gift_title(product_title, title), price, tax_class, free)
        for pk, sku, product_title, title, price, tax_class, free in rows.values_list(*columns, Coalesce(available, 0))
    )
