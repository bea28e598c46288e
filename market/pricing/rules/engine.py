"""The one place that computes a price.

Money: `grand_total = subtotal - discount_total + shipping_total + (0 if prices_include_tax else
tax_total)`. With prices that include tax the gross price is the same everywhere, and the tax of
the destination is taken out of it: `gross * rate / (1 + rate)`. Tax is rounded once per line.
"""

from collections.abc import Iterator
from functools import partial

from core.money import ZERO, from_cents, to_cents
from market.pricing.rules.basket import basket_of
from market.pricing.rules.benefits import Offer
from market.pricing.rules.checks import refuse_impossible
from market.pricing.rules.choosing import choose
from market.pricing.rules.conditions import Refusal, Situation, why_refused
from market.pricing.rules.inputs import CodeInput, QuoteInput
from market.pricing.rules.promotions import PromotionInput, Stage
from market.pricing.rules.results import Discount, GiftLine, PromotionApplied, Quote, QuotedLine
from market.pricing.rules.settling import settle
from market.pricing.rules.trace import Work, steps_of

# 1 knew no promotions. What it priced, this one prices alike.
ENGINE_VERSION = 2
READABLE_VERSIONS = (1, 2)
MERCHANDISE, SHIPPING = "merchandise", "shipping"


def quote(quote_input: QuoteInput) -> Quote:
    """Price the cart. The order of the lines, promotions and uses makes no difference.

    In order: list prices, line promotions, cart promotions, the tier's benefit, shipping promotions, tax.
    Raises ValueError, naming it, for input that no cart can have: a variant twice, a quantity below one, a
    negative price, a rate that is no share, a destination with lines of unknown rate, a promotion that makes
    no sense.
    """
    refuse_impossible(quote_input)
    situation = situation_of(quote_input)
    promotions = sorted(quote_input.promotions, key=_place)
    refusals: dict[int, Refusal] = {}
    offers = []
    for promotion in promotions:
        refusal = why_refused(promotion, situation)
        if refusal is None:
            offers.append(Offer(promotion, situation))
        else:
            refusals[promotion.id] = refusal
    choice = choose(offers, situation)
    refusals |= choice.refusals
    applied = [(offer, cut) for offer, cut in choice.outcome.cuts if offer.promotion.id not in refusals]
    return _quote(Work(situation, promotions, refusals, applied, settle(choice.outcome.remaining, situation)))


def situation_of(quote_input: QuoteInput) -> Situation:
    """The facts as conditions look at them, with entered codes at the promotions that they open."""
    shipping = None
    if quote_input.shipping is not None:
        shipping = 0 if quote_input.customer.has_free_shipping else to_cents(quote_input.shipping.price)
    codes: dict[int, list[CodeInput]] = {}
    for code in quote_input.codes:
        if code.promotion is not None:
            codes.setdefault(code.promotion, []).append(code)
    return Situation(
        basket=basket_of(quote_input.lines, tier=quote_input.customer.tier),
        facts=quote_input,
        codes=codes,
        uses={uses.promotion: uses for uses in quote_input.uses},
        gifts={gift.variant_id: gift for gift in quote_input.gifts},
        shipping=shipping,
    )


def _place(promotion: PromotionInput) -> tuple[int, int, int]:
    return promotion.place


def _quote(work: Work) -> Quote:
    """The totals of what was chosen."""
    facts, settlement = work.situation.facts, work.settlement
    lines, gifts = _lines(work)
    subtotal = sum([line.unit_price * line.quantity for line in lines], ZERO)
    discount_total = sum([line.discount_total for line in lines], ZERO)
    shipping_total, shipping_tax, tax_total = None, None, None
    grand_total = subtotal - discount_total
    if facts.shipping is not None:
        shipping_total, shipping_tax = from_cents(settlement.shipping), from_cents(settlement.shipping_tax)
        tax_total = from_cents(sum(settlement.taxes) + settlement.shipping_tax)
        grand_total += shipping_total
        if not facts.prices_include_tax:
            grand_total += tax_total
    return Quote(
        lines=lines,
        subtotal=subtotal,
        discounts=tuple(_discounts(work)),
        discount_total=discount_total,
        shipping_total=shipping_total,
        shipping_tax_total=shipping_tax,
        tax_total=tax_total,
        grand_total=grand_total,
        is_estimate=facts.shipping is None,
        gifts=gifts,
        tell_uses=partial(_uses, work),
        tell=partial(steps_of, work),
    )


def _lines(work: Work) -> tuple[tuple[QuotedLine, ...], tuple[GiftLine, ...]]:
    """The lines with what is given away on them, and what that is."""
    situation, settlement, applied = work.situation, work.settlement, work.applied
    basket, taxes = situation.basket, settlement.taxes
    gifts = tuple(
        GiftLine(offer.promotion.id, offer.promotion.gift_variant, cut.gift_units)
        for offer, cut in applied
        if cut.gift_units
    )
    given: dict[int, int] = {}
    for gift in gifts:
        given[gift.variant_id] = given.get(gift.variant_id, 0) + gift.quantity
    lines = []
    for place, line in enumerate(basket.lines):
        units = given.pop(line.variant_id, 0)
        price, left = basket.unit_prices[place], settlement.lines[place]
        lines.append(
            QuotedLine(
                variant_id=line.variant_id,
                sku=line.sku,
                title=line.title,
                quantity=line.quantity + units,
                unit_price=from_cents(price),
                tax_rate=line.tax_rate,
                discount_total=from_cents(basket.amounts[place] - left + units * price),
                tax_total=None if taxes is None else from_cents(taxes[place]),
                line_total=from_cents(left),
            )
        )
    for variant_id, units in given.items():
        gift = situation.gifts[variant_id]
        lines.append(
            QuotedLine(
                variant_id=variant_id,
                sku=gift.sku,
                title=gift.title,
                quantity=units,
                unit_price=gift.unit_price,
                tax_rate=gift.tax_rate,
                discount_total=units * gift.unit_price,
                tax_total=None if taxes is None else ZERO,
                line_total=ZERO,
            )
        )
    if given:
        lines.sort(key=lambda line: line.variant_id)
    return tuple(lines), gifts


def _discounts(work: Work) -> Iterator[Discount]:
    """What was taken off, in the order in which it was."""
    facts, settlement, applied = work.situation.facts, work.settlement, work.applied
    customer = facts.customer
    of_cart = [(offer.promotion, cut) for offer, cut in applied if offer.promotion.stage is not Stage.SHIPPING]
    of_shipping = [(offer.promotion, cut) for offer, cut in applied if offer.promotion.stage is Stage.SHIPPING]
    for promotion, cut in of_cart:
        yield Discount(promotion.id, promotion.label, from_cents(cut.amount + cut.gift_amount), MERCHANDISE)
    if any(settlement.tier_shares):
        yield Discount(None, customer.tier_label, from_cents(sum(settlement.tier_shares)), MERCHANDISE)
    if facts.shipping is not None and customer.has_free_shipping and facts.shipping.price:
        yield Discount(None, customer.tier_label, facts.shipping.price, SHIPPING)
    for promotion, cut in of_shipping:
        yield Discount(promotion.id, promotion.label, from_cents(cut.amount), SHIPPING)


def _uses(work: Work) -> Iterator[PromotionApplied]:
    for offer, cut in work.applied:
        code = work.situation.code_for(offer.promotion)
        yield PromotionApplied(
            promotion=offer.promotion.id,
            version=offer.promotion.version,
            code="" if code is None else code.code,
            amount=from_cents(cut.amount + cut.gift_amount),
        )
