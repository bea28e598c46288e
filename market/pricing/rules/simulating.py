"""What an order of the past would have cost with one promotion more, or with one that says something else."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from core.money import ZERO
from market.pricing.rules.inputs import CodeInput, GiftInput, LineInput, QuoteInput, UsesInput, normal_code
from market.pricing.rules.promotions import PromotionInput
from market.pricing.rules.results import Quote
from market.pricing.rules.trace import APPLIED, promotion_steps

# No coupon can be called so.
EVERYBODYS_CODE = "(EVERYBODY)"
# Refusals because of others: without them it would be given.
CONFLICTS = frozenset({"not_combinable", "better_in_group", "nothing_left"})


@dataclass(frozen=True, slots=True)
class Trial:
    """The promotion that is tried. With `everyone_has_code` each buyer enters a code of it; `gift` is what it gives
    away, for carts of a time when nobody gave it."""

    promotion: PromotionInput
    everyone_has_code: bool = False
    gift: GiftInput | None = None


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where a variant stands: its product, the categories above it, its collections and attributes."""

    product_id: int
    category_ids: tuple[int, ...]
    collection_ids: tuple[int, ...]
    attributes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of the tried promotion: `applied`, or the code of its refusal and who won."""

    outcome: str
    given: Decimal = ZERO
    winner: int | None = None


@dataclass(slots=True)
class Course:
    """How far what was used differs, so far, from what was used in truth.

    The tried promotion and its codes begin unused; of others and their codes only the difference is known, and added
    to what the cart knew of them. `own` counts by (identity, promotion).
    """

    promotion: int
    uses: dict[int, int] = field(default_factory=dict)
    amounts: dict[int, Decimal] = field(default_factory=dict)
    own: dict[tuple[str, int], int] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)

    def uses_for(self, quote_input: QuoteInput, *, identity: str) -> tuple[UsesInput, ...]:
        """How often each promotion was used until this cart."""
        known = {uses.promotion: uses for uses in quote_input.uses} | {self.promotion: UsesInput(self.promotion)}
        limited = [promotion.id for promotion in quote_input.promotions if promotion.is_limited]
        for id_ in {*limited, self.promotion}:
            uses = known.get(id_, UsesInput(id_))
            known[id_] = UsesInput(
                id_,
                total=max(uses.total + self.uses.get(id_, 0), 0),
                by_customer=max(uses.by_customer + self.own.get((identity, id_), 0), 0),
                amount=max(uses.amount + self.amounts.get(id_, ZERO), ZERO),
            )
        return tuple(known.values())

    def codes_for(self, quote_input: QuoteInput) -> tuple[CodeInput, ...]:
        """The codes of the cart, used as often as they would have been."""
        return tuple(replace(code, uses=self._uses_of(code)) for code in quote_input.codes)

    def note(self, before: Quote, after: Quote, *, identity: str) -> None:
        """What this cart used, and would have used."""
        for quote, step in ((before, -1), (after, 1)):
            for use in quote.applied:
                if use.promotion == self.promotion and quote is before:
                    continue
                if use.code:
                    code = normal_code(use.code)
                    self.codes[code] = self.codes.get(code, 0) + step
                self.uses[use.promotion] = self.uses.get(use.promotion, 0) + step
                self.amounts[use.promotion] = self.amounts.get(use.promotion, ZERO) + step * use.amount
                own = (identity, use.promotion)
                self.own[own] = self.own.get(own, 0) + step

    def _uses_of(self, code: CodeInput) -> int:
        known = 0 if code.promotion == self.promotion else code.uses
        return max(known + self.codes.get(normal_code(code.code), 0), 0)


def tried(quote_input: QuoteInput, trial: Trial, course: Course, *, identity: str) -> QuoteInput:
    """The cart with the tried promotion among the others that could be given, in place of what it said then."""
    promotion = trial.promotion
    codes = course.codes_for(quote_input)
    if trial.everyone_has_code:
        codes += (CodeInput(EVERYBODYS_CODE, promotion=promotion.id),)
    gifts = quote_input.gifts
    if trial.gift is not None and all(gift.variant_id != trial.gift.variant_id for gift in gifts):
        gifts += (trial.gift,)
    others = tuple(other for other in quote_input.promotions if other.id != promotion.id)
    changed = replace(quote_input, promotions=(*others, promotion), codes=codes, gifts=gifts)
    return replace(changed, uses=course.uses_for(changed, identity=identity))


def shelved(quote_input: QuoteInput, shelves: Mapping[int, Shelf]) -> QuoteInput:
    """The cart with its goods on these shelves; a variant without one stays where it stood."""
    return replace(quote_input, lines=tuple(_shelved(line, shelves.get(line.variant_id)) for line in quote_input.lines))


def _shelved(line: LineInput, shelf: Shelf | None) -> LineInput:
    if shelf is None:
        return line
    return replace(
        line,
        product_id=shelf.product_id,
        category_ids=shelf.category_ids,
        collection_ids=shelf.collection_ids,
        attributes=shelf.attributes,
    )


def verdict_on(promotion: int, after: Quote) -> Verdict:
    """What became of the promotion in the quote."""
    for use in after.applied:
        if use.promotion == promotion:
            return Verdict(APPLIED, given=use.amount)
    step = next(
        step for step in promotion_steps(after.trace) if step["step"] == "promotion" and step["promotion"] == promotion
    )
    return Verdict(step["code"], winner=step.get("winner"))


def goods_total(quote: Quote) -> Decimal:
    """What the goods cost the buyer after discounts; what is given away costs nothing."""
    return quote.subtotal - quote.discount_total


def undiscounted_total(quote: Quote) -> Decimal:
    """What the goods that were bought cost before discounts."""
    prices = {line.variant_id: line.unit_price for line in quote.lines}
    return quote.subtotal - sum((prices[gift.variant_id] * gift.quantity for gift in quote.gifts), ZERO)


def margin(quote: Quote, costs: Mapping[int, Decimal], *, prices_include_tax: bool) -> Decimal | None:
    """What the goods whose cost is known bring above it, without tax. Gifts cost what they cost; None when that of
    nothing that was bought is known, as the cost of a gift alone tells nothing of the order."""
    given: dict[int, int] = {}
    for gift in quote.gifts:
        given[gift.variant_id] = given.get(gift.variant_id, 0) + gift.quantity
    known = [line for line in quote.lines if line.variant_id in costs]
    if all(line.quantity <= given.get(line.variant_id, 0) for line in known):
        return None
    taxes = sum((line.tax_total or ZERO for line in known), ZERO) if prices_include_tax else ZERO
    brought = sum((line.line_total for line in known), ZERO) - taxes
    return brought - sum((costs[line.variant_id] * line.quantity for line in known), ZERO)


def limited_codes(quote_inputs: Iterable[QuoteInput]) -> set[str]:
    """The codes in these carts whose uses are limited."""
    codes = (code for quote_input in quote_inputs for code in quote_input.codes)
    return {normal_code(code.code) for code in codes if code.usage_limit is not None}
