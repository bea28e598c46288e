"""Uses of promotions: taken with the order, given back when it is canceled."""

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal

from django.db import connection

from core.errors import FieldError
from core.guards import guard_enabled
from core.transactions import in_one_transaction
from market.pricing import sql
from market.pricing.errors import PromotionChanged, PromotionGone
from market.pricing.rules import PromotionApplied, PromotionInput

WHY = {
    "used_up": "was given as often as it could be",
    "used_up_by_customer": "was used by you as often as you could",
    "budget_used_up": "has nothing left that was set aside for it",
    "code_used_up": "had its code used up",
    "not_first_order": "is for a first order only",
}


@in_one_transaction
def take_uses(
    *,
    order_number: str,
    identity: str,
    applied: Iterable[PromotionApplied],
    promotions: Mapping[int, PromotionInput],
) -> None:
    """Count the promotions of an order against their limits, all or none: one statement.

    `promotions` has what each of `applied` said when the order was priced. Locks promotions, their tallies and
    coupons. Raises PromotionGone when a limit is reached, and PromotionChanged when one was edited since.
    """
    wanted = [_wanted(use, promotions[use.promotion]) for use in applied]
    with connection.cursor() as cursor:
        cursor.execute(
            sql.TAKE_USES, [identity, order_number, json.dumps(wanted, default=str), guard_enabled("promotion_limits")]
        )
        refusal = cursor.fetchone()[0]
    if refusal is None:
        return
    refusal = json.loads(refusal)
    if refusal["code"] == "changed":
        raise PromotionChanged
    name = promotions[refusal["promotion"]].name
    message = f"{name} {WHY[refusal['code']]}."
    raise PromotionGone(
        message, errors=[FieldError("cart", refusal["code"], message)], extra={"promotion": refusal["promotion"]}
    )


@in_one_transaction
def give_back_uses(*, order_number: str) -> int:
    """Let others use what the order had used; how many promotions that were. Idempotent: one statement."""
    with connection.cursor() as cursor:
        cursor.execute(sql.GIVE_BACK_USES, [order_number])
        return cursor.fetchone()[0]


def _wanted(use: PromotionApplied, promotion: PromotionInput) -> dict[str, str | int | bool | Decimal | None]:
    return {
        "promotion": use.promotion,
        "version": use.version,
        "code": use.code,
        "amount": use.amount,
        "first_order_only": promotion.first_order_only,
        "is_limited": promotion.is_limited,
        "usage_limit": promotion.usage_limit,
        "usage_limit_per_customer": promotion.usage_limit_per_customer,
        "budget": promotion.budget,
    }
