"""Carts as they are priced now, for a destination and a buyer: one statement, and one after staff changed prices."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from core.countries import COUNTRY_CODES
from core.money import ZERO
from market.carts import sql
from market.carts.errors import CartNotFound, UnknownCountry, UnknownShippingMethod
from market.pricing.rules import GiftInput, LineInput, ListPrice, Quote, QuoteInput, ShippingInput, quote, unit_price_of
from market.pricing.selectors import (
    PriceTables,
    QuoteFacts,
    attribute_tokens,
    list_prices_from,
    price_tables,
    quote_facts_from,
)
from market.shipping.rules import Destination, Option, Parcel, Refusal, options
from market.taxes.rules import STANDARD_CLASS, rate_for

# Columns of PRICED_CART before those of a line.
HEADER = 14


@dataclass(frozen=True, slots=True)
class LineImage:
    """The picture of a line's product: its name in the media storage, and its words."""

    name: str
    alt: str


@dataclass(frozen=True, slots=True)
class CartLine:
    """One line as of now. `seen_unit_price` is what the buyer was last shown; `available` is what
    stock has; a line that is not `is_sellable` cannot be ordered."""

    item_id: int
    variant_id: int
    sku: str
    variant_title: str
    product_id: int
    product_title: str
    product_slug: str
    image: LineImage | None
    quantity: int
    unit_price: Decimal
    seen_unit_price: Decimal
    available: int
    is_sellable: bool
    weight_grams: int
    tax_class: str
    category_id: int | None
    attributes: tuple[str, ...]
    collection_ids: tuple[int, ...]
    list_prices: tuple[ListPrice, ...]
    created_at: datetime
    updated_at: datetime

    @property
    def title(self) -> str:
        """What an order calls it: the product, and what sets the variant apart."""
        return f"{self.product_title}, {self.variant_title}" if self.variant_title else self.product_title

    @property
    def price_changed(self) -> bool:
        return self.unit_price != self.seen_unit_price


@dataclass(frozen=True, slots=True)
class PricedCart:
    """A cart with its quote for one destination. Lines are in the order in which they were added.

    `shipping_method` is the code that was priced: the chosen one, else the first that goes there;
    `shipping_refusal` says why none was. `shipping_options` are all methods for this destination.
    """

    id: UUID
    customer_id: int | None
    country: str
    region: str
    postal_code: str
    shipping_method: str
    shipping_refusal: Refusal | None
    shipping_options: list[Option]
    coupons: tuple[str, ...]
    version: int
    order_number: str | None
    expires_at: datetime
    currency: str
    lines: tuple[CartLine, ...]
    quote: Quote
    quote_input: QuoteInput


@dataclass(frozen=True, slots=True)
class CartFacts:
    """A cart as it is read, and all that it is priced by. `owner_id` is the user whose it is, if it is anybody's."""

    id: UUID
    customer_id: int | None
    owner_id: int | None
    version: int
    order_number: str | None
    expires_at: datetime
    country: str
    region: str
    postal_code: str
    wanted_method: str
    codes: tuple[str, ...]
    lines: tuple[CartLine, ...]
    tables: PriceTables
    known: QuoteFacts


def priced_cart(
    *,
    cart_id: UUID,
    user_id: int | None = None,
    email: str | None = None,
    country: str | None = None,
    region: str | None = None,
    postal_code: str | None = None,
    shipping_method: str | None = None,
) -> PricedCart:
    """The cart with prices, stock, promotions, shipping and tax as of now: one statement however many
    lines, and one more after staff changed rates, methods or promotions.

    With `country` it is priced for that destination, and with `shipping_method` for that method,
    in place of the cart's own. A guest's uses of promotions are those of `email`, once it is known.
    Before a destination and a method are known the quote is an estimate. Takes no lock. Raises
    CartNotFound for a cart that does not exist, has expired or is claimed by another user's customer,
    and Invalid for a `shipping_method` that is not offered, unless the cart was ordered.
    """
    facts = cart_facts(
        cart_id=cart_id,
        user_id=user_id,
        email=email,
        country=country,
        region=region,
        postal_code=postal_code,
        shipping_method=shipping_method,
    )
    if facts.customer_id is not None and facts.owner_id != user_id:
        raise CartNotFound
    return cart_of(facts, needs_method=bool(shipping_method))


