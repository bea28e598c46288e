"""Uses of promotions: taken with the order, given back when it is canceled."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import connection

from core.errors import FieldError
from core.guards import guard_enabled
from core.transactions import in_one_transaction
from market.pricing import sql
from market.pricing.errors import PromotionChanged, PromotionGone
from market.pricing.models import FirstOrder, PromotionUse
from market.pricing.rules import PromotionApplied, PromotionInput

WHY = {
    "used_up": "was given as often as it could be",
    "used_up_by_customer": "was used by you as often as you could",
    "budget_used_up": "has nothing left that was set aside for it",
    "code_used_up": "had its code used up",
    "not_first_order": "is for a first order only",
}


@dataclass(frozen=True, slots=True)
class Uses:
    """The promotions of an order that is to be placed. `promotions` has what each of `applied` said when it was
    priced; `identity` is by whom they are counted."""

    order_number: str
    identity: str
    applied: Sequence[PromotionApplied] = ()
    promotions: Mapping[int, PromotionInput] = field(default_factory=dict)

    @property
    def parameters(self) -> dict[str, Any]:
        """Those of `sql.TAKE_USES`."""
        wanted = [_wanted(use, self.promotions[use.promotion]) for use in self.applied]
        return {
            "identity": self.identity,
            "order_number": self.order_number,
            "uses": json.dumps(wanted, default=str),
            "locks": guard_enabled("promotion_limits"),
        }

    def judge(self, answer: str | None) -> None:
        """Raise what `sql.TAKE_USES` answers: PromotionGone for a limit that is reached, PromotionChanged for a
        promotion that was edited since, nothing when all uses are taken."""
        if answer is None:
            return
        refusal = json.loads(answer)
        if refusal["code"] == "changed":
            raise PromotionChanged
        name = self.promotions[refusal["promotion"]].name
        message = f"{name} {WHY[refusal['code']]}."
        raise PromotionGone(
            message, errors=[FieldError("cart", refusal["code"], message)], extra={"promotion": refusal["promotion"]}
        )


@in_one_transaction
def take_uses(uses: Uses) -> None:
    """Count the promotions of an order against their limits, all or none: one statement.

    Notes whose first order it is. Locks promotions, their tallies and coupons. Raises PromotionGone and
    PromotionChanged, see `Uses.judge`.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {sql.TAKE_USES}", uses.parameters)
        uses.judge(cursor.fetchone()[0])


@in_one_transaction
def note_first_orders(*, numbers: Mapping[str, str]) -> None:
    """Note by which orders these identities have ordered before: one statement. Idempotent."""
    _note_first_orders(numbers)


def _note_first_orders(numbers: Mapping[str, str]) -> None:
    FirstOrder.objects.bulk_create(
        (FirstOrder(identity=identity, order_number=number) for identity, number in sorted(numbers.items())),
        ignore_conflicts=True,
    )


@in_one_transaction
def move_uses(*, order_numbers: Sequence[str], identity: str) -> None:
    """Count what these orders used for somebody else, who has ordered before by the first of them."""
    PromotionUse.objects.filter(order_number__in=order_numbers).update(identity=identity)
    note_first_orders(numbers={identity: order_numbers[0]})


@in_one_transaction
def give_back_uses(*, order_number: str, first_standing: Callable[[], Mapping[str, str]] = dict) -> int:
    """Let others use what the order had used; how many promotions that were. Idempotent: one statement.

    When it was its buyer's first order, `first_standing` is asked which of his orders, by identity, is the first
    that stands, and that is noted in its place: one statement more.
    """
    with connection.cursor() as cursor:
        cursor.execute(sql.GIVE_BACK_USES, {"number": order_number})
        was_first, given_back = cursor.fetchone()
    if was_first:
        _note_first_orders(first_standing())
    return given_back


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
