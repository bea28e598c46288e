"""The life of stock: whatever happens in whatever order, the counts are those of the ledger and the orders."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connection, transaction
from django.db.models import Sum
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from core.accounts.tests.factories import make_staff
from core.errors import Invalid, ShopError
from market.catalog.errors import VariantNotFound
from market.catalog.models import ProductListing, Variant
from market.catalog.tests.factories import make_variant
from market.inventory import services
from market.inventory.errors import InsufficientStock, StockBelowReserved
from market.inventory.models import Reservation, StockItem, StockMovement
from market.inventory.tests.factories import keep, make_stocked_variant

ORDERS = ["A", "B", "C"]
VARIANTS = 2
order = st.sampled_from(ORDERS)
steps = st.one_of(
    st.tuples(st.just("reserve"), order, st.dictionaries(st.integers(0, VARIANTS - 1), st.integers(1, 6), min_size=1)),
    st.tuples(st.just("release"), order),
    st.tuples(st.just("commit"), order),
    st.tuples(st.just("extend"), order),
    st.tuples(st.just("consume"), order),
    st.tuples(st.just("set"), st.integers(0, VARIANTS - 1), st.integers(0, 8)),
    st.tuples(st.just("move"), st.integers(0, VARIANTS - 1), st.integers(-4, 4)),
)


class Shelf:
    """Stock in plain Python: what is on hand, and each order's lines with their state."""

    def __init__(self) -> None:
        self.on_hand = [5, 0]
        self.lines: dict[tuple[str, int], tuple[int, str]] = {}

    def reserved(self, place: int) -> int:
        return sum(n for (_, at), (n, state) in self.lines.items() if at == place and state in {"held", "committed"})

    def available(self, place: int) -> int:
        return self.on_hand[place] - self.reserved(place)

    def turn(self, reference: str, states: set[str], state: str) -> dict[int, int]:
        """Move the lines of an order from one of the states to another; the units that moved, by place."""
        moved = {at: n for (of, at), (n, was) in self.lines.items() if of == reference and was in states}
        self.lines |= {(reference, at): (n, state) for at, n in moved.items()}
        return moved

    def apply(self, step: tuple) -> bool:
        """Whether the shop must accept the step; the shelf is changed if so."""
        match step:
            case ("reserve", reference, units):
                wanted = {
                    at: n
                    for at, n in units.items()
                    if self.lines.get((reference, at), (0, "released"))[1] == "released"
                }
                if any(self.available(at) < n for at, n in wanted.items()):
                    return False
                self.lines |= {(reference, at): (n, "held") for at, n in wanted.items()}
            case ("release", reference):
                self.turn(reference, {"held", "committed"}, "released")
            case ("commit", reference):
                self.turn(reference, {"held"}, "committed")
            case ("consume", reference):
                for at, units in self.turn(reference, {"committed"}, "consumed").items():
                    self.on_hand[at] -= units
            case ("set", at, on_hand):
                if on_hand < self.reserved(at):
                    return False
                self.on_hand[at] = on_hand
            case ("move", at, quantity):
                if quantity == 0 or self.on_hand[at] + quantity < self.reserved(at):
                    return False
                self.on_hand[at] += quantity
        return True


def do(step: tuple, variants: list[Variant]) -> bool:
    """The step through the services; whether it was accepted."""
    until = timezone.now() + timedelta(hours=1)
    try:
        match step:
            case ("reserve", reference, units):
                wanted = {variants[at].pk: n for at, n in units.items()}
                services.reserve(reference=reference, units=wanted, expires_at=until)
            case ("release", reference):
                services.release(reference=reference)
            case ("commit", reference):
                services.commit(reference=reference)
            case ("extend", reference):
                services.extend(reference=reference, expires_at=until)
            case ("consume", reference):
                services.consume(reference=reference)
            case ("set", at, on_hand):
                services.set_on_hand(variant_id=variants[at].pk, on_hand=on_hand, reason="Counted")
            case ("move", at, quantity):
                services.move_stock(variant_id=variants[at].pk, quantity=quantity, reason="Moved")
    except ShopError:
        return False
    return True


