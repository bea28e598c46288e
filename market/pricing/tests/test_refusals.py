"""Why a promotion is refused, code by code; and input that no cart can have."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from market.pricing.rules import (
    WAITS_FOR_DELIVERY,
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
    explanation,
    input_from_json,
    input_to_json,
    quote,
)
from market.pricing.tests import benchmark

SATURDAY = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)
LAMPS = Goods(categories=(1,))
SHIPPING = ShippingInput("post", "Post", Decimal("4.95"), Decimal("0.2000"))
GOLD = CustomerInput(is_known=True, is_first_order=False, tier="gold", lists=(4,))


def line(variant_id: int = 1, **facts) -> LineInput:
    facts = {"quantity": 2, "unit_price": Decimal("10.00"), "tax_rate": Decimal("0.2000"), "category_ids": (1,)} | facts
    return LineInput(variant_id, f"SKU-{variant_id}", "Lamp", **facts)


def cart(*promotions: PromotionInput, **facts) -> QuoteInput:
    facts = {"lines": (line(),), "shipping": SHIPPING, "country": "GB", "moment": SATURDAY} | facts
    return QuoteInput(prices_include_tax=True, currency="GBP", promotions=promotions, **facts)


def ten_percent(**facts) -> PromotionInput:
    return PromotionInput(**{"id": 7, "kind": Kind.PERCENTAGE, "value": Decimal(10), "label": "Ten percent"} | facts)


def outcome(asked: QuoteInput) -> str:
    """`applied`, or the code of the first promotion's refusal with what is missing."""
    step = next(step for step in explanation(quote(asked), for_staff=True) if step["step"] == "promotion")
    missing = [str(step[name]) for name in ("missing_amount", "missing_quantity") if name in step]
    return " ".join([step.get("code", step["outcome"]), *missing])


