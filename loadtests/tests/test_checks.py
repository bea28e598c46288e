"""Each check lets a right answer pass and catches each kind of wrong one."""

from copy import deepcopy
from decimal import Decimal
from functools import partial

import pytest

from loadtests import checks
from loadtests.checks import WrongAnswer

ROW = {
    "id": 7,
    "slug": "a-mug",
    "title": "A mug",
    "price": "5.00",
    "compare_at_price": "6.00",
    "currency": "GBP",
    "on_sale": True,
    "in_stock": True,
    "rating": None,
    "review_count": 0,
    "category": {"id": 3, "slug": "mugs", "title": "Mugs"},
    "image": None,
    "default_variant": 70,
    "created_at": "2026-01-01T00:00:00.000000Z",
}
OTHER_ROW = ROW | {"id": 8, "slug": "b", "price": "7.50", "compare_at_price": None, "on_sale": False}
VARIANT = {"id": 70, "sku": "A", "price": "5.00", "in_stock": True, "available": 3}
PAGE = ROW | {
    "description": "",
    "attributes": {},
    "variants": [VARIANT],
    "images": [],
    "breadcrumbs": [],
    "updated_at": ROW["created_at"],
}
LIST = {"count": 2, "next": None, "previous": None, "results": [ROW, OTHER_ROW]}
LINE = {"variant": {"id": 70}, "quantity": 2, "unit_price": "5.00", "discount_total": "0.00", "line_total": "10.00"}
CART = {"items": [LINE], "item_count": 2, "subtotal": "10.00"}
ORDER = {
    "number": "S7K4-92QF-M3",
    "status": "pending",
    "subtotal": "10.00",
    "discount_total": "0.00",
    "shipping_total": "4.95",
    "tax_total": "2.49",
    "grand_total": "14.95",
    "prices_include_tax": True,
    "items": [LINE],
}
SHORTAGE = {"short": [{"variant": 70, "sku": "A", "requested": 2, "available": 1}]}

by_price = partial(checks.product_list, limit=20, ordering="price", category_ids={3}, min_price=Decimal(5))
page_of_row = partial(checks.product_page, seen=ROW)
cart_with_two = partial(checks.cart, holds={70: 2})
order_of_14_95 = partial(checks.order, total="14.95", number="S7K4-92QF-M3", status="pending")
shortage_of_70 = partial(checks.shortage, wanted={70: 2})

RIGHT = [
    (by_price, LIST),
    (page_of_row, PAGE),
    (cart_with_two, CART),
    (order_of_14_95, ORDER),
    (order_of_14_95, ORDER | {"prices_include_tax": False, "shipping_total": "2.46"}),
    (shortage_of_70, SHORTAGE),
]


@pytest.mark.parametrize(("check", "document"), RIGHT)
def test_a_right_answer_passes(check, document):
    check(deepcopy(document))


WRONG = [
    (by_price, LIST | {"results": [OTHER_ROW, ROW]}, "ordered by price"),
    (by_price, LIST | {"results": [ROW, ROW]}, "twice"),
    (by_price, LIST | {"count": 1}, "counts fewer"),
    (by_price, LIST | {"results": [ROW | {"price": "4.99"}]}, "cheaper"),
    (by_price, LIST | {"results": [ROW | {"price": 5.0}]}, "two places"),
    (by_price, LIST | {"results": [ROW | {"price": "5.0"}]}, "two places"),
    (by_price, LIST | {"results": [ROW | {"category": {"id": 4}}]}, "another category"),
    (by_price, LIST | {"results": [ROW | {"on_sale": False}]}, "on_sale"),
    (by_price, LIST | {"results": [{"id": 7}]}, "lacks fields"),
    (partial(by_price, max_price=Decimal(6)), LIST, "dearer"),
    (partial(by_price, in_stock=False), LIST, "stock"),
    (partial(checks.product_list, limit=1), LIST, "longer"),
    (partial(checks.product_list, limit=20, ordering="-price"), LIST, "ordered by price"),
    (page_of_row, PAGE | {"id": 8}, "another product"),
    (page_of_row, PAGE | {"variants": []}, "no variant"),
    (page_of_row, PAGE | {"price": "5.50"}, "default variant"),
    (page_of_row, PAGE | {"variants": [VARIANT | {"available": 21}]}, "out of bounds"),
    (page_of_row, PAGE | {"variants": [VARIANT | {"available": 0}]}, "contradicts"),
    (page_of_row, ROW, "lacks fields"),
    (cart_with_two, CART | {"items": [], "item_count": 0, "subtotal": "0.00"}, "lacks what was put"),
    (cart_with_two, CART | {"item_count": 3}, "miscounts"),
    (cart_with_two, CART | {"subtotal": "10.01"}, "subtotal"),
    (cart_with_two, CART | {"items": [LINE | {"line_total": "9.99"}]}, "line's total"),
    (order_of_14_95, ORDER | {"grand_total": "14.96"}, "not what its parts make"),
    (order_of_14_95, ORDER | {"prices_include_tax": False}, "not what its parts make"),
    (order_of_14_95, ORDER | {"number": "S7K4-92QF-M4"}, "another order"),
    (order_of_14_95, ORDER | {"number": "17"}, "another form"),
    (order_of_14_95, ORDER | {"status": "canceled"}, "status"),
    (order_of_14_95, ORDER | {"items": []}, "those of its lines|not that of its lines"),
    (partial(checks.order, total="15.00"), ORDER, "another sum"),
    (shortage_of_70, {"short": []}, "names no line"),
    (partial(checks.shortage, wanted={71: 1}), SHORTAGE, "nobody asked for"),
    (shortage_of_70, {"short": [SHORTAGE["short"][0] | {"available": 2}]}, "what is available"),
]


@pytest.mark.parametrize(("check", "document", "text"), WRONG)
def test_a_wrong_answer_is_named(check, document, text):
    with pytest.raises(WrongAnswer, match=text):
        check(deepcopy(document))


def test_a_refusal_is_a_problem_document_of_its_status():
    assert checks.problem({"status": 409, "title": "No", "code": "insufficient_stock"}, status=409) == (
        "insufficient_stock"
    )
    with pytest.raises(WrongAnswer, match="no problem document"):
        checks.problem({"status": 400, "title": "No", "code": "invalid"}, status=409)
