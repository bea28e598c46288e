"""What a quote of 50 lines costs with 20 and with 200 promotions: `python -m market.pricing.tests.benchmark`.

Three shops: one whose promotions are on some goods, need codes, tiers or a minimum, as in life; one where
every promotion is given, each on a category; and one where each is given on every line. Prints the
milliseconds of one quote (the lowest of several rounds) and how many conditions were looked at and cuts were
made, which do not depend on the machine.
"""

import sys
from collections.abc import Callable
from cProfile import Profile
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from time import process_time

from market.pricing.rules import (
    Goods,
    Kind,
    LineInput,
    PromotionInput,
    Quote,
    QuoteInput,
    ShippingInput,
    Threshold,
    quote,
)
from market.pricing.rules.benefits import Offer

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
LINES, FEW, MANY = 50, 20, 200
STEPS = (
    Threshold(min_subtotal=Decimal(50), amount=Decimal(1)),
    Threshold(min_subtotal=Decimal(90), percent=Decimal(2)),
)
ROUNDS, QUOTES = 7, 20


def cart(promotions: tuple[PromotionInput, ...], *, lines: int = LINES) -> QuoteInput:
    """Fifty lines of twenty categories."""
    return QuoteInput(
        lines=tuple(
            LineInput(
                variant_id=id_,
                sku=f"SKU-{id_}",
                title=f"Thing {id_}",
                quantity=1 + id_ % 4,
                unit_price=Decimal(499 + 37 * id_).scaleb(-2),
                tax_rate=Decimal("0.2000"),
                product_id=id_,
                category_ids=(1 + id_ % 20, 100),
                collection_ids=(1 + id_ % 7,),
                attributes=(f"color={('red', 'blue', 'green')[id_ % 3]}", f"size={id_ % 5}"),
            )
            for id_ in range(1, lines + 1)
        ),
        shipping=ShippingInput("standard", "Standard", Decimal("4.95"), Decimal("0.2000")),
        prices_include_tax=True,
        currency="GBP",
        promotions=promotions,
        country="GB",
        moment=NOON,
    )


def promotion_of_a_shop(id_: int) -> PromotionInput:
    """Of ten: codes (3), goods that are not in the cart (2), a tier, a minimum; and three that may be given:
    on two lines, on the cart (up to four to a group, of which one is given), and alone."""
    facts = {"id": id_, "kind": Kind.PERCENTAGE, "value": Decimal(1 + id_ % 9), "label": f"Promotion {id_}"}
    return PromotionInput(
        **facts
        | (
            {"requires_coupon": True},
            {"requires_coupon": True, "goods": Goods(categories=(1 + id_ % 20,))},
            {"requires_coupon": True, "usage_limit": 100},
            {"goods": Goods(products=tuple(range(1000 * id_, 1000 * id_ + 50)))},
            {"goods": Goods(categories=(500 + id_,), attributes=("color=red",))},
            {"tiers": ("gold",)},
            {"min_subtotal": Decimal("100000.00")},
            {"goods": Goods(products=(1 + id_ % 50, 1 + id_ * 7 % 50))},
            {"kind": Kind.SPEND_THRESHOLD, "thresholds": STEPS, "exclusive_group": f"season {id_ // 40}"},
            {"stackable": False, "goods": Goods(collections=(1 + id_ % 7,))},
        )[id_ % 10]
    )


def promotion_on_everything(id_: int) -> PromotionInput:
    return PromotionInput(id=id_, kind=Kind.PERCENTAGE, value=Decimal("1.5"), label=f"Promotion {id_}")


def promotion_on_a_category(id_: int) -> PromotionInput:
    return replace(promotion_on_everything(id_), goods=Goods(categories=(1 + id_ % 20,)))


WORK = {"totals": lambda result: result.grand_total, "totals and trace": lambda result: result.trace}
SHOPS = {
    "as in life": promotion_of_a_shop,
    "all, each on a category": promotion_on_a_category,
    "all on everything": promotion_on_everything,
}


def milliseconds(asked: QuoteInput, work: Callable[[Quote], object]) -> float:
    """Of one quote, the lowest mean of several rounds."""
    quote(asked)  # what follows from a promotion is worked out once per version
    rounds = []
    for _ in range(ROUNDS):
        start = process_time()
        for _ in range(QUOTES):
            work(quote(asked))
        rounds.append((process_time() - start) / QUOTES * 1000)
    return min(rounds)


def cuts(asked: QuoteInput) -> int:
    """How often a promotion was applied to the lines, to try or for good."""
    profile = Profile()
    profile.runcall(quote, asked)
    return sum(seen.callcount for seen in profile.getstats() if seen.code is Offer.cut.__code__)


def main() -> None:
    for what, work in WORK.items():
        none = milliseconds(cart(()), work)
        sys.stdout.write(f"{what}: {LINES} lines without promotions {none:.2f} ms\n")
        for name, make in SHOPS.items():
            asked = cart(tuple(make(id_) for id_ in range(1, MANY + 1)))
            few = replace(asked, promotions=asked.promotions[:FEW])
            times = milliseconds(few, work), milliseconds(asked, work)
            sys.stdout.write(
                f"  {name}: {FEW} promotions {times[0]:.2f} ms ({cuts(few)} cuts),"
                f" {MANY} promotions {times[1]:.2f} ms ({cuts(asked)} cuts): {times[1] / times[0]:.1f} times\n"
            )


if __name__ == "__main__":
    main()
