"""What becomes of a price while plans begin and end, against what they say: rules without a database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from operator import itemgetter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from market.catalog.rules import Edit, Plan, ToldPrice, played

START = datetime(2030, 1, 1, tzinfo=UTC)
TEN = ToldPrice(Decimal(10), None)


def moment(hour: float) -> datetime:
    return START + timedelta(hours=hour)


hours = st.integers(1, 8)
lengths = st.none() | st.integers(1, 5)
PLANNED = st.builds(
    dict,
    start=hours,
    length=lengths,
    price=st.booleans(),
    struck=st.sampled_from(["stays", "set", "gone"]),
    is_by_hand=st.just(False),
)
# What somebody does by hand and changes nothing, nobody can know of.
BY_HAND = st.builds(
    dict,
    start=hours,
    length=st.none(),
    price=st.booleans(),
    struck=st.sampled_from(["stays", "set"]),
    is_by_hand=st.just(True),
)
EVERY_HOUR = st.lists(PLANNED | BY_HAND, max_size=6, unique_by=itemgetter("start"))


def amount_of(change: dict, value: str) -> Decimal | None:
    """What a change gives: another amount for each, and what is struck through is always above each price."""
    if value == "price":
        return Decimal(20 + change["start"])
    return Decimal(100 + change["start"]) if change["struck"] == "set" else None


def sets(change: dict, value: str) -> bool:
    return change["price"] if value == "price" else change["struck"] != "stays"


def expected_at(hour: int, changes: list[dict], value: str) -> Decimal | None:
    """Read from what the changes say: who began last of those that run, over the last that was for good."""
    begun = [change for change in sorted(changes, key=lambda one: one["start"]) if change["start"] <= hour]
    begun = [change for change in begun if sets(change, value)]
    for_good = [change for change in begun if change["is_by_hand"] or change["length"] is None]
    first = for_good[-1]["start"] if for_good else 0
    runs = [change for change in begun if change["start"] > first and hour < change["start"] + change["length"]]
    [*_, last] = for_good + runs or [None]
    if last is None:
        return TEN.price if value == "price" else TEN.compare_at_price
    return amount_of(last, value)


def by_hand(told: ToldPrice, change: dict) -> ToldPrice:
    return replace(told, **{value: amount_of(change, value) for value in VALUES if sets(change, value)})


def drawn(changes: list[dict]) -> tuple[list[Plan], list[dict]]:
    """The plans among them, and what is done by hand, in order."""
    changes = sorted((one for one in changes if any(sets(one, value) for value in VALUES)), key=itemgetter("start"))
    plans = [
        Plan(
            id=number,
            starts_at=moment(one["start"]),
            ends_at=None if one["length"] is None else moment(one["start"] + one["length"]),
            price=amount_of(one, "price") if one["price"] else None,
            compare_at_price=amount_of(one, "compare_at_price"),
            removes_compare_at=one["struck"] == "gone",
        )
        for number, one in enumerate(changes)
        if not one["is_by_hand"]
    ]
    return plans, [one for one in changes if one["is_by_hand"]]


VALUES = ("price", "compare_at_price")


class TestEveryOrder:
    """The plans of one variant and what is done by hand, against a reading of what they say."""

    @settings(max_examples=300)
    @given(changes=EVERY_HOUR)
    def test_each_value_is_that_of_the_last_that_runs_on_time_and_late(self, changes):
        plans, edited = drawn(changes)
        told, now = TEN, plans
        for hour in range(15):
            told, at = played(told, now, until=moment(hour))
            for edit in edited:
                told = by_hand(told, edit) if edit["start"] == hour else told
            now = list(at.values())
            assert told == ToldPrice(*(expected_at(hour, changes, value) for value in VALUES)), hour

        edits, without = [], TEN
        for edit in edited:
            edits.append(Edit(moment(edit["start"]), without, by_hand(without, edit)))
            without = edits[-1].after
        late, at = played(TEN, plans, until=moment(14), edits=edits)
        assert late == told
        assert all(plan.due_at is None for plan in at.values()), "all is settled, each by its end"

    @settings(max_examples=200)
    @given(
        plans=st.lists(
            st.tuples(
                hours,
                lengths,
                st.none() | st.integers(8, 12),
                st.none() | st.booleans() | st.integers(8, 14),
            ),
            max_size=6,
            unique_by=lambda one: one[0],
        )
    )
    def test_step_by_step_is_as_at_once_and_nothing_is_struck_through_below_its_price(self, plans):
        plans = [
            Plan(
                id=number,
                starts_at=moment(start),
                ends_at=None if length is None else moment(start + length),
                price=None if price is None else Decimal(price),
                compare_at_price=Decimal(struck) if type(struck) is int else None,
                removes_compare_at=struck is True,
            )
            for number, (start, length, price, struck) in enumerate(plans)
        ]
        at_once = played(TEN, plans, until=moment(20))
        price, now = TEN, plans
        for hour in range(21):
            price, at = played(price, now, until=moment(hour))
            assert price.compare_at_price is None or price.compare_at_price >= price.price
            now = list(at.values())
        assert (price, {plan.id: plan for plan in now}) == at_once
        assert at_once[0] == TEN or any(plan.ends_at is None for plan in plans)
        assert not any("meanwhile" in plan.detail for plan in at_once[1].values()), "nobody has done anything by hand"


def test_what_stays_for_good_ends_what_would_have_come_back():
    sale = Plan(id=1, starts_at=moment(1), ends_at=moment(5), price=Decimal(8))
    for_good = Plan(id=2, starts_at=moment(2), price=Decimal(8))
    price, at = played(TEN, [sale, for_good], until=moment(9))
    assert (price.price, at[1].state, at[1].detail) == (8, "ended", "Another planned price followed it for good.")


def test_for_good_is_only_what_is_set_for_good():
    sale = Plan(id=1, starts_at=moment(1), ends_at=moment(9), price=Decimal(8), compare_at_price=Decimal(10))
    struck = Plan(id=2, starts_at=moment(5), compare_at_price=Decimal(12))
    during, at = played(TEN, [sale, struck], until=moment(6))
    assert (during, at[1].state) == (ToldPrice(Decimal(8), Decimal(12)), "applied")
    assert played(during, at.values(), until=moment(9))[0] == ToldPrice(Decimal(10), Decimal(12))


@pytest.mark.parametrize(
    ("by_hand", "then", "detail"),
    [
        ((8, 11), (10, 11), "What is struck through was changed meanwhile and stays as it is."),
        ((7, 10), (7, None), "The price was changed meanwhile and stays as it is."),
        ((8, 9), (10, None), "What is struck through was changed meanwhile and stays as it is."),
    ],
)
def test_each_value_goes_back_if_it_is_still_what_was_planned(by_hand, then, detail):
    sale = Plan(id=1, starts_at=moment(1), ends_at=moment(9), price=Decimal(8), compare_at_price=Decimal(10))
    _, at = played(TEN, [sale], until=moment(1))
    told, at = played(ToldPrice(*map(Decimal, by_hand)), at.values(), until=moment(9))
    assert ((told.price, told.compare_at_price), at[1].detail) == (then, detail)
