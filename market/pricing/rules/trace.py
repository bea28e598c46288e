"""How a quote came about, step by step, and what of it a buyer is told of the promotions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from core.money import from_cents
from market.pricing.rules.basket import Basket
from market.pricing.rules.benefits import Cut, Offer
from market.pricing.rules.conditions import (
    CODE_REQUIRED,
    NO_MATCHING_ITEMS,
    UNTOLD,
    Refusal,
    Situation,
    why_code_is_dead,
)
from market.pricing.rules.inputs import CodeInput
from market.pricing.rules.promotions import PromotionInput
from market.pricing.rules.results import Quote, Step
from market.pricing.rules.settling import Settlement

APPLIED, REFUSED = "applied", "refused"


def money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def exact_money(numerator: Fraction | int, denominator: int) -> str:
    """The amount before rounding: as a decimal where it is one of up to eight places, else cut and marked so."""
    places, rest = divmod(numerator * 10**6, denominator)
    whole, part = divmod(int(places), 10**8)
    cents, smaller = divmod(part, 10**6)
    if rest:
        return f"{whole}.{part:08d}..."
    return f"{whole}.{cents:02d}" + f"{smaller:06d}".rstrip("0")


@dataclass(frozen=True, slots=True)
class Work:
    """A quote as it was worked out: the promotions in order, why some are not given, what the others take off."""

    situation: Situation
    promotions: Sequence[PromotionInput]
    refusals: Mapping[int, Refusal]
    applied: Sequence[tuple[Offer, Cut]]
    settlement: Settlement


def steps_of(work: Work, quote: Quote) -> list[Step]:
    """Every step of the quote, in order."""
    situation, facts = work.situation, work.situation.facts
    steps = [*_line_steps(situation.basket), {"step": "subtotal", "amount": money(situation.basket.subtotal)}]
    steps += _promotion_steps(work)
    if work.settlement.tier_shares:
        steps.append(_tier_step(situation, work.settlement))
    if not quote.is_estimate:
        steps += _delivery_steps(work, quote)
        steps.append({"step": "tax", "amount": str(quote.tax_total)})
    total = {"step": "grand_total", "amount": str(quote.grand_total), "prices_include_tax": facts.prices_include_tax}
    return [*steps, total]


def exact_tax(*, amount: Decimal, rate: Decimal, included: bool) -> Decimal:
    """The tax on or in the amount, before rounding."""
    return amount * rate / (1 + rate) if included else amount * rate


def _line_steps(basket: Basket) -> list[Step]:
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


def _applied_step(offer: Offer, cut: Cut, code: CodeInput | None) -> Step:
    promotion, basket = offer.promotion, offer.basket
    step = promotion.told | {
        "outcome": APPLIED,
        "amount": money(cut.amount),
        "exact": exact_money(*cut.exact),
        "shares": _shares(basket, cut.places, cut.shares),
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


def _shares(basket: Basket, places: Sequence[int], shares: Sequence[int]) -> dict[str, str]:
    """What comes off each variant, by its id."""
    names = basket.names
    return {names[place]: money(cents) for place, cents in zip(places, shares, strict=True) if cents}


def _refused_step(promotion: PromotionInput, refusal: Refusal) -> Step:
    if refusal is not CODE_REQUIRED and refusal is not NO_MATCHING_ITEMS:
        return promotion.told | {"outcome": REFUSED} | _why(refusal)
    memo = promotion.memo  # most refusals of most carts, and always the same
    if refusal.code not in memo:
        memo[refusal.code] = promotion.told | {"outcome": REFUSED} | _why(refusal)
    return memo[refusal.code]


def _coupon_steps(situation: Situation, promotions: Mapping[int, Step]) -> list[Step]:
    """What became of each code that was entered, in the order in which they were."""
    steps = []
    spoken_for: set[int] = set()
    for code in situation.facts.codes:
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


def _tier_step(situation: Situation, settlement: Settlement) -> Step:
    customer = situation.facts.customer
    return {
        "step": "tier",
        "tier": customer.tier,
        "label": customer.tier_label,
        "percent": str(customer.tier_percent),
        "amount": money(sum(settlement.tier_shares)),
        "exact": exact_money(*settlement.tier_exact),
        "shares": _shares(situation.basket, situation.basket.everything, settlement.tier_shares),
    }


def _promotion_steps(work: Work) -> list[Step]:
    """Each promotion in the order of application, then each code."""
    given = {offer.promotion.id: (offer, cut) for offer, cut in work.applied}
    steps = []
    for promotion in work.promotions:
        refusal = work.refusals.get(promotion.id)
        if refusal is None:
            steps.append(_applied_step(*given[promotion.id], work.situation.code_for(promotion)))
        else:
            steps.append(_refused_step(promotion, refusal))
    if work.situation.facts.codes:
        steps += _coupon_steps(work.situation, {step["promotion"]: step for step in steps})
    return steps


def _delivery_steps(work: Work, quote: Quote) -> list[Step]:
    """Shipping after its discounts, and the tax on it and on each line."""
    shipping, included = work.situation.facts.shipping, work.situation.facts.prices_include_tax
    steps = [
        {
            "step": "shipping",
            "method": shipping.code,
            "price": str(shipping.price),
            "discount": str(shipping.price - quote.shipping_total),
            "amount": str(quote.shipping_total),
            "tax_rate": str(shipping.tax_rate),
            "tax_exact": str(exact_tax(amount=quote.shipping_total, rate=shipping.tax_rate, included=included)),
            "tax": str(quote.shipping_tax_total),
        }
    ]
    lines = zip(work.situation.basket.lines, work.settlement.lines, work.settlement.taxes, strict=True)
    for line, left, tax in lines:
        exact = exact_tax(amount=from_cents(left), rate=line.tax_rate, included=included)
        steps.append(
            {
                "step": "line_tax",
                "variant": line.variant_id,
                "amount": money(left),
                "tax_rate": str(line.tax_rate),
                "tax_exact": str(exact),
                "tax": money(tax),
            }
        )
    return steps


def explanation(quote: Quote, *, for_staff: bool = False) -> list[Step]:
    """Each promotion and each code that was considered, in order: applied or refused, and why.

    Who does not know of a promotion is not told of it: neither of one that needs a code he has not
    entered, nor of a private one that is refused.
    """
    entered = _entered(quote)
    considered = promotion_steps(quote.trace)
    return [_shown(step) for step in considered if for_staff or _is_known(step, entered)]


def promotion_steps(trace: Iterable[Step]) -> list[Step]:
    """Of a trace, also of one that was kept, what became of promotions and codes."""
    return [step for step in trace if step["step"] in ("promotion", "coupon")]


def told_to_staff(step: Step) -> str:
    """One of the `promotion_steps` in a line."""
    name = f"Code {step['coupon']}" if step["step"] == "coupon" else f"{step['label']} (version {step['version']})"
    if step["outcome"] == APPLIED:
        return f"{name}: {step['amount']} off" if "amount" in step else f"{name}: applied"
    return f"{name}: refused, {step['code']}. {step['reason']}"


def _shown(step: Step) -> Step:
    """The step as it is answered: what comes off each variant as a list of objects."""
    shown = {name: value for name, value in step.items() if name != "is_public"}
    if "shares" in shown:
        shown["shares"] = [{"variant": int(name), "amount": amount} for name, amount in shown["shares"].items()]
    return shown


def _entered(quote: Quote) -> frozenset[int | None]:
    return frozenset(step["promotion"] for step in quote.trace if step["step"] == "coupon")


def _is_known(step: Step, entered: Iterable[int | None]) -> bool:
    if step["step"] == "coupon" or step["outcome"] == APPLIED or step["promotion"] in entered:
        return True
    return step["is_public"] and step["code"] not in UNTOLD


def _why(refusal: Refusal) -> dict[str, Any]:
    told: dict[str, Any] = {"code": refusal.code, "reason": refusal.reason}
    if refusal.missing_amount is not None:
        told["missing_amount"] = money(refusal.missing_amount)
    if refusal.missing_quantity is not None:
        told["missing_quantity"] = refusal.missing_quantity
    if refusal.winner is not None:
        told |= {"winner": refusal.winner.id, "winner_label": refusal.winner.label}
    return told
