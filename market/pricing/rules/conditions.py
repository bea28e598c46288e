"""Whether a promotion may be given at all: what it asks of the moment, the buyer, the code and the goods.

Nothing here looks at other promotions, so that one that is refused is refused by itself for the same reason.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from core.money import from_cents, to_cents
from market.pricing.rules.basket import Basket
from market.pricing.rules.inputs import CodeInput, GiftInput, QuoteInput, UsesInput
from market.pricing.rules.promotions import Ask, Kind, PromotionInput, Stage, Threshold

UNUSED = UsesInput(promotion=0)
# Who has not entered a code hears nothing of promotions that are refused so: they are for others.
UNTOLD = frozenset({"code_required", "not_on_list"})
# These end by themselves when the buyer says where it goes, so a code that meets one can be kept.
WAITS_FOR_DELIVERY = frozenset({"shipping_unknown", "country_unknown"})


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a promotion is not given: a stable code, a sentence, and what is missing for it, or who won."""

    code: str
    reason: str
    missing_amount: int | None = None
    missing_quantity: int | None = None
    winner: PromotionInput | None = None


CODE_REQUIRED = Refusal("code_required", "This needs a code.")
CART_EMPTY = Refusal("cart_empty", "The cart is empty.")
NO_MATCHING_ITEMS = Refusal("no_matching_items", "Nothing in the cart is among its goods.")


@dataclass(frozen=True)
class Situation:
    """What conditions look at. `shipping` is the price before discounts, None while it is unknown."""

    basket: Basket
    facts: QuoteInput
    codes: Mapping[int, list[CodeInput]]
    uses: Mapping[int, UsesInput]
    gifts: Mapping[int, GiftInput]
    shipping: int | None

    @cached_property
    def rates(self) -> list[tuple[int, int]]:
        """The tax rate of each line, as numerator and denominator."""
        ratios = {line.tax_rate: line.tax_rate.as_integer_ratio() for line in self.basket.lines}
        return [ratios[line.tax_rate] for line in self.basket.lines]

    @cached_property
    def local_moment(self) -> datetime:
        """The moment on the clock of the shop's time zone."""
        return self.facts.moment.astimezone(ZoneInfo(self.facts.time_zone))

    @cached_property
    def bought(self) -> dict[int, int]:
        """The units of each variant in the cart."""
        return {line.variant_id: line.quantity for line in self.basket.lines}

    @cached_property
    def place_of(self) -> dict[int, int]:
        """The place of the line of each variant in the cart."""
        return {line.variant_id: place for place, line in enumerate(self.basket.lines)}

    def uses_of(self, promotion: PromotionInput) -> UsesInput:
        return self.uses.get(promotion.id, UNUSED)

    def code_for(self, promotion: PromotionInput) -> CodeInput | None:
        """The first entered code that still opens the promotion."""
        if not self.codes:
            return None
        return next((code for code in self.codes.get(promotion.id, ()) if why_code_is_dead(code) is None), None)


def why_refused(promotion: PromotionInput, situation: Situation) -> Refusal | None:
    """The first reason of the promotion's own not to give it; None if there is none."""
    for ask in promotion.asks:
        refusal = CONDITIONS[ask](promotion, situation)
        if refusal is not None:
            return refusal
    return None


def why_code_is_dead(code: CodeInput) -> Refusal | None:
    """Why an entered code opens nothing."""
    if code.promotion is None:
        return Refusal("unknown_code", "There is no such code.")
    if not code.is_active:
        return Refusal("code_not_active", "This code is no longer valid.")
    if code.usage_limit is not None and code.uses >= code.usage_limit:
        return Refusal("code_used_up", "This code was used already.")
    return None


def _code(promotion: PromotionInput, situation: Situation) -> Refusal | None:
    entered = situation.codes.get(promotion.id)
    if not entered:
        return CODE_REQUIRED
    return None if situation.code_for(promotion) is not None else why_code_is_dead(entered[0])


