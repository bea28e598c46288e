"""What the catalog computes without a database."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.catalog import rules


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Heart T-Light (red)", "heart-t-light-red"),
        ("  Café & Crème! ", "cafe-creme"),
        ("日本語", ""),
        ("a" * 30, "a" * 20),
        ("aaaaaaaaaaaaaaaaaaa-b", "aaaaaaaaaaaaaaaaaaa"),
    ],
)
def test_slug_of_a_title(title, slug):
    assert rules.slug_of(title, max_length=20) == slug


@pytest.mark.parametrize(
    ("wanted", "taken", "free"),
    [
        ("mug", [], "mug"),
        ("mug", ["mug"], "mug-2"),
        ("mug", ["mug", "mug-2", "mug-4"], "mug-3"),
        ("a" * 10, ["a" * 10], "a" * 8 + "-2"),
    ],
)
def test_the_first_free_slug(wanted, taken, free):
    assert rules.free_slug(wanted, taken=taken, max_length=10) == free


@pytest.mark.parametrize(
    ("price", "compare_at_price", "cost", "fields"),
    [
        ("5.00", None, None, []),
        ("5.00", "5.00", "9.00", []),
        ("0.00", "1.00", "0.00", []),
        ("5.00", "4.99", None, ["compare_at_price"]),
        ("-0.01", None, "-1", ["price", "cost"]),
    ],
)
def test_prices_that_contradict_each_other(price, compare_at_price, cost, fields):
    problems = rules.price_problems(
        price=Decimal(price),
        compare_at_price=compare_at_price and Decimal(compare_at_price),
        cost=cost and Decimal(cost),
    )
    assert [problem.field for problem in problems] == fields


@given(st.text(max_size=60))
def test_search_words_are_stable_and_carry_no_syntax(text):
    words = rules.search_words(text)
    assert rules.search_words(" ".join(words)) == words
    assert all(word.replace("\u0345", "").isalnum() for word in words)


@pytest.mark.parametrize(
    ("text", "query"), [("Red mug", "red:* & mug:*"), ("a'b:*|!c", "a:* & b:* & c:*"), ("-- &!", None), ("", None)]
)
def test_search_query_is_made_of_words_alone(text, query):
    assert rules.search_query(text) == query


def test_tree_leaves_out_what_lies_below_a_missing_parent():
    rows = [
        {"id": 3, "parent": 1},
        {"id": 1, "parent": None},
        {"id": 4, "parent": 3},
        {"id": 6, "parent": 5},
        {"id": 2, "parent": None},
    ]
    tree = rules.category_tree(rows)
    four = {"id": 4, "parent": 3, "children": []}
    three = {"id": 3, "parent": 1, "children": [four]}
    assert tree == [{"id": 1, "parent": None, "children": [three]}, {"id": 2, "parent": None, "children": []}]
    assert [node["id"] for node in rules.walk_tree(tree)] == [1, 3, 4, 2]


def test_thumbnail_lies_beside_its_picture():
    assert rules.thumbnail_name("products/ab12.jpg") == "products/ab12-thumbnail.jpg"