@pytest.mark.parametrize(
    ("rules", "facts", "expected"),
    [
        ({}, {}, "applied"),
        ({"starts_at": SATURDAY}, {}, "applied"),
        ({"starts_at": SATURDAY + timedelta(seconds=1)}, {}, "not_started"),
        ({"ends_at": SATURDAY + timedelta(seconds=1)}, {}, "applied"),
        ({"ends_at": SATURDAY}, {}, "ended"),
        ({"weekdays": (6,)}, {}, "applied"),
        ({"weekdays": (7,)}, {}, "wrong_weekday"),
        ({"weekdays": (7,)}, {"time_zone": "Europe/Berlin"}, "applied"),
        ({"from_hour": 23, "until_hour": 24}, {}, "applied"),
        ({"from_hour": 22, "until_hour": 2}, {}, "applied"),
        ({"from_hour": 22, "until_hour": 23}, {}, "wrong_hour"),
        ({"from_hour": 0, "until_hour": 1}, {"time_zone": "Europe/Berlin"}, "applied"),
        # A night belongs to the day on which it began: in Berlin it is Sunday already.
        ({"weekdays": (6,), "from_hour": 22, "until_hour": 2}, {"time_zone": "Europe/Berlin"}, "applied"),
        ({"weekdays": (7,), "from_hour": 22, "until_hour": 2}, {"time_zone": "Europe/Berlin"}, "wrong_weekday"),
        ({"weekdays": (6,), "from_hour": 22, "until_hour": 2}, {}, "applied"),
        ({"requires_coupon": True}, {}, "code_required"),
        ({"requires_coupon": True}, {"codes": (CodeInput("TEN", 7),)}, "applied"),
        ({"requires_coupon": True}, {"codes": (CodeInput("OTHER", 8),)}, "code_required"),
        ({"requires_coupon": True}, {"codes": (CodeInput("TEN", 7, is_active=False),)}, "code_not_active"),
        ({"requires_coupon": True}, {"codes": (CodeInput("TEN", 7, uses=1, usage_limit=1),)}, "code_used_up"),
        (
            {"requires_coupon": True},
            {"codes": (CodeInput("A", 7, uses=1, usage_limit=1), CodeInput("B", 7))},
            "applied",
        ),
        ({"usage_limit": 5}, {"uses": (UsesInput(7, total=4),)}, "applied"),
        ({"usage_limit": 5}, {"uses": (UsesInput(7, total=5),)}, "used_up"),
        ({"usage_limit": 0}, {}, "used_up"),
        ({"usage_limit_per_customer": 1}, {"uses": (UsesInput(7, total=9),)}, "applied"),
        ({"usage_limit_per_customer": 1}, {"uses": (UsesInput(7, by_customer=1),)}, "used_up_by_customer"),
        ({"budget": Decimal("50.00")}, {"uses": (UsesInput(7, amount=Decimal("49.99")),)}, "applied"),
        ({"budget": Decimal("50.00")}, {"uses": (UsesInput(7, amount=Decimal("50.00")),)}, "budget_used_up"),
        ({"tiers": ("silver", "gold")}, {"customer": GOLD}, "applied"),
        ({"tiers": ("silver",)}, {"customer": GOLD}, "wrong_tier"),
        ({"tiers": ("gold",)}, {}, "wrong_tier"),
        ({"first_order_only": True}, {}, "applied"),
        ({"first_order_only": True}, {"customer": GOLD}, "not_first_order"),
        ({"customer_lists": (3, 4)}, {"customer": GOLD}, "applied"),
        ({"customer_lists": (3,)}, {"customer": GOLD}, "not_on_list"),
        ({"customer_lists": (4,)}, {}, "not_on_list"),
        ({"countries": ("GB", "IE")}, {}, "applied"),
        ({"countries": ("DE",)}, {}, "wrong_country"),
        ({"countries": ("DE",)}, {"country": "", "shipping": None}, "country_unknown"),
        ({}, {"lines": ()}, "cart_empty"),
        ({"goods": Goods(categories=(2,))}, {}, "no_matching_items"),
        ({"goods": Goods(products=(5,), categories=(1,))}, {}, "applied"),
        ({"goods": Goods(categories=(1,), attributes=("color=red", "color=blue"))}, {}, "no_matching_items"),
        (
            {"goods": Goods(categories=(1,), attributes=("color=red", "color=blue"))},
            {"lines": (line(attributes=("color=blue",)),)},
            "applied",
        ),
        (
            {"goods": Goods(attributes=("color=red", "size=s"))},
            {"lines": (line(attributes=("color=red", "size=m")),)},
            "no_matching_items",
        ),
        ({"goods": Goods(collections=(9,))}, {"lines": (line(collection_ids=(8, 9)),)}, "applied"),
        ({"min_subtotal": Decimal("20.00")}, {}, "applied"),
        ({"min_subtotal": Decimal("20.01")}, {}, "min_subtotal 0.01"),
        ({"min_quantity": 5}, {}, "min_quantity 3"),
        ({"min_quantity": 2, "goods": LAMPS}, {"lines": (line(), line(2, category_ids=()))}, "applied"),
        ({"min_quantity": 3, "goods": LAMPS}, {"lines": (line(), line(2, category_ids=()))}, "min_quantity 1"),
        ({"kind": Kind.FREE_SHIPPING}, {}, "applied"),
        ({"kind": Kind.FREE_SHIPPING}, {"shipping": None}, "shipping_unknown"),
        ({"kind": Kind.FREE_SHIPPING}, {"shipping": replace(SHIPPING, price=Decimal(0))}, "shipping_free"),
        (
            {"kind": Kind.FREE_SHIPPING},
            {"customer": replace(GOLD, has_free_shipping=True)},
            "shipping_free",
        ),
        ({"kind": Kind.GIFT, "gift_variant": 9}, {}, "gift_unavailable"),
        (
            {"kind": Kind.SPEND_THRESHOLD, "thresholds": (Threshold(min_quantity=3, percent=Decimal(5)),)},
            {},
            "threshold_not_reached 1",
        ),
        ({"value": Decimal(0)}, {}, "no_effect"),
        ({}, {"lines": (line(unit_price=Decimal("0.00")),)}, "no_effect"),
    ],
)
def test_outcome(rules, facts, expected):
    assert outcome(cart(ten_percent(**rules), **facts)) == expected


def test_codes_that_wait_for_a_destination_are_known():
    for facts in ({"kind": Kind.FREE_SHIPPING}, {"countries": ("GB",)}):
        assert outcome(cart(ten_percent(**facts), shipping=None, country="")) in WAITS_FOR_DELIVERY


def test_each_code_is_told_what_became_of_it():
    codes = (CodeInput("TEN", 7), CodeInput("TEN-AGAIN", 7), CodeInput("GONE", 8), CodeInput("NONE"))
    needy = ten_percent(requires_coupon=True, is_public=False, min_subtotal=Decimal(100))
    steps = [step for step in explanation(quote(cart(needy, codes=codes))) if step["step"] == "coupon"]

    assert [(step["coupon"], step["code"]) for step in steps] == [
        ("TEN", "min_subtotal"),
        ("TEN-AGAIN", "code_of_the_same"),
        ("GONE", "code_not_active"),
        ("NONE", "unknown_code"),
    ]
    assert steps[0]["missing_amount"] == "80.00"


