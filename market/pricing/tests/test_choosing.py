"""Which of exclusive promotions are given: those that are the best for the buyer together, also in large carts."""

import random
from dataclasses import replace
from decimal import Decimal
from itertools import product

import pytest

from market.pricing.rules import Goods, Kind, LineInput, PromotionInput, QuoteInput, quote
from market.pricing.tests import benchmark

SOFA, BED = 1, 2


def goods_of(*products: int) -> Goods:
    return Goods(products=products)


def promotion(id_: int, value: str, **rules) -> PromotionInput:
    return PromotionInput(**{"id": id_, "kind": Kind.PERCENTAGE, "value": Decimal(value), "label": str(id_)} | rules)


def random_promotions(chance: random.Random) -> list[PromotionInput]:
    """Three groups of three and five others, on everything or on a category, by percentage or amount."""
    made = []
    for id_ in range(1, 15):
        goods = Goods() if chance.random() < 0.3 else Goods(categories=(chance.randint(1, 20),))
        kind = chance.choice([Kind.PERCENTAGE, Kind.FIXED_AMOUNT])
        group = f"group {id_ // 3}" if id_ < 9 else ""
        made.append(
            promotion(
                id_,
                str(chance.randint(1, 40)),
                kind=kind,
                goods=goods,
                exclusive_group=group,
                priority=chance.randint(0, 3),
                max_discount=chance.choice([None, None, Decimal(5)]),
            )
        )
    return made


def cheapest_by_trying(asked: QuoteInput) -> Decimal:
    """The lowest total of all ways to take one of each group, which then is no group."""
    groups: dict[str, list[PromotionInput]] = {}
    for one in asked.promotions:
        groups.setdefault(one.exclusive_group or f"alone {one.id}", []).append(one)
    ways = product(*groups.values())
    return min(
        quote(replace(asked, promotions=tuple(replace(one, exclusive_group="") for one in way))).grand_total
        for way in ways
    )


@pytest.mark.parametrize("seed", range(12))
def test_a_large_cart_gets_the_best_of_each_group(seed):
    chance = random.Random(seed)
    asked = benchmark.cart(tuple(random_promotions(chance)), lines=chance.choice([5, 20, 40]))
    assert quote(asked).grand_total == cheapest_by_trying(asked)


@pytest.mark.parametrize("lines", [3, 23, 28, 60, 200])
def test_one_more_promotion_makes_no_large_cart_dearer(lines):
    """The sofa is free anyway, so of the group the bed is worth more, though less by itself."""
    prices = {SOFA: "1000.00", BED: "900.00"}
    asked = QuoteInput(
        lines=tuple(
            LineInput(id_, f"SKU-{id_}", "Thing", 1, Decimal(prices.get(id_, "1.00")), None, product_id=id_)
            for id_ in range(1, lines + 1)
        ),
        shipping=None,
        prices_include_tax=True,
        currency="GBP",
        promotions=(
            promotion(1, "500", kind=Kind.FIXED_AMOUNT, goods=goods_of(SOFA), exclusive_group="rooms", priority=1),
            promotion(2, "450", kind=Kind.FIXED_AMOUNT, goods=goods_of(BED), exclusive_group="rooms", priority=1),
            promotion(3, "100", goods=goods_of(SOFA), priority=5),
            *(promotion(10 + id_, str(1 + id_ % 6), exclusive_group=f"group {id_ // 6}") for id_ in range(12)),
        ),
        moment=benchmark.NOON,
    )
    further = promotion(50, "0.01", kind=Kind.FIXED_AMOUNT)
    before, after = quote(asked), quote(replace(asked, promotions=(*asked.promotions, further)))
    assert 2 in {given.promotion for given in before.applied}
    assert after.grand_total <= before.grand_total