def cart_facts(*, cart_id: UUID, **asked: Any) -> CartFacts:
    """What `priced_cart` prices, whoever's it is: its statements. Raises CartNotFound for what is not there."""
    wanted = dict.fromkeys(("user_id", "email", "country", "region", "postal_code", "shipping_method")) | asked
    with connection.cursor() as cursor:
        cursor.execute(sql.PRICED_CART, {"cart_id": cart_id, **wanted})
        rows = cursor.fetchall()
    if not rows:
        raise CartNotFound
    header, has_lines = rows[0][:HEADER], rows[0][HEADER] is not None
    (id_, customer_id, owner_id, version, order_number, expires_at, is_expired) = header[:7]
    if is_expired:
        raise CartNotFound
    (country, region, postal_code, wanted_method, prices_version, codes, facts) = header[7:]
    tables = price_tables.at(prices_version)
    return CartFacts(
        id=id_,
        customer_id=customer_id,
        owner_id=owner_id,
        version=version,
        order_number=order_number,
        expires_at=expires_at,
        country=country,
        region=region,
        postal_code=postal_code,
        wanted_method=wanted_method,
        codes=tuple(codes),
        lines=tuple(_line(row[HEADER:]) for row in rows) if has_lines else (),
        tables=tables,
        known=quote_facts_from(facts, tables=tables, entered=codes),
    )


def cart_of(facts: CartFacts, *, needs_method: bool = False) -> PricedCart:
    """The cart priced by these facts. Raises Invalid when its method is not offered, if it `needs_method`."""
    destination = None
    offered = []
    if facts.country:
        destination = Destination(country=facts.country, region=facts.region, postal_code=facts.postal_code)
        tier = facts.known.customer.tier
        offered = _offered(lines=facts.lines, tier=tier, destination=destination, tables=facts.tables)
    chosen = _chosen(offered, wanted=facts.wanted_method)
    if needs_method and chosen is None and destination is not None and facts.order_number is None:
        raise UnknownShippingMethod
    quote_input = _quote_input(
        lines=facts.lines,
        chosen=chosen,
        destination=destination,
        tables=facts.tables,
        facts=facts.known,
    )
    return PricedCart(
        id=facts.id,
        customer_id=facts.customer_id,
        country=facts.country,
        region=facts.region,
        postal_code=facts.postal_code,
        shipping_method=quote_input.shipping.code if quote_input.shipping else facts.wanted_method,
        shipping_refusal=chosen.refusal if chosen else None,
        shipping_options=offered,
        coupons=facts.codes,
        version=facts.version,
        order_number=facts.order_number,
        expires_at=facts.expires_at,
        currency=settings.SHOP_CURRENCY,
        lines=facts.lines,
        quote=quote(quote_input),
        quote_input=quote_input,
    )


def shipping_options_for_cart(
    *, cart_id: UUID, user_id: int | None = None, country: str = "", region: str = "", postal_code: str = ""
) -> list[Option]:
    """What each way to send the cart to this destination, else to the cart's own, costs, or why it cannot be had.

    One statement. Raises CartNotFound, and Invalid (`country`) when it is no country or known from nowhere.
    """
    if country and country not in COUNTRY_CODES:
        raise UnknownCountry
    place = {"country": country, "region": region, "postal_code": postal_code} if country else {}
    cart = priced_cart(cart_id=cart_id, user_id=user_id, **place)
    if not cart.country:
        raise UnknownCountry
    return cart.shipping_options


