"""Carts as they would have been priced at another moment, or will be."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from market.carts.errors import CartNotFound
from market.carts.selectors.priced import PricedCart, cart_facts, cart_of
from market.catalog.selectors import prices_at
from market.pricing.selectors.dated import gifts_of, promotions_at


@dataclass(frozen=True, slots=True)
class CartGap:
    """What is not recorded of a moment: the price of a variant, or whether a promotion was active.

    The first that is known was taken, which is true from `known_since` on.
    """

    what: str
    id: int
    known_since: datetime


@dataclass(frozen=True, slots=True)
class DatedCart:
    """A cart priced at a moment."""

    cart: PricedCart
    moment: datetime
    gaps: tuple[CartGap, ...]


def cart_as_of(*, cart_id: UUID, moment: datetime, user_id: int, sees_all: bool) -> DatedCart:
    """What is in the cart now, at the unit prices of a moment, with the promotions that were active then or will be.

    Four statements, whatever is in it; one more each for gifts, for the tables of prices when they have changed, and
    while a planned price is late. Lines, stock, codes, uses, the buyer's tier, price lists, shipping and
    taxes are those of now. Takes no lock. Raises CartNotFound as `priced_cart`; who `sees_all` also opens
    the carts of customers.
    """
    facts = cart_facts(cart_id=cart_id)
    if facts.customer_id is not None and facts.owner_id != user_id and not sees_all:
        raise CartNotFound
    then = promotions_at(moment)
    gifts = gifts_of(then.promotions)
    wanted = {line.variant_id for line in facts.lines} | {gift.variant_id for gift in gifts}
    prices = prices_at(variant_ids=wanted, moment=moment)
    unit_prices = {pk: dated.price for pk, dated in prices.items()}
    own = {uses.promotion: uses.by_customer for uses in facts.known.uses}
    known = replace(
        facts.known,
        moment=moment,
        uses=tuple(replace(uses, by_customer=own.get(uses.promotion, 0)) for uses in then.uses),
        gifts=tuple(replace(gift, unit_price=unit_prices.get(gift.variant_id, gift.unit_price)) for gift in gifts),
    )
    # A variant that has gone in between keeps the price that it was read with.
    lines = tuple(replace(line, unit_price=unit_prices.get(line.variant_id, line.unit_price)) for line in facts.lines)
    tables = replace(facts.tables, promotions=then.promotions)
    gaps = [CartGap("price", pk, dated.known_since) for pk, dated in sorted(prices.items()) if dated.known_since]
    gaps += [CartGap("promotion", pk, since) for pk, since in sorted(then.known_since.items())]
    return DatedCart(cart_of(replace(facts, lines=lines, tables=tables, known=known)), moment, tuple(gaps))
