"""Carts, buyers and promotions of any shape, for the property tests: small numbers, where rounding hurts."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from market.pricing.rules import (
    CodeInput,
    CustomerInput,
    GiftInput,
    Goods,
    Kind,
    LineInput,
    ListPrice,
    PromotionInput,
    QuoteInput,
    ShippingInput,
    Threshold,
    UsesInput,
)

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)  # a Saturday
TIERS = ("bronze", "silver", "gold")
COUNTRIES = ("GB", "DE")
TOKENS = ("color=red", "color=blue", "size=s")
FEW = (1, 2, 3)
GIFT_VARIANTS = (1, 2, 90, 91)


def cents(low: int, high: int) -> st.SearchStrategy[Decimal]:
    return st.integers(low, high).map(lambda amount: Decimal(amount).scaleb(-2))


prices = cents(0, 60) | cents(0, 6_000)
percents = st.integers(0, 100).map(Decimal) | cents(0, 10_000)
rates = st.sampled_from([Decimal(rate).scaleb(-4) for rate in (0, 700, 1900, 2000, 2500)])
some_ids = st.lists(st.sampled_from(FEW), max_size=2, unique=True).map(tuple)
some_goods = st.builds(
    Goods,
    products=some_ids,
    collections=some_ids,
    categories=some_ids,
    attributes=st.lists(st.sampled_from(TOKENS), max_size=1).map(tuple),
)
goods = st.just(Goods()) | some_goods
few_uses = st.integers(0, 2)
maybe_few = st.none() | st.integers(1, 3)
moments = st.none() | st.integers(-2, 2).map(lambda days: NOON + timedelta(days=days))


@st.composite
def cart_lines(draw, max_size: int = 6) -> tuple[LineInput, ...]:
    variant_ids = draw(st.lists(st.integers(1, 9), max_size=max_size, unique=True))
    return tuple(
        LineInput(
            variant_id=variant_id,
            sku=f"SKU-{variant_id}",
            title="Thing",
            quantity=draw(st.integers(1, 7) | st.just(100)),
            unit_price=draw(prices),
            tax_rate=draw(rates),
            product_id=draw(st.sampled_from(FEW)),
            category_ids=draw(some_ids),
            collection_ids=draw(some_ids),
            attributes=draw(st.lists(st.sampled_from(TOKENS), max_size=2, unique=True).map(tuple)),
            list_prices=draw(
                st.lists(st.builds(ListPrice, price=prices, min_quantity=st.integers(1, 5)), max_size=1).map(tuple)
            ),
        )
        for variant_id in variant_ids
    )


@st.composite
def thresholds(draw) -> tuple[Threshold, ...]:
    by_units, by_percent = draw(st.booleans()), draw(st.booleans())
    return tuple(
        Threshold(
            min_subtotal=None if by_units else draw(prices),
            min_quantity=draw(st.integers(0, 9)) if by_units else None,
            percent=draw(percents) if by_percent else None,
            amount=None if by_percent else draw(prices),
        )
        for _ in range(draw(st.integers(1, 3)))
    )


@st.composite
def promotions(draw, id_: int, *, stackable: bool | None = None) -> PromotionInput:
    kind = draw(st.sampled_from(list(Kind)))
    facts: dict = {"stackable": draw(st.booleans() | st.just(True)) if stackable is None else stackable}
    if stackable is None:
        facts["exclusive_group"] = draw(st.sampled_from(("", "", "summer", "winter")))
    facts["goods"] = draw(goods)
    if kind in (Kind.PERCENTAGE, Kind.BUY_X_GET_Y):
        facts["value"] = draw(percents)
    elif kind in (Kind.FIXED_AMOUNT, Kind.FIXED_PRICE):
        facts["value"] = draw(prices)
    if kind is Kind.FIXED_AMOUNT:
        facts["is_per_unit"] = draw(st.booleans())
    if kind is Kind.FIXED_PRICE:
        facts["buy_quantity"] = draw(st.sampled_from((0, 0, 2, 3)))
    if kind is Kind.BUY_X_GET_Y:
        facts |= {"buy_quantity": draw(st.integers(1, 3)), "get_quantity": draw(st.integers(1, 2))}
        facts["get_goods"] = draw(st.none() | some_goods.filter(lambda some: not some.is_everything))
    if kind is Kind.SPEND_THRESHOLD:
        facts["thresholds"] = draw(thresholds())
    if kind is Kind.GIFT:
        facts["gift_variant"] = draw(st.sampled_from(GIFT_VARIANTS))
        facts |= {"get_quantity": draw(st.integers(0, 2)), "buy_quantity": draw(st.integers(0, 2))}
    for name, values in (
        ("max_discount", st.none() | prices),
        ("budget", st.none() | prices),
        ("usage_limit_per_order", maybe_few),
        ("usage_limit", st.none() | st.integers(0, 3)),
        ("usage_limit_per_customer", st.none() | st.integers(0, 3)),
        ("min_subtotal", st.none() | prices),
        ("min_quantity", maybe_few),
        ("starts_at", moments),
        ("ends_at", moments),
        ("tiers", st.sampled_from(((), ("gold",), TIERS))),
        ("countries", st.sampled_from(((), ("GB",)))),
        ("weekdays", st.sampled_from(((), (6, 7), (1,)))),
        ("first_order_only", st.booleans()),
        ("requires_coupon", st.booleans()),
    ):
        if draw(st.integers(0, 7)) == 0:
            facts[name] = draw(values)
    priority = draw(st.integers(-2, 2))
    return PromotionInput(id=id_, kind=kind, label=f"P{id_}", priority=priority, **facts)


@st.composite
def quote_inputs(draw, *, max_promotions: int = 6) -> QuoteInput:
    ids = range(1, draw(st.integers(0, max_promotions)) + 1)
    given = tuple(draw(promotions(id_)) for id_ in ids)
    needing = [promotion.id for promotion in given if promotion.requires_coupon]
    codes = tuple(
        CodeInput(
            f"CODE{id_}", promotion=id_, uses=draw(st.integers(0, 1)), usage_limit=draw(st.sampled_from((None, 1)))
        )
        for id_ in needing
        if draw(st.booleans())
    )
    is_known = draw(st.booleans())
    shipping = st.builds(ShippingInput, code=st.just("standard"), label=st.just("S"), price=prices, tax_rate=rates)
    return QuoteInput(
        lines=draw(cart_lines()),
        shipping=draw(st.none() | shipping),
        prices_include_tax=draw(st.booleans()),
        currency="GBP",
        promotions=tuple(draw(st.permutations(given))),
        codes=codes,
        customer=CustomerInput(
            is_known=is_known,
            is_first_order=draw(st.booleans()),
            tier=draw(st.sampled_from(TIERS)) if is_known else "",
            tier_percent=draw(percents) if is_known and draw(st.booleans()) else Decimal("0.00"),
            has_free_shipping=is_known and draw(st.booleans()),
        ),
        uses=tuple(
            UsesInput(
                id_, total=draw(st.integers(0, 3)), by_customer=draw(st.integers(0, 3)), amount=draw(cents(0, 50))
            )
            for id_ in ids
            if draw(st.booleans())
        ),
        gifts=tuple(
            GiftInput(id_, f"SKU-{id_}", "Gift", draw(prices), draw(rates), draw(st.integers(0, 120)))
            for id_ in GIFT_VARIANTS
            if draw(st.booleans())
        ),
        country=draw(st.sampled_from(("", *COUNTRIES))),
        moment=NOON,
    )
