"""The set statements of stock beside their plain ORM form, on the same random stock."""

import random
from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from market.inventory import services
from market.inventory.errors import InsufficientStock
from market.inventory.models import Reservation, StockItem, StockMovement
from market.inventory.tests.factories import make_stocked_variant

pytestmark = pytest.mark.django_db
UNTIL = timezone.now() + timedelta(hours=1)


def reserve(reference: str, units: dict[int, int]) -> bool:
    stock = StockItem.objects.select_for_update(no_key=True).order_by("pk").in_bulk(units)
    wanted = {
        pk: quantity
        for pk, quantity in units.items()
        if not Reservation.objects.exclude(state="released").filter(reference=reference, variant=pk).exists()
    }
    if any(stock[pk].available < quantity for pk, quantity in wanted.items()):
        return False
    for pk, quantity in wanted.items():
        StockItem.objects.filter(pk=pk).update(reserved=F("reserved") + quantity)
        Reservation.objects.update_or_create(
            reference=reference,
            variant_id=pk,
            defaults={"quantity": quantity, "state": "held", "expires_at": UNTIL},
        )
    return True


def release(reference: str) -> None:
    for line in Reservation.objects.filter(reference=reference, state__in=["held", "committed"]):
        StockItem.objects.filter(pk=line.variant_id).update(reserved=F("reserved") - line.quantity)
        line.state, line.expires_at = "released", None
        line.save()


def consume(reference: str) -> None:
    for line in Reservation.objects.filter(reference=reference, state="committed").order_by("variant_id"):
        less = {"reserved": F("reserved") - line.quantity, "on_hand": F("on_hand") - line.quantity}
        StockItem.objects.filter(pk=line.variant_id).update(**less)
        StockMovement.objects.create(
            variant_id=line.variant_id, kind="shipment", quantity=-line.quantity, reference=reference
        )
        line.state = "consumed"
        line.save()


def reserve_by_service(reference: str, units: dict[int, int]) -> bool:
    try:
        services.reserve(reference=reference, units=units, expires_at=UNTIL)
    except InsufficientStock:
        return False
    return True


def rows() -> list[list[tuple]]:
    """All that the statements write."""
    return [
        list(StockItem.objects.order_by("pk").values_list("pk", "on_hand", "reserved")),
        sorted(Reservation.objects.values_list("reference", "variant_id", "quantity", "state", "expires_at")),
        list(StockMovement.objects.order_by("pk").values_list("variant_id", "kind", "quantity", "reference")),
    ]


@pytest.mark.parametrize("seed", range(5))
def test_statements_do_what_the_orm_does(seed):
    ids = [make_stocked_variant(on_hand=5).pk for _ in range(4)]
    dice = random.Random(seed)
    walk = [
        (
            dice.choice(["reserve", "reserve", "reserve", "release", "commit", "consume"]),
            dice.choice("ABC"),
            {pk: dice.randint(1, 4) for pk in dice.sample(ids, dice.randint(1, 4))},
        )
        for _ in range(40)
    ]

    def run(reserving, releasing, consuming) -> tuple[list, list]:
        answers = []
        with transaction.atomic():
            for verb, reference, units in walk:
                if verb == "reserve":
                    answers.append(reserving(reference, units))
                elif verb == "commit":
                    services.commit(reference=reference)
                else:
                    (releasing if verb == "release" else consuming)(reference)
            result = answers, rows()
            transaction.set_rollback(True)
        return result

    by_sql = run(
        reserve_by_service,
        lambda reference: services.release(reference=reference),
        lambda reference: services.consume(reference=reference),
    )
    assert by_sql == run(reserve, release, consume)
    assert {True, False} == set(by_sql[0])
