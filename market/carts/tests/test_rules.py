"""Merging two carts, held against what any two carts may hold."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.carts.rules import Conflict, ConflictCode, MergeLine, MergeStrategy, merge_lines

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MAX_QUANTITY, MAX_LINES = 20, 6

some_lines = st.dictionaries(
    st.integers(1, 8), st.tuples(st.integers(1, MAX_QUANTITY), st.integers(0, 3)), max_size=MAX_LINES
).map(lambda found: [MergeLine(pk, units, NOON + timedelta(hours=age)) for pk, (units, age) in found.items()])
stocks = st.dictionaries(st.integers(1, 8), st.integers(-2, 30))
strategies = st.sampled_from(MergeStrategy)


def merged(strategy, claimed, saved, available, max_lines=MAX_LINES):
    return merge_lines(
        strategy=strategy,
        claimed=claimed,
        saved=saved,
        available=available,
        max_quantity=MAX_QUANTITY,
        max_lines=max_lines,
    )


def line(variant_id: int, quantity: int, *, hours: int = 0) -> MergeLine:
    return MergeLine(variant_id, quantity, NOON + timedelta(hours=hours))


@pytest.mark.parametrize(
    ("strategy", "quantity"),
    [
        (MergeStrategy.SUM, 7),
        (MergeStrategy.NEWEST, 2),
        (MergeStrategy.LARGER, 5),
        (MergeStrategy.KEEP_BOTH, 5),
    ],
)
def test_what_stands_in_both_carts(strategy, quantity):
    quantities, conflicts = merged(strategy, [line(1, 5)], [line(1, 2, hours=1), line(2, 3)], {1: 30, 2: 30})

    assert quantities == {1: quantity, 2: 3}
    told = [Conflict(1, 5, 2, ConflictCode.BOTH_CARTS)] if strategy is MergeStrategy.KEEP_BOTH else []
    assert conflicts == told


def test_stock_and_limits_are_told():
    claimed = [line(1, 4), line(2, 15), line(3, 2)]
    saved = [line(1, 4), line(2, 15), line(3, 5), line(4, 1), line(5, 1)]

    quantities, conflicts = merged(MergeStrategy.SUM, claimed, saved, {1: 6, 2: 99, 4: 1, 5: 1}, max_lines=4)

    assert quantities == {1: 6, 2: 20, 3: 5, 4: 1}
    assert conflicts == [
        Conflict(1, 6, 8, ConflictCode.INSUFFICIENT_STOCK),
        Conflict(2, 20, 30, ConflictCode.TOO_MANY_UNITS),
        Conflict(3, 5, 7, ConflictCode.INSUFFICIENT_STOCK),
        Conflict(5, 0, 1, ConflictCode.TOO_MANY_LINES),
    ]


@given(strategies, some_lines, some_lines, stocks)
def test_of_any_two_carts_nothing_is_lost_untold_and_nothing_passes_its_limits(strategy, claimed, saved, available):
    quantities, conflicts = merged(strategy, claimed, saved, available)

    own = {entry.variant_id: entry.quantity for entry in claimed}
    coming = {entry.variant_id: entry.quantity for entry in saved}
    told = {conflict.variant_id: conflict for conflict in conflicts}
    assert list(quantities)[: len(own)] == list(own)
    assert len(quantities) <= MAX_LINES
    for variant_id in own.keys() | coming.keys():
        before = own.get(variant_id, 0), coming.get(variant_id, 0)
        units = quantities.get(variant_id, 0)
        if variant_id not in coming:
            assert (units, variant_id in told) == (own[variant_id], False)
            continue
        if variant_id in told:
            assert (told[variant_id].quantity, units != told[variant_id].wanted) == (units, True)
        else:
            assert units == expected(strategy, before, claimed, saved, variant_id)
        if strategy is not MergeStrategy.KEEP_BOTH or variant_id not in own:
            stock = available.get(variant_id, 0)
            assert units <= min(MAX_QUANTITY, stock if stock > 0 else max(before))
        assert units >= 1 or told[variant_id].code is ConflictCode.TOO_MANY_LINES


def expected(strategy, before, claimed, saved, variant_id) -> int:
    """The strategies in other words."""
    if 0 in before:
        return sum(before)
    changed = [next(x.updated_at for x in lines if x.variant_id == variant_id) for lines in (claimed, saved)]
    return {
        MergeStrategy.SUM: sum(before),
        MergeStrategy.LARGER: max(before),
        MergeStrategy.KEEP_BOTH: before[0],
        MergeStrategy.NEWEST: before[1] if changed[1] > changed[0] else before[0],
    }[strategy]


@given(some_lines, some_lines, st.just(dict.fromkeys(range(1, 9), 1000)))
def test_the_sum_of_two_carts_does_not_depend_on_which_was_claimed(first, second, available):
    one = merged(MergeStrategy.SUM, first, second, available, max_lines=100)[0]
    other = merged(MergeStrategy.SUM, second, first, available, max_lines=100)[0]
    assert one == other