def counts(variants: list[Variant]) -> list[tuple[int, int, int, bool, bool]]:
    """On hand, reserved, sum of the ledger, and both copies of whether it is in stock."""
    stock = {item.pk: item for item in StockItem.objects.all()}
    ledger = dict(StockMovement.objects.order_by().values_list("variant").annotate(Sum("quantity")))
    shown = dict(ProductListing.objects.values_list("default_variant_id", "in_stock"))
    flags = dict(Variant.objects.values_list("pk", "in_stock"))
    return [
        (stock[v.pk].on_hand, stock[v.pk].reserved, ledger.get(v.pk, 0), flags[v.pk], shown[v.pk]) for v in variants
    ]


@pytest.mark.django_db
@settings(max_examples=80)
@given(walk=st.lists(steps, max_size=15))
def test_stock_is_what_plain_python_says_after_any_steps(walk):
    with transaction.atomic():
        shelf = Shelf()
        variants = [make_stocked_variant(on_hand=n) for n in shelf.on_hand]
        for step in walk:
            assert do(step, variants) == shelf.apply(step), step
            expected = [
                (shelf.on_hand[at], shelf.reserved(at), shelf.on_hand[at], *[shelf.available(at) > 0] * 2)
                for at in range(VARIANTS)
            ]
            assert counts(variants) == expected, step
            again = step[0] not in {"set", "move"} and do(step, variants)
            assert not again or counts(variants) == expected, f"{step} twice is not {step} once"
        kept = {
            (reference, variant_id): (quantity, state)
            for reference, variant_id, quantity, state in Reservation.objects.values_list(
                "reference", "variant_id", "quantity", "state"
            )
        }
        assert kept == {(of, variants[at].pk): line for (of, at), line in shelf.lines.items()}
        transaction.set_rollback(True)


@pytest.mark.django_db
def test_a_shortage_names_every_short_line_and_keeps_nothing():
    plenty, few, none = make_stocked_variant(on_hand=9), make_stocked_variant(on_hand=2), make_variant()
    before = counts([plenty, few])
    with pytest.raises(InsufficientStock) as refusal:
        services.reserve(
            reference="A", units={none.pk: 1, few.pk: 3, plenty.pk: 9}, expires_at=timezone.now() + timedelta(hours=1)
        )
    assert refusal.value.extra["short"] == [
        {"variant": few.pk, "sku": few.sku, "requested": 3, "available": 2},
        {"variant": none.pk, "sku": none.sku, "requested": 1, "available": 0},
    ]
    assert [error.field for error in refusal.value.errors] == [f"variant.{few.pk}", f"variant.{none.pk}"]
    assert (counts([plenty, few]), Reservation.objects.count()) == (before, 0)


@pytest.mark.django_db
def test_shipping_leaves_one_ledger_line_per_variant_with_its_order_and_actor():
    staff = make_staff()
    variants = [make_stocked_variant(on_hand=5) for _ in range(3)]
    for place, variant in enumerate(variants, start=1):
        keep(variant, quantity=place)
    services.consume(reference="ORDER-1", actor_id=staff.pk)
    assert not StockMovement.objects.filter(kind="shipment").exists(), "held units are not shipped"
    services.commit(reference="ORDER-1")
    services.consume(reference="ORDER-1", actor_id=staff.pk)
    lines = StockMovement.objects.filter(kind="shipment").order_by("variant_id")
    assert list(lines.values_list("variant_id", "quantity", "reference", "actor_id")) == [
        (variant.pk, -place, "ORDER-1", staff.pk) for place, variant in enumerate(variants, start=1)
    ]


@pytest.mark.django_db
def test_opening_stock_is_given_once():
    first, second, kept = make_variant(), make_variant(), make_stocked_variant(on_hand=4)
    units = {first.pk: 7, second.pk: 0, kept.pk: 99}
    assert [services.open_stock(units=units) for _ in range(2)] == [2, 0]
    assert list(StockItem.objects.order_by("pk").values_list("pk", "on_hand")) == [
        (first.pk, 7),
        (second.pk, 0),
        (kept.pk, 4),
    ]
    assert sorted(StockMovement.objects.values_list("variant_id", "kind", "quantity")) == [
        (first.pk, "opening", 7),
        (kept.pk, "opening", 4),
    ]