def _line(row: tuple) -> CartLine:
    (item_id, quantity, seen_unit_price, created_at, updated_at, variant_id, sku, variant_title, unit_price) = row[:9]
    (product_id, product_title, product_slug, image, alt, available, is_sellable) = row[9:16]
    (weight_grams, tax_class, category_id, attributes, collection_ids, list_prices) = row[16:]
    return CartLine(
        item_id=item_id,
        variant_id=variant_id,
        sku=sku,
        variant_title=variant_title,
        product_id=product_id,
        product_title=product_title,
        product_slug=product_slug,
        image=LineImage(name=image, alt=alt) if image else None,
        quantity=quantity,
        unit_price=unit_price,
        seen_unit_price=seen_unit_price,
        available=available,
        is_sellable=is_sellable,
        weight_grams=weight_grams,
        tax_class=tax_class,
        category_id=category_id,
        attributes=attribute_tokens(*attributes),
        collection_ids=tuple(collection_ids or ()),
        list_prices=list_prices_from(list_prices),
        created_at=created_at,
        updated_at=updated_at,
    )


def _offered(*, lines: Sequence[CartLine], tier: str, destination: Destination, tables: PriceTables) -> list[Option]:
    """Every method of the shop for these lines and destination, by the price of the goods before discounts."""
    prices = (
        unit_price_of(unit_price=line.unit_price, list_prices=line.list_prices, quantity=line.quantity, tier=tier)
        for line in lines
    )
    parcel = Parcel(
        subtotal=sum((price * line.quantity for price, line in zip(prices, lines, strict=True)), ZERO),
        weight_grams=sum(line.weight_grams * line.quantity for line in lines),
    )
    shipping = tables.shipping
    return options(methods=shipping.methods, zones=shipping.zones, destination=destination, parcel=parcel)


def _chosen(offered: Sequence[Option], *, wanted: str) -> Option | None:
    """The wanted method, if the shop has it; without a wish the first that can be had, else the first and why not."""
    if wanted:
        return next((option for option in offered if option.method.code == wanted), None)
    return next((option for option in offered if option.refusal is None), next(iter(offered), None))


def _quote_input(
    *,
    lines: Sequence[CartLine],
    chosen: Option | None,
    destination: Destination | None,
    tables: PriceTables,
    facts: QuoteFacts,
) -> QuoteInput:
    """What the engine is asked. Without a method that can be had it is an estimate."""

    @cache
    def rate(tax_class: str) -> Decimal | None:
        if shipping_price is None:
            return None
        return rate_for(rates=tables.rates, tax_class=tax_class, country=destination.country, region=destination.region)

    shipping_price = chosen.price if chosen is not None else None
    shipping = None
    if shipping_price is not None:
        method = chosen.method
        shipping = ShippingInput(
            code=method.code, label=method.label, price=shipping_price, tax_rate=rate(STANDARD_CLASS)
        )
    return QuoteInput(
        lines=tuple(
            LineInput(
                variant_id=line.variant_id,
                sku=line.sku,
                title=line.title,
                quantity=line.quantity,
                unit_price=line.unit_price,
                tax_rate=rate(line.tax_class),
                product_id=line.product_id,
                category_ids=tables.shelves(line.category_id),
                collection_ids=line.collection_ids,
                attributes=line.attributes,
                tax_class=line.tax_class,
                weight_grams=line.weight_grams,
                list_prices=line.list_prices,
            )
            for line in lines
        ),
        shipping=shipping,
        prices_include_tax=settings.PRICES_INCLUDE_TAX,
        currency=settings.SHOP_CURRENCY,
        promotions=tables.could_apply(codes=facts.codes, moment=facts.moment),
        codes=facts.codes,
        customer=facts.customer,
        uses=facts.uses,
        gifts=tuple(
            GiftInput(
                variant_id=gift.variant_id,
                sku=gift.sku,
                title=gift.title,
                unit_price=gift.unit_price,
                tax_rate=rate(gift.tax_class),
                available=gift.available,
            )
            for gift in facts.gifts
        ),
        country="" if destination is None else destination.country,
        moment=facts.moment,
        time_zone=settings.SHOP_TIME_ZONE,
    )
