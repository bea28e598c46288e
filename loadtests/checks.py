"""Whether an answer is right: each check takes a JSON document and raises WrongAnswer, or returns nothing.

They know the HTTP contract and what was asked, nothing of the shop's code.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from itertools import pairwise
from typing import Any

MONEY = re.compile(r"-?\d+\.\d\d")
ORDER_NUMBER = re.compile(r"[0-9A-Z-]{6,16}")
ROW_FIELDS = {
    *("id", "slug", "title", "price", "compare_at_price", "currency", "on_sale", "in_stock", "rating"),
    *("review_count", "category", "image", "default_variant", "created_at"),
}
PAGE_FIELDS = ROW_FIELDS | {"description", "attributes", "variants", "images", "breadcrumbs", "updated_at"}
AVAILABLE_CAP = 20

Document = Mapping[str, Any]


class WrongAnswer(Exception):
    """The shop answered what it should not have; the text goes into Locust's table of failures."""


def require(holds: bool, text: str) -> None:
    """Raise WrongAnswer with this text unless it holds."""
    if not holds:
        raise WrongAnswer(text)


def money(value: Any) -> Decimal:
    """An amount as the contract writes it: a string with two places."""
    require(isinstance(value, str) and MONEY.fullmatch(value) is not None, "an amount is no string with two places")
    return Decimal(value)


def product_row(row: Document) -> None:
    """A product as lists show it."""
    require(row.keys() >= ROW_FIELDS, "a product lacks fields")
    price = money(row["price"])
    before = None if row["compare_at_price"] is None else money(row["compare_at_price"])
    require(price >= 0, "a price is below zero")
    require(row["on_sale"] == (before is not None and before > price), "on_sale contradicts the prices")
    require(isinstance(row["id"], int) and bool(row["slug"]) and bool(row["title"]), "a product has no name")


def page_of(document: Document, *, limit: int) -> list[Document]:
    """The rows of a list's page."""
    rows = document["results"]
    require(isinstance(rows, list) and len(rows) <= limit, "a page is longer than its limit")
    count = document["count"]
    require(count is None or count >= len(rows), "a list counts fewer rows than it shows")
    return rows


def product_list(
    document: Document,
    *,
    limit: int,
    ordering: str = "",
    category_ids: Collection[int] = (),
    min_price: Decimal | None = None,
    max_price: Decimal | None = None,
    in_stock: bool | None = None,
) -> None:
    """A page of products: each row, the filters that were asked for, the order, no product twice."""
    rows = page_of(document, limit=limit)
    for row in rows:
        product_row(row)
        price = Decimal(row["price"])
        require(min_price is None or price >= min_price, "a product is cheaper than asked for")
        require(max_price is None or price <= max_price, "a product is dearer than asked for")
        require(in_stock is None or row["in_stock"] is in_stock, "a product's stock is not as asked for")
        require(
            not category_ids or row["category"] is None or row["category"]["id"] in category_ids,
            "a product is of another category",
        )
    require(len({row["id"] for row in rows}) == len(rows), "a page has a product twice")
    in_order(rows, ordering)


def in_order(rows: Iterable[Document], ordering: str) -> None:
    """The rows stand in the order asked for; only orders whose values a row shows are looked at."""
    name = ordering.removeprefix("-")
    if name not in {"price", "created_at", "title"}:
        return
    values = [Decimal(row["price"]) if name == "price" else row[name] for row in rows]
    for first, second in pairwise(values):
        require(second <= first if ordering.startswith("-") else first <= second, f"a list is not ordered by {name}")


def product_page(document: Document, *, seen: Document) -> None:
    """A product's page, that of the row `seen` in a list before."""
    require(document.keys() >= PAGE_FIELDS, "a product's page lacks fields")
    product_row(document)
    require((document["id"], document["slug"]) == (seen["id"], seen["slug"]), "a page shows another product")
    variants = {variant["id"]: variant for variant in document["variants"]}
    require(bool(variants), "a product has no variant")
    for variant in variants.values():
        money(variant["price"])
        require(0 <= variant["available"] <= AVAILABLE_CAP, "a variant's units are out of bounds")
        require(variant["in_stock"] == (variant["available"] > 0), "in_stock contradicts the units")
    shown = variants.get(document["default_variant"])
    require(shown is not None and shown["price"] == document["price"], "the price is not the default variant's")


def cart(document: Document, *, holds: Mapping[int, int] | None = None) -> None:
    """A cart whose sums agree, with at least so many units of each variant that it must hold."""
    items = document["items"]
    for item in items:
        total = money(item["unit_price"]) * item["quantity"]
        require(money(item["line_total"]) == total - money(item["discount_total"]), "a line's total is wrong")
    require(document["item_count"] == sum(item["quantity"] for item in items), "a cart miscounts its units")
    subtotal = sum((money(item["unit_price"]) * item["quantity"] for item in items), Decimal(0))
    require(money(document["subtotal"]) == subtotal, "a cart's subtotal is wrong")
    quantities = {item["variant"]["id"]: item["quantity"] for item in items}
    for variant, quantity in (holds or {}).items():
        require(quantities.get(variant, 0) >= quantity, "a cart lacks what was put into it")


def order(document: Document, *, total: str | None = None, number: str = "", status: str = "") -> None:
    """An order whose total is what its parts make, and what the buyer was shown."""
    require(ORDER_NUMBER.fullmatch(document["number"]) is not None, "an order's number has another form")
    require(not number or document["number"] == number, "another order came back")
    require(not status or document["status"] == status, "an order's status is another")
    parts = {
        name: money(document[name])
        for name in ("subtotal", "discount_total", "shipping_total", "tax_total", "grand_total")
    }
    tax = Decimal(0) if document["prices_include_tax"] else parts["tax_total"]
    made = parts["subtotal"] - parts["discount_total"] + parts["shipping_total"] + tax
    require(parts["grand_total"] == made, "an order's total is not what its parts make")
    require(total is None or document["grand_total"] == total, "an order costs another sum than was shown")
    lines = sum((money(item["unit_price"]) * item["quantity"] for item in document["items"]), Decimal(0))
    require(parts["subtotal"] == lines, "an order's subtotal is not that of its lines")


def shortage(document: Document, *, wanted: Mapping[int, int]) -> None:
    """A refusal for want of stock names lines that were asked for, and fewer units than were wanted."""
    require(bool(document["short"]), "a shortage names no line")
    for line in document["short"]:
        require(line["variant"] in wanted, "a shortage names what nobody asked for")
        require(line["available"] < line["requested"], "a shortage of what is available")


def problem(document: Document, *, status: int) -> str:
    """The code of a problem document."""
    require(document["status"] == status and bool(document["title"]), "a refusal is no problem document")
    return document["code"]