def test_a_private_promotion_is_told_to_who_entered_its_code_and_to_staff():
    private = ten_percent(is_public=False, min_subtotal=Decimal(100))
    secret = ten_percent(id=8, requires_coupon=True)
    result = quote(cart(private, secret))
    entered = quote(cart(private, codes=(CodeInput("TEN", 7),)))

    assert explanation(result) == []
    assert [step["promotion"] for step in explanation(result, for_staff=True)] == [7, 8]
    assert [step["step"] for step in explanation(entered)] == ["promotion", "coupon"]


def test_an_applied_promotion_tells_what_came_off_what_and_how_it_was_rounded():
    lines = (line(2, quantity=1, unit_price=Decimal("0.45")), line(9, quantity=1, unit_price=Decimal("0.30")))
    asked = cart(ten_percent(requires_coupon=True, version=3), lines=lines, codes=(CodeInput("Ten", 7),))

    assert explanation(quote(asked))[0] == {
        "step": "promotion",
        "promotion": 7,
        "version": 3,
        "label": "Ten percent",
        "kind": "percentage",
        "stage": "cart",
        "outcome": "applied",
        "coupon": "Ten",
        "amount": "0.08",
        "exact": "0.075",
        "shares": [{"variant": 2, "amount": "0.05"}, {"variant": 9, "amount": "0.03"}],
    }
    (use,) = quote(asked).applied
    assert (use.promotion, use.version, use.code, str(use.amount)) == (7, 3, "Ten", "0.08")


PROMOTION = "promotion 7: "


@pytest.mark.parametrize(
    ("rules", "facts", "message"),
    [
        ({"value": Decimal(-1)}, {}, PROMOTION + "value: a percentage is 0 to 100"),
        ({"value": Decimal(101)}, {}, PROMOTION + "value: a percentage is 0 to 100"),
        ({"value": Decimal("NaN")}, {}, PROMOTION + "value: not a number"),
        ({"kind": Kind.FIXED_AMOUNT, "value": Decimal("-0.01")}, {}, PROMOTION + "value: negative"),
        ({"kind": Kind.FIXED_PRICE, "value": Decimal("0.333")}, {}, PROMOTION + "value: .* no whole number of cents"),
        ({"kind": Kind.BUY_X_GET_Y, "buy_quantity": 1}, {}, PROMOTION + "buy_quantity, get_quantity"),
        ({"get_goods": LAMPS}, {}, PROMOTION + "get_goods"),
        ({"is_per_unit": True}, {}, PROMOTION + "is_per_unit"),
        ({"kind": Kind.GIFT}, {}, PROMOTION + "gift_variant"),
        ({"gift_variant": 3}, {}, PROMOTION + "gift_variant"),
        ({"kind": Kind.SPEND_THRESHOLD}, {}, PROMOTION + "thresholds"),
        ({"kind": Kind.SPEND_THRESHOLD, "thresholds": (Threshold(percent=Decimal(5)),)}, {}, PROMOTION + "thresholds"),
        (
            {"kind": Kind.SPEND_THRESHOLD, "thresholds": (Threshold(min_quantity=1, percent=Decimal(101)),)},
            {},
            PROMOTION + "thresholds: a percentage",
        ),
        (
            {"kind": Kind.SPEND_THRESHOLD, "thresholds": (Threshold(min_quantity=1),)},
            {},
            PROMOTION + "thresholds: each has either",
        ),
        ({"min_quantity": -1}, {}, PROMOTION + "min_quantity"),
        ({"usage_limit": 1.5}, {}, PROMOTION + "usage_limit"),
        ({"usage_limit_per_order": 0}, {}, PROMOTION + "usage_limit_per_order"),
        ({"exclusive_group": "a\0b"}, {}, PROMOTION + "exclusive_group: a character"),
        ({"label": "\ud800"}, {}, PROMOTION + "label: a character"),
        ({"tiers": ("gold", "\udfff")}, {}, PROMOTION + "tiers: a character"),
        ({"goods": Goods(attributes=("color=\0",))}, {}, PROMOTION + "goods.attributes: a character"),
        ({"max_discount": Decimal("Infinity")}, {}, PROMOTION + "max_discount"),
        ({"weekdays": (0,)}, {}, PROMOTION + "weekdays"),
        ({"from_hour": 24}, {}, PROMOTION + "from_hour"),
        ({"from_hour": 8, "until_hour": 8}, {}, PROMOTION + "from_hour"),
        ({"starts_at": datetime(2026, 1, 1)}, {}, PROMOTION + "starts_at: without a time zone"),  # noqa: DTZ001
        ({"starts_at": SATURDAY}, {"moment": None}, "moment: unknown, and promotion 7"),
        ({"weekdays": (1,)}, {"moment": None}, "moment: unknown"),
        ({}, {"moment": datetime(2026, 1, 1)}, "moment: without a time zone"),  # noqa: DTZ001
        ({}, {"time_zone": "Mars/Olympus"}, "time_zone: 'Mars/Olympus'"),
        ({}, {"time_zone": "../etc/passwd"}, "time_zone"),
        ({}, {"promotions": (ten_percent(), ten_percent())}, "a promotion appears twice: 7"),
        ({}, {"uses": (UsesInput(7), UsesInput(7))}, "uses of a promotion appear twice: 7"),
        ({}, {"uses": (UsesInput(7, total=-1),)}, "uses of promotion 7: below zero"),
        ({}, {"codes": (CodeInput("ten "), CodeInput("TEN"))}, "a code appears twice: TEN"),
        ({}, {"customer": CustomerInput(tier_percent=Decimal(-5))}, "customer: tier_percent"),
        ({}, {"lines": (line(quantity=True),)}, "line of variant 1: a quantity"),
        ({}, {"lines": (line(quantity=1.5),)}, "line of variant 1: a quantity"),
        ({}, {"lines": (line(unit_price=Decimal("NaN")),)}, "line of variant 1: a price"),
        ({}, {"lines": (line(list_prices=(ListPrice(Decimal("-1")),)),)}, "line of variant 1: a price"),
        ({}, {"gifts": (GiftInput(9, "G", "G", Decimal("1.001"), None, 1),)}, "gift of variant 9: a price"),
        ({}, {"gifts": (GiftInput(9, "G", "G", Decimal("1.00"), None, 1),)}, "gift of variant 9: .* tax rate"),
    ],
)
def test_impossible_input_is_refused_by_name(rules, facts, message):
    with pytest.raises(ValueError, match=message):
        quote(replace(cart(ten_percent(**rules)), **facts))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lines": {}}, "input.lines: not a list"),
        ({"lines": [7]}, "input.lines.0: not an object"),
        ({"lines": [{"variant_id": 1}]}, "input.lines.0: .*missing"),
        ({"surprise": 1}, "input.surprise: no such field"),
        ({"promotions": [{"id": 1, "kind": "sorcery"}]}, "input.promotions.0.kind: 'sorcery'"),
        ({"promotions": [{"id": "1", "kind": "percentage"}]}, "input.promotions.0.id: not of type int"),
        ({"promotions": [{"id": 1, "kind": "percentage", "value": 10}]}, "input.promotions.0.value: .*string"),
        ({"promotions": [{"id": 1, "kind": "percentage", "value": "ten"}]}, "input.promotions.0.value: 'ten'"),
        ({"moment": "yesterday"}, "input.moment"),
        ({"moment": 5}, "input.moment: not a string"),
    ],
)
def test_a_document_that_cannot_be_read_says_where(change, message):
    with pytest.raises(ValueError, match=message):
        input_from_json(input_to_json(cart(ten_percent())) | change)