def _invitation(promotion: PromotionInput, situation: Situation) -> Refusal | None:
    customer = situation.facts.customer
    if customer.is_known and any(list_ in promotion.customer_lists for list_ in customer.lists):
        return None
    return Refusal("not_on_list", "This is for invited customers only.")


def _period(promotion: PromotionInput, situation: Situation) -> Refusal | None:
    if promotion.starts_at is not None and situation.facts.moment < promotion.starts_at:
        return Refusal("not_started", f"This starts on {promotion.starts_at:%d %B %Y at %H:%M %Z}.")
    if promotion.ends_at is not None and situation.facts.moment >= promotion.ends_at:
        return Refusal("ended", f"This ended on {promotion.ends_at:%d %B %Y at %H:%M %Z}.")
    return None


def _clock(promotion: PromotionInput, situation: Situation) -> Refusal | None:
    now, weekdays = situation.local_moment, promotion.weekdays
    start, end = promotion.from_hour, promotion.until_hour
    weekday = now.isoweekday()
    if end < start and now.hour < end:  # still in the hours that began the day before
        weekday = (weekday - 2) % 7 + 1
    if weekdays and weekday not in weekdays:
        return Refusal("wrong_weekday", f"This is given on {promotion.weekday_names} only.")
    is_open = start <= now.hour < end if start < end else now.hour >= start or now.hour < end
    if is_open:
        return None
    return Refusal("wrong_hour", f"This is given from {start}:00 to {end}:00 only ({situation.facts.time_zone}).")


def _limits(promotion: PromotionInput, situation: Situation) -> Refusal | None:
    uses = situation.uses_of(promotion)
    if promotion.usage_limit is not None and uses.total >= promotion.usage_limit:
        return Refusal("used_up", "This was given as often as it could be.")
    if promotion.usage_limit_per_customer is not None and uses.by_customer >= promotion.usage_limit_per_customer:
        return Refusal("used_up_by_customer", "You have used this as often as you could.")
    if promotion.budget is not None and uses.amount >= promotion.budget:
        return Refusal("budget_used_up", "All that was set aside for this has been given.")
    return None


def _customer(promotion: PromotionInput, situation: Situation) -> Refusal | None:
    customer = situation.facts.customer
    if promotion.tiers and (not customer.is_known or customer.tier not in promotion.tiers):
        return Refusal("wrong_tier", f"This is for members of {' or '.join(promotion.tiers)} only.")
    if promotion.first_order_only and not customer.is_first_order:
        return Refusal("not_first_order", "This is for a first order only.")
    return None


def _country(promotion: PromotionInput, situation: Situation) -> Refusal | None:
    if situation.facts.country in promotion.countries:
        return None
    if not situation.facts.country:
        return Refusal("country_unknown", "This depends on where the order goes.")
    return Refusal("wrong_country", f"This is for orders to {' or '.join(promotion.countries)} only.")


def _goods(promotion: PromotionInput, situation: Situation) -> Refusal | None:
    if not situation.basket.lines:
        return CART_EMPTY
    return None if situation.basket.places_of(promotion.goods) else NO_MATCHING_ITEMS


def _minimum(promotion: PromotionInput, situation: Situation) -> Refusal | None:
    if promotion.min_quantity is not None:
        refusal = _missing_units(promotion, situation, wanted=promotion.min_quantity)
        if refusal is not None:
            return refusal
    if promotion.min_subtotal is not None:
        missing = to_cents(promotion.min_subtotal) - situation.basket.subtotal
        if missing > 0:
            return _missing_amount("min_subtotal", missing, situation)
    return None


def _enough_for_kind(promotion: PromotionInput, situation: Situation) -> Refusal | None:
    if promotion.kind is Kind.BUY_X_GET_Y:
        return _enough_to_get(promotion, situation)
    if promotion.kind in (Kind.FIXED_PRICE, Kind.GIFT) and promotion.buy_quantity:
        refusal = _missing_units(promotion, situation, wanted=promotion.buy_quantity)
        if refusal is not None:
            return refusal
    if promotion.kind is Kind.GIFT:
        return _enough_gifts(promotion, situation)
    if promotion.kind is Kind.SPEND_THRESHOLD and reached_step(promotion, situation.basket) is None:
        return _missing_step(promotion, situation)
    if promotion.stage is Stage.SHIPPING:
        if situation.shipping is None:
            return Refusal("shipping_unknown", "This counts once it is known where the order goes and how.")
        if situation.shipping == 0:
            return Refusal("shipping_free", "Shipping is free already.")
    return None


