"""How a quote came about, step by step, and what of it a buyer is told of the promotions."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from core.money import from_cents
from market.pricing.rules.basket import Basket
from market.pricing.rules.benefits import Cut, Offer
from market.pricing.rules.conditions import Refusal, Situation, why_code_is_dead
from market.pricing.rules.inputs import CodeInput
from market.pricing.rules.promotions import PromotionInput
from market.pricing.rules.results import Quote
from market.pricing.rules.settling import Settlement

Step = Mapping[str, Any]
APPLIED, REFUSED = "applied", "refused"


def money(cents: int) -> str:
    return str(from_cents(cents))


def exact_money(cents: Fraction | int) -> str:
    """The amount before rounding: as a decimal where it is one, else to eight places and marked so."""
    whole = cents * 10**6
    if whole == int(whole):
        text = f"{int(whole) // 10**8}.{int(whole) % 10**8:08d}".rstrip("0")
        places = len(text) - text.index(".") - 1
        return text + "0" * (2 - places)
    return f"{int(whole) // 10**8}.{int(whole) % 10**8:08d}..."


def line_steps(basket: Basket) -> list[Step]:
    """What each line costs before discounts, and by which price list if by one."""
    steps = []
    for place, line in enumerate(basket.lines):
        step = {
            "step": "line",
            "variant": line.variant_id,
            "quantity": line.quantity,
            "unit_price": money(basket.unit_prices[place]),
            "amount": money(basket.amounts[place]),
        }
        listed = basket.list_prices[place]
        if listed is not None:
            step |= {
                "regular_price": str(line.unit_price),
                "price_list": listed.price_list,
                "price_label": listed.label,
            }
        steps.append(step)
    return steps


def applied_step(offer: Offer, cut: Cut, code: CodeInput | None) -> Step:
    promotion, basket = offer.promotion, offer.basket
    step = promotion.told | {
        "outcome": APPLIED,
        "amount": money(cut.amount),
        "exact": exact_money(cut.exact),
        "shares": [{"variant": basket.lines[place].variant_id, "amount": money(cents)} for place, cents in cut.shares],
    }
    if code is not None:
        step["coupon"] = code.code
    if cut.gift_units:
        step["gift"] = {
            "variant": promotion.gift_variant,
            "quantity": cut.gift_units,
            "amount": money(cut.gift_amount),
        }
    return step


def refused_step(promotion: PromotionInput, refusal: Refusal) -> Step:
    return promotion.told | {"outcome": REFUSED} | _why(refusal)


def coupon_steps(situation: Situation, promotions: Mapping[int, Step]) -> list[Step]:
    """What became of each code that was entered, in the order in which they were."""
    steps = []
    spoken_for: set[int] = set()
    for code in situation.entered:
        step: dict[str, Any] = {"step": "coupon", "coupon": code.code, "promotion": code.promotion}
        refusal = why_code_is_dead(code)
        if refusal is None and code.promotion not in promotions:
            refusal = Refusal("code_not_active", "This code is no longer valid.")
        elif refusal is None and code.promotion in spoken_for:
            refusal = Refusal("code_of_the_same", "Another code for the same was entered before.")
        if refusal is not None:
            steps.append(step | {"outcome": REFUSED} | _why(refusal))
            continue
        spoken_for.add(code.promotion)
        given = promotions[code.promotion]
        told = ("outcome", "code", "reason", "missing_amount", "missing_quantity", "winner", "winner_label")
        steps.append(step | {name: given[name] for name in told if name in given})
    return steps


def tier_step(situation: Situation, settlement: Settlement) -> Step:
    customer, lines = situation.facts.customer, situation.basket.lines
    return {
        "step": "tier",
        "tier": customer.tier,
        "label": customer.tier_label,
        "percent": str(customer.tier_percent),
        "amount": money(sum(settlement.tier_shares)),
        "exact": exact_money(settlement.tier_exact),
        "shares": [
            {"variant": line.variant_id, "amount": money(cents)}
            for line, cents in zip(lines, settlement.tier_shares, strict=True)
            if cents
        ],
    }


def explanation(quote: Quote, *, for_staff: bool = False) -> list[Step]:
    """Each promotion and each code that was considered, in order: applied or refused, and why.

    Who does not know of a promotion is not told of it: neither of one that needs a code he has not
    entered, nor of a private one that is refused.
    """
    return [
        {name: value for name, value in step.items() if name != "is_public"}
        for step in quote.trace
        if step["step"] in ("promotion", "coupon") and (for_staff or _is_known(step, _entered(quote)))
    ]


def _entered(quote: Quote) -> frozenset[int | None]:
    return frozenset(step["promotion"] for step in quote.trace if step["step"] == "coupon")


def _is_known(step: Step, entered: Iterable[int | None]) -> bool:
    if step["step"] == "coupon" or step["outcome"] == APPLIED or step["promotion"] in entered:
        return True
    return step["is_public"] and step["code"] != "code_required"


def _why(refusal: Refusal) -> dict[str, Any]:
    told: dict[str, Any] = {"code": refusal.code, "reason": refusal.reason}
    if refusal.missing_amount is not None:
        told["missing_amount"] = money(refusal.missing_amount)
    if refusal.missing_quantity is not None:
        told["missing_quantity"] = refusal.missing_quantity
    if refusal.winner is not None:
        told |= {"winner": refusal.winner.id, "winner_label": refusal.winner.label}
    return told