def test_a_moment_of_another_zone_is_the_same_moment():
    asked = cart(ten_percent(starts_at=SATURDAY.astimezone(timezone(timedelta(hours=5)))))

    assert input_from_json(json.loads(json.dumps(input_to_json(asked)))) == asked
    assert outcome(asked) == "applied"


def test_of_more_groups_than_can_be_tried_each_gives_its_best():
    def member(id_: int, value: int) -> PromotionInput:
        return ten_percent(id=id_, value=Decimal(value), exclusive_group=f"group {id_ // 2}", priority=id_)

    asked = cart(*(member(id_, 3 if id_ % 2 else 2) for id_ in range(40)))
    steps = explanation(quote(asked))

    assert [step["promotion"] for step in steps if step["outcome"] == "applied"] == list(range(1, 40, 2))
    refused = {step["promotion"]: (step["code"], step["winner"]) for step in steps if step["outcome"] == "refused"}
    assert refused == {id_: ("better_in_group", id_ + 1) for id_ in range(0, 40, 2)}


def test_promotions_that_are_not_given_cost_no_cut():
    """What is not for this cart is passed by on sets; what goes alone or in a group is tried once, and what another
    of the group beats is not tried beside others."""
    few, many = (benchmark.cart(tuple(map(benchmark.promotion_of_a_shop, range(1, count + 1)))) for count in (20, 200))
    refused = replace(many, promotions=tuple(p for p in many.promotions if p.id % 10 in range(7)))

    assert (benchmark.cuts(few), benchmark.cuts(many), benchmark.cuts(refused)) == (7, 65, 0)
