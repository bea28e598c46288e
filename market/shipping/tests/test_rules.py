"""Where a parcel can go, how, and for how much."""

from decimal import Decimal

import pytest

from market.shipping.rules import (
    Area,
    Destination,
    Method,
    Parcel,
    PriceKind,
    Zone,
    is_postal_pattern,
    options,
    postal_code_matches,
    price_of,
    zone_of,
)

EUROPE = Zone(1, 0, (Area("GB"), Area("DE"), Area("ES")))
HIGHLANDS = Zone(2, 1, (Area("GB", postal_patterns=("IV*", "KW*", "PA20..PA80")), Area("GB", region="Shetland")))
WORLD = Zone(3, 0, (Area(),))
ISLANDS = Zone(4, 5, (Area("ES", region="Canarias", postal_patterns=("35*",)), Area("ES", region="Canarias")))
ZONES = (EUROPE, HIGHLANDS, WORLD, ISLANDS)


@pytest.mark.parametrize(
    ("destination", "zone"),
    [
        (Destination("GB", "", "SW1A 1AA"), EUROPE),
        (Destination("GB", "", "iv2 3ab"), HIGHLANDS),
        (Destination("GB", "", "PA 34 5AA"), HIGHLANDS),
        (Destination("GB", "", "PA1 1AA"), EUROPE),
        (Destination("GB", "shetland ", "ZE1 0AA"), HIGHLANDS),
        (Destination("GB"), EUROPE),
        (Destination("ES", "Canarias", "35001"), ISLANDS),
        (Destination("ES", "Canarias", "38001"), ISLANDS),
        (Destination("ES", "Madrid", "28001"), EUROPE),
        (Destination("US", "NY", "10001"), WORLD),
    ],
)
def test_the_most_exact_area_tells_the_zone(destination, zone):
    assert zone_of(zones=ZONES, destination=destination) == zone
    assert zone_of(zones=ZONES[::-1], destination=destination) == zone


def test_where_two_zones_tell_a_place_alike_the_first_one_has_it():
    alike = (Zone(8, 2, (Area("FR"),)), Zone(9, 1, (Area("FR"),)), Zone(7, 2, (Area("FR"),)))
    assert zone_of(zones=alike, destination=Destination("FR")).id == 9
    assert zone_of(zones=alike[::2], destination=Destination("FR")).id == 7
    assert zone_of(zones=alike, destination=Destination("DE")) is None


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("BT1 1AA", ["bt11aa", "BT1 1AA"], ["BT1", "BT1 1AB", ""]),
        ("BT*", ["BT1 1AA", "bt"], ["B1", ""]),
        ("20000..20999", ["20095", "20999", "20000"], ["21000", "2009", ""]),
        ("1000-100", ["1000100", "1000-100"], ["1000-101"]),
    ],
)
def test_postal_patterns(pattern, matching, others):
    assert is_postal_pattern(pattern)
    assert [code for code in matching + others if postal_code_matches(pattern=pattern, postal_code=code)] == matching


@pytest.mark.parametrize("pattern", ["", "*", "..", "1..", "20..3", "300..200", "B?", "BT*1", "BT**", "ä"])
def test_what_is_no_postal_pattern(pattern):
    assert not is_postal_pattern(pattern)


def method(kind=PriceKind.FLAT, **fields) -> Method:
    known = {"code": "post", "label": "Post", "price": Decimal("4.95"), "delivery_days": 2, "delivery_days_most": 4}
    return Method(kind=kind, **(known | fields))


STEPS = ((Decimal(1000), Decimal("6.00")), (Decimal(5000), Decimal("12.00")))


@pytest.mark.parametrize(
    ("priced", "subtotal", "grams", "price"),
    [
        (method(), "10.00", 100_000, "4.95"),
        (method(PriceKind.BY_WEIGHT, steps=STEPS), "10.00", 0, "4.95"),
        (method(PriceKind.BY_WEIGHT, steps=STEPS), "10.00", 999, "4.95"),
        (method(PriceKind.BY_WEIGHT, steps=STEPS), "10.00", 1000, "6.00"),
        (method(PriceKind.BY_WEIGHT, steps=STEPS), "10.00", 5000, "12.00"),
        (method(PriceKind.BY_SUBTOTAL, steps=((Decimal(50), Decimal("2.00")),)), "49.99", 0, "4.95"),
        (method(PriceKind.BY_SUBTOTAL, steps=((Decimal(50), Decimal("2.00")),)), "50.00", 0, "2.00"),
        (method(free_over=Decimal(50)), "49.99", 0, "4.95"),
        (method(free_over=Decimal(50)), "50.00", 0, "0.00"),
        (method(PriceKind.BY_WEIGHT, steps=STEPS, free_over=Decimal(0)), "0.00", 9000, "0.00"),
    ],
)
def test_each_price(priced, subtotal, grams, price):
    assert price_of(priced, Parcel(Decimal(subtotal), grams)) == Decimal(price)


def test_what_cannot_be_had_says_why():
    methods = [
        method(code="courier", label="Courier", zone_ids=frozenset({EUROPE.id})),
        method(code="drone", label="Drone", max_weight_grams=2500),
        method(),
    ]
    far = Destination("US", "NY", "10001")
    offered = options(methods=methods, zones=ZONES, destination=far, parcel=Parcel(Decimal(10), 2501))
    assert [(option.method.code, option.price, option.refusal and option.refusal.code) for option in offered] == [
        ("courier", None, "not_sent_there"),
        ("drone", None, "too_heavy"),
        ("post", Decimal("4.95"), None),
    ]
    assert [option.refusal.message for option in offered[:2]] == [
        "Courier is not sent to US 10001.",
        "Drone takes 2.5 kg at most; this weighs 2.501 kg.",
    ]