def _enough_to_get(promotion: PromotionInput, situation: Situation) -> Refusal | None:
    if promotion.get_goods is None:
        return _missing_units(promotion, situation, wanted=promotion.buy_quantity + 1)
    refusal = _missing_units(promotion, situation, wanted=promotion.buy_quantity)
    if refusal is None and not situation.basket.places_of(promotion.get_goods):
        return Refusal("nothing_to_get", "Put what you get for less in the cart too.", missing_quantity=1)
    return refusal


def _enough_gifts(promotion: PromotionInput, situation: Situation) -> Refusal | None:
    gift = situation.gifts.get(promotion.gift_variant)
    units = gift_units(promotion, situation.basket)
    if gift is None or gift.available - situation.bought.get(gift.variant_id, 0) < units:
        return Refusal("gift_unavailable", "There are no gifts left.")
    return None


def gift_units(promotion: PromotionInput, basket: Basket) -> int:
    """How many units a gift promotion gives for the cart."""
    times = 1
    if promotion.buy_quantity:
        times = basket.units_at(basket.places_of(promotion.goods)) // promotion.buy_quantity
    if promotion.usage_limit_per_order is not None:
        times = min(times, promotion.usage_limit_per_order)
    return times * max(promotion.get_quantity, 1)


def reached_step(promotion: PromotionInput, basket: Basket) -> Threshold | None:
    """The highest step of `spend_threshold` that the undiscounted cart reaches, the last of equals."""
    subtotal = from_cents(basket.subtotal)
    units = None
    highest = None
    for step in promotion.thresholds:
        if step.min_quantity is not None:
            units = basket.units_at(basket.places_of(promotion.goods)) if units is None else units
            is_reached = units >= step.min_quantity
        else:
            is_reached = subtotal >= step.min_subtotal
        if is_reached and (highest is None or _height(step) > _height(highest)):
            highest = step
    return highest


def _height(step: Threshold) -> tuple:
    return step.min_subtotal or 0, step.min_quantity or 0, step.percent or 0, step.amount or 0


def _missing_step(promotion: PromotionInput, situation: Situation) -> Refusal:
    lowest = min(promotion.thresholds, key=_height)
    if lowest.min_subtotal is not None:
        missing = to_cents(lowest.min_subtotal) - situation.basket.subtotal
        if missing > 0:
            return _missing_amount("threshold_not_reached", missing, situation)
    units = situation.basket.units_at(situation.basket.places_of(promotion.goods))
    return _more_units("threshold_not_reached", (lowest.min_quantity or 0) - units)


def _missing_units(promotion: PromotionInput, situation: Situation, *, wanted: int) -> Refusal | None:
    missing = wanted - situation.basket.units_at(situation.basket.places_of(promotion.goods))
    return _more_units("min_quantity", missing) if missing > 0 else None


def _more_units(code: str, missing: int) -> Refusal:
    return Refusal(code, f"Add {missing} more of its goods.", missing_quantity=missing)


def _missing_amount(code: str, missing: int, situation: Situation) -> Refusal:
    reason = f"Spend {from_cents(missing)} {situation.facts.currency} more, before discounts."
    return Refusal(code, reason, missing_amount=missing)


CONDITIONS: Mapping[Ask, Callable[[PromotionInput, Situation], Refusal | None]] = {
    Ask.CODE: _code,
    Ask.INVITATION: _invitation,
    Ask.PERIOD: _period,
    Ask.CLOCK: _clock,
    Ask.LIMITS: _limits,
    Ask.CUSTOMER: _customer,
    Ask.COUNTRY: _country,
    Ask.GOODS: _goods,
    Ask.MINIMUM: _minimum,
    Ask.KIND: _enough_for_kind,
}
