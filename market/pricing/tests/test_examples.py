"""`docs/pricing-examples.md`: what a shop owner worked out by hand is what the engine says."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from market.pricing.rules import (
    CodeInput,
    CustomerInput,
    GiftInput,
    Goods,
    Kind,
    LineInput,
    ListPrice,
    PromotionInput,
    Quote,
    QuoteInput,
    ShippingInput,
    Threshold,
    UsesInput,
    normal_code,
    quote,
)

PAGE = Path(__file__).resolve().parents[3] / "docs/pricing-examples.md"
EXAMPLES = re.findall(r"^## (\d+\. .+?)\n.*?^```\n(.*?)^=>\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
GIFT_IDS = 100
NUMBERS = {
    "buy": "buy_quantity",
    "get": "get_quantity",
    "per order": "usage_limit_per_order",
    "quantity": "min_quantity",
    "limit": "usage_limit",
    "customer limit": "usage_limit_per_customer",
    "priority": "priority",
}
AMOUNTS = {"at most": "max_discount", "budget": "budget", "subtotal": "min_subtotal"}
DAYS = {"starts": "starts_at", "ends": "ends_at"}


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class Example:
    """One block of the page. Names of goods become numbers in the order in which they are told."""

    def __init__(self, text: str) -> None:
        self.ids: dict[str, int] = {}
        self.tags: dict[str, int] = {}
        self.facts: dict[str, list[str]] = {}
        for line in text.strip().splitlines():
            word, _, rest = line.partition(" ")
            self.facts.setdefault(word, []).append(rest.strip())

    def fact(self, word: str) -> str:
        return self.facts.get(word, [""])[0]

    def tag(self, name: str) -> int:
        return self.tags.setdefault(name, len(self.tags) + 1)

    def rate(self, tags: str = "") -> Decimal | None:
        """`20 % included, books 7 %`: of the goods with this tag, else of all."""
        if not self.fact("shipping"):
            return None
        first, *others = re.split(r", ", self.fact("tax") or "0 % included")
        special = {name: percent for name, percent, _ in (other.split(" ") for other in others)}
        return Decimal(next((special[tag] for tag in tags.split(", ") if tag in special), first.split(" ")[0])) / 100

    def line(self, text: str) -> LineInput:
        """`2 x mug 10.00, 9.00 from 5, 8.00 for gold (kitchen)`"""
        units, name, price, lists, tags = re.fullmatch(
            r"(\d+) x (\w+) ([\d.]+)((?:, [^(]+)?) ?(?:\((.*)\))?", text
        ).groups()
        listed = []
        for entry in filter(None, re.split(r", ", lists.strip())):
            amount, word, value = entry.split(" ")
            terms = {"min_quantity": int(value)} if word == "from" else {"tier": value}
            listed.append(ListPrice(Decimal(amount), **terms))
        named = [tag for tag in (tags or "").split(", ") if tag]
        return LineInput(
            variant_id=self.ids.setdefault(name, len(self.ids) + 1),
            sku=name,
            title=name,
            quantity=int(units),
            unit_price=Decimal(price),
            tax_rate=self.rate(tags or ""),
            category_ids=tuple(self.tag(tag) for tag in named),
            list_prices=tuple(listed),
        )

    def goods(self, name: str) -> Goods:
        return Goods(categories=(self.tag(name),))

    def promotion(self, id_: int, text: str) -> PromotionInput:
        """`Sale: percentage 10, on lamps, at most 5.00`"""
        label, _, rest = text.partition(": ")
        first, *terms = rest.split(", ")
        kind, _, value = first.partition(" ")
        facts: dict = {"gift_variant": self.ids.get(value, GIFT_IDS)} if kind == "gift" else {}
        if value and kind != "gift":
            facts["value"] = Decimal(value)
        made = PromotionInput(id=id_, kind=Kind(kind), label=label, **facts)
        for term in terms:
            made = replace(made, **self.term(term, made))
        return made

    def term(self, term: str, made: PromotionInput) -> dict:
        word, _, value = term.rpartition(" ")
        if word in NUMBERS:
            return {NUMBERS[word]: int(value)}
        if word in AMOUNTS:
            return {AMOUNTS[word]: Decimal(value)}
        if word in DAYS:
            return {DAYS[word]: day(value)}
        if word.startswith("from"):
            return {"thresholds": (*made.thresholds, step(term))}
        if word.startswith("hours"):
            return {"from_hour": int(word.split(" ")[1]), "until_hour": int(value)}
        return {
            "on": {"goods": self.goods(value)},
            "get from": {"get_goods": self.goods(value)},
            "each": {"is_per_unit": True},
            "": {"stackable": False},
            "group": {"exclusive_group": value},
            "code": {"requires_coupon": True},
            "for": {"tiers": (value,)},
            "first": {"first_order_only": True},
            "to": {"countries": (value,)},
            "weekdays": {"weekdays": (7,)},
        }[word]

    def code(self, entered: str) -> CodeInput:
        """The entered code, with the number of the promotion that it opens."""
        opens = {
            normal_code(found[1]): id_
            for id_, text in enumerate(self.facts["promotion"], start=1)
            if (found := re.search(r"code (\w+)", text))
        }
        return CodeInput(entered, promotion=opens.get(normal_code(entered)))

    def customer(self) -> CustomerInput:
        """`silver 5 %, ordered before`"""
        if not self.fact("buyer"):
            return CustomerInput()
        first, *others = self.fact("buyer").split(", ")
        tier, _, percent = first.partition(" ")
        return CustomerInput(
            is_known=True,
            is_first_order="ordered before" not in others,
            tier=tier,
            tier_label=tier,
            tier_percent=Decimal(percent.removesuffix(" %") or "0"),
        )

    def uses(self, text: str, promotions: dict[str, int]) -> UsesInput:
        label, _, rest = text.partition(": ")
        said = dict(part.rsplit(" ", 1) for part in rest.split(", "))
        return UsesInput(
            promotions[label], int(said.get("times", 0)), int(said.get("by buyer", 0)), Decimal(said.get("given", 0))
        )

    def input(self) -> QuoteInput:
        lines = tuple(self.line(text) for text in self.facts.get("cart", []))
        gifts = []
        for text in self.facts.get("gifts", []):
            given = self.line(text)
            id_ = given.variant_id if given.variant_id <= len(lines) else GIFT_IDS + len(gifts)
            self.ids[given.sku] = id_
            gifts.append(GiftInput(id_, given.sku, given.title, given.unit_price, given.tax_rate, given.quantity))
        promotions = tuple(
            self.promotion(id_, text) for id_, text in enumerate(self.facts.get("promotion", []), start=1)
        )
        ids = {promotion.label: promotion.id for promotion in promotions}
        price, _, country = self.fact("shipping").partition(" to ")
        return QuoteInput(
            lines=lines,
            shipping=ShippingInput("post", "Post", Decimal(price), self.rate()) if price else None,
            prices_include_tax="on top" not in self.fact("tax"),
            currency="GBP",
            promotions=promotions,
            codes=tuple(self.code(code) for code in self.fact("codes").split()),
            customer=self.customer(),
            uses=tuple(self.uses(text, ids) for text in self.facts.get("used", [])),
            gifts=tuple(gifts),
            country=country,
            moment=day(self.fact("when") or "2026-11-21 12:00"),
        )


def step(text: str) -> Threshold:
    """`from 50.00 5 %` or `from 3 units 1.50`"""
    parts = text.removeprefix("from ").split(" ")
    lowest = {"min_quantity": int(parts.pop(0))} if parts[1] == "units" else {"min_subtotal": Decimal(parts.pop(0))}
    value = Decimal(parts[-2] if parts[-1] == "%" else parts[-1])
    return Threshold(**lowest, **({"percent": value} if parts[-1] == "%" else {"amount": value}))


def told(result: Quote, asked: QuoteInput) -> list[str]:
    """The quote as the page says it."""
    labels = {promotion.id: promotion.label for promotion in asked.promotions}
    said = []
    for discount in result.discounts:
        target = " shipping" if discount.target == "shipping" else ""
        said.append(f"off {discount.label} {discount.amount}{target}")
    for part in result.trace:
        if part["step"] not in ("promotion", "coupon") or part["outcome"] == "applied":
            continue
        if part["step"] == "coupon" and part["promotion"] is not None:
            continue
        name = labels[part["promotion"]] if part["step"] == "promotion" else f"code {part['coupon']}"
        missing = part.get("missing_amount", part.get("missing_quantity"))
        said.append(f"refused {name}: {part['code']}" + (f", {missing} missing" if missing else ""))
        said[-1] += f", for {labels[part['winner']]}" if "winner" in part else ""
    said += [f"pays {line.title} {line.line_total}" for line in result.lines]
    if not result.is_estimate:
        said += [f"shipping {result.shipping_total}", f"tax {result.tax_total}"]
    return [*said, f"total {result.grand_total}"]


def test_there_are_enough_of_them():
    assert [int(title.partition(".")[0]) for title, _, _ in EXAMPLES] == list(range(1, len(EXAMPLES) + 1))
    assert len(EXAMPLES) >= 40


@pytest.mark.parametrize(("given", "expected"), [example[1:] for example in EXAMPLES], ids=[e[0] for e in EXAMPLES])
def test_worked_example(given, expected):
    asked = Example(given).input()

    lines = [re.sub(r" +", " ", line) for line in expected.strip().splitlines()]
    assert sorted(told(quote(asked), asked)) == sorted(lines)
    assert [line for line in told(quote(asked), asked) if line.startswith("off")] == [
        line for line in lines if line.startswith("off")
    ]


def test_codes_are_compared_without_case_and_spaces():
    assert normal_code(" spring10 ") == normal_code("SPRING10")