@pytest.mark.django_db
def test_extending_never_shortens_and_committing_ends_the_clock():
    variant = make_stocked_variant()
    keep(variant)
    expires_at = Reservation.objects.get().expires_at
    for hours, expected in [(-1, expires_at), (5, expires_at + timedelta(hours=5))]:
        services.extend(reference="ORDER-1", expires_at=expires_at + timedelta(hours=hours))
        assert Reservation.objects.get().expires_at == expected
    services.commit(reference="ORDER-1")
    services.extend(reference="ORDER-1", expires_at=expires_at)
    reservation = Reservation.objects.get()
    assert (reservation.state, reservation.expires_at) == ("committed", None)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        (lambda v: services.set_on_hand(variant_id=v, on_hand=3, reason="x"), StockBelowReserved),
        (lambda v: services.move_stock(variant_id=v, quantity=-7, reason="x"), StockBelowReserved),
        (lambda v: services.move_stock(variant_id=v, quantity=0, reason="x"), Invalid),
        (lambda v: services.set_on_hand(variant_id=v, on_hand=-1, reason="x"), Invalid),
        (lambda v: services.move_stock(variant_id=v, quantity=services.MAX_ON_HAND, reason="x"), Invalid),
        (lambda v: services.set_on_hand(variant_id=0, on_hand=1, reason="x"), VariantNotFound),
    ],
)
def test_a_refused_count_changes_nothing(change, refusal):
    variant = make_stocked_variant(on_hand=10)
    keep(variant, quantity=4)
    before = counts([variant])
    with pytest.raises(refusal):
        change(variant.pk)
    assert counts([variant]) == before


@pytest.mark.django_db
@pytest.mark.parametrize("lines", [1, 10, 50])
@pytest.mark.parametrize(("quantity", "statements"), [(1, 2), (2, 4)])
def test_statements_do_not_grow_with_the_lines(count_statements, lines, quantity, statements):
    variants = [make_stocked_variant(on_hand=2) for _ in range(lines)]
    units = dict.fromkeys([variant.pk for variant in variants], quantity)
    with transaction.atomic():
        with count_statements() as reserving:
            services.reserve(reference="A", units=units, expires_at=timezone.now() + timedelta(hours=1))
        with count_statements() as releasing:
            services.release(reference="A")
    # Whatever is in stock again may be awaited.
    assert (len(reserving), len(releasing)) == (statements, statements + (statements > 2))


def together(*calls) -> list[str]:
    """Run the calls at the same time, each on its own connection; how each ended."""
    barrier, ends = Barrier(len(calls)), [""] * len(calls)

    def run(place: int) -> None:
        barrier.wait()
        try:
            calls[place]()
            ends[place] = "done"
        except ShopError as refusal:
            ends[place] = refusal.code
        finally:
            connection.close()

    threads = [Thread(target=run, args=[place]) for place in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return ends


@pytest.mark.django_db(transaction=True)
def test_buyers_at_once_get_what_there_is():
    variants = [make_stocked_variant(on_hand=6) for _ in range(3)]
    ends = together(
        *(
            lambda place=place: services.reserve(
                reference=f"ORDER-{place}",
                units=dict.fromkeys([v.pk for v in variants[:: -1 if place % 2 else 1]], 1),
                expires_at=timezone.now() + timedelta(hours=1),
            )
            for place in range(20)
        )
    )
    assert (ends.count("done"), ends.count("insufficient_stock")) == (6, 14)
    assert counts(variants) == [(6, 6, 6, False, False)] * 3


@pytest.mark.django_db(transaction=True)
def test_the_same_order_shipped_and_released_at_once_happens_once():
    variant = make_stocked_variant(on_hand=6)
    keep(variant, quantity=2)
    services.commit(reference="ORDER-1")
    ends = together(
        *[lambda: services.consume(reference="ORDER-1")] * 4, *[lambda: services.release(reference="ORDER-1")] * 4
    )
    assert ends == ["done"] * 8
    state = Reservation.objects.get().state
    on_hand = {"consumed": 4, "released": 6}[state]
    assert counts([variant]) == [(on_hand, 0, on_hand, True, True)]


@pytest.mark.django_db(transaction=True)
def test_stock_opened_and_counted_at_once_keeps_its_ledger():
    variant = make_variant()
    together(
        *[lambda: services.open_stock(units={variant.pk: 5})] * 3,
        *[lambda: services.move_stock(variant_id=variant.pk, quantity=2, reason="Came")] * 3,
    )
    on_hand = StockItem.objects.get().on_hand
    assert on_hand in {6, 11}
    assert counts([variant]) == [(on_hand, 0, on_hand, True, True)]
