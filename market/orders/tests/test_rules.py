"""The state graph and the number."""

import random

import pytest

from market.orders import rules
from market.orders.models import Order


def test_the_graph_knows_every_status_of_the_model():
    assert set(rules.TRANSITIONS) == set(Order.Status.values)
    assert set().union(*rules.TRANSITIONS.values()) == set(Order.Status.values) - {"pending"}


@pytest.mark.parametrize(
    ("status", "allowed"),
    [
        ("pending", ("confirmed", "canceled")),
        ("confirmed", ("processing", "canceled")),
        ("processing", ("shipped", "canceled")),
        ("shipped", ("delivered", "returned")),
        ("delivered", ("returned",)),
        ("canceled", ()),
        ("returned", ()),
    ],
)
def test_what_may_follow(status, allowed):
    assert rules.allowed_statuses(status) == allowed
    assert rules.is_cancelable(status) == ("canceled" in allowed)


@pytest.mark.parametrize(
    ("statuses", "is_path"),
    [
        (["pending"], True),
        (["pending", "confirmed", "processing", "shipped", "delivered", "returned"], True),
        (["pending", "pending", "canceled"], True),
        (["pending", "shipped"], False),
        (["confirmed"], False),
        (["pending", "canceled", "confirmed"], False),
        ([], False),
    ],
)
def test_a_history_is_a_path_through_the_graph(statuses, is_path):
    assert rules.is_path(statuses) is is_path


def test_numbers_are_readable_on_the_phone():
    number = rules.order_number(choose=random.Random(1).choice)
    assert rules.NUMBER_PATTERN.fullmatch(number)
    assert not set("01OILU") & set(rules.NUMBER_ALPHABET)
    assert len(number) <= Order._meta.get_field("number").max_length
