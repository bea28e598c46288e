"""Stock over HTTP, for staff alone."""

import pytest
from django.contrib.auth.models import Permission

from core.accounts.tests.factories import make_staff, make_user
from market.catalog.tests.factories import make_variant
from market.inventory.models import StockItem, StockMovement
from market.inventory.tests.factories import keep, make_stocked_variant

pytestmark = pytest.mark.django_db
URL = "/api/v1/stock/"


@pytest.fixture
def staff(client_of):
    return client_of(make_staff())


def staff_who_may(client_of, *permissions: str):
    user = make_staff(is_superuser=False)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return client_of(user)


@pytest.mark.parametrize(
    ("method", "path", "body", "permission"),
    [
        ("get", "", {}, "view_stockitem"),
        ("get", "{id}/", {}, "view_stockitem"),
        ("put", "{id}/", {"on_hand": 3, "reason": "Counted"}, "change_stockitem"),
        ("get", "{id}/movements/", {}, "view_stockitem"),
        ("post", "{id}/movements/", {"quantity": 3, "reason": "Came"}, "change_stockitem"),
    ],
)
def test_only_staff_with_the_permission_get_in(api_client, client_of, method, path, body, permission):
    variant = make_stocked_variant(on_hand=7)
    url = URL + path.format(id=variant.pk)
    for client, status in [(api_client, 401), (client_of(make_user()), 403), (staff_who_may(client_of), 403)]:
        assert getattr(client, method)(url, body).status_code == status
    assert StockItem.objects.get().on_hand == 7
    assert getattr(staff_who_may(client_of, permission), method)(url, body).status_code in {200, 201}


def test_stock_is_counted_and_moved_with_a_reason(staff):
    variant = make_stocked_variant(on_hand=10, sku="MUG")
    keep(variant, quantity=3)
    at = f"{URL}{variant.pk}/"
    counted = staff.put(at, {"on_hand": 8, "reason": "Counted anew"})
    assert counted.json() == {
        "variant": variant.pk,
        "sku": "MUG",
        "on_hand": 8,
        "reserved": 3,
        "available": 5,
        "low_stock_threshold": 5,
    }
    moved = staff.post(f"{at}movements/", {"quantity": -5, "reason": "Broken"})
    assert (moved.status_code, moved.json()["available"]) == (201, 0)
    ledger = staff.get(f"{at}movements/").json()["results"]
    assert [(line["kind"], line["quantity"], line["reason"]) for line in ledger] == [
        ("adjustment", -5, "Broken"),
        ("adjustment", -2, "Counted anew"),
        ("opening", 10, "Opening stock"),
    ]
    assert ledger[0]["actor"] is not None
    below = staff.put(at, {"on_hand": 2, "reason": "Counted"})
    assert (below.status_code, below.json()["code"], below.json()["reserved"]) == (409, "stock_below_reserved", 3)


@pytest.mark.parametrize("kept", [0, 3])
def test_no_more_units_go_than_are_free(staff, kept):
    variant = make_stocked_variant(on_hand=10)
    if kept:
        keep(variant, quantity=kept)
    for quantity in (-11, -(10**9), kept - 11):
        answer = staff.post(f"{URL}{variant.pk}/movements/", {"quantity": quantity, "reason": "Broken"})
        assert (answer.status_code, answer.json()["code"]) == (409, "stock_below_reserved"), quantity
        assert (answer.json()["on_hand"], answer.json()["reserved"]) == (10, kept)
    assert (StockItem.objects.get().on_hand, StockMovement.objects.count()) == (10, 1)


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("put", "", {"on_hand": -1, "reason": "x"}, "on_hand"),
        ("put", "", {"on_hand": 1.5, "reason": "x"}, "on_hand"),
        ("put", "", {"on_hand": 2**63, "reason": "x"}, "on_hand"),
        ("put", "", {"on_hand": 1}, "reason"),
        ("put", "", {"on_hand": 1, "reason": " "}, "reason"),
        ("put", "", {"on_hand": 1, "reason": "x" * 256}, "reason"),
        ("post", "movements/", {"quantity": 0, "reason": "x"}, "quantity"),
        ("post", "movements/", {"quantity": "many", "reason": "x"}, "quantity"),
        ("post", "movements/", {"quantity": 10**9, "reason": "x"}, "quantity"),
    ],
)
def test_a_malformed_count_is_refused_by_field(staff, method, path, body, field):
    variant = make_stocked_variant(on_hand=10)
    answer = getattr(staff, method)(f"{URL}{variant.pk}/{path}", body)
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (400, [field])
    assert (StockItem.objects.get().on_hand, StockMovement.objects.count()) == (10, 1)


def test_the_list_shows_every_variant_and_what_is_low(staff):
    low, plenty, none = (
        make_stocked_variant(on_hand=5, sku="B"),
        make_stocked_variant(on_hand=6, sku="A"),
        make_variant(sku="C"),
    )
    keep(plenty, quantity=1)

    def variants(**query) -> list[tuple[int, int]]:
        return [(row["variant"], row["available"]) for row in staff.get(URL, query).json()["results"]]

    assert variants() == [(plenty.pk, 5), (low.pk, 5), (none.pk, 0)]
    assert variants(ordering="-sku", cursor="") == [(none.pk, 0), (low.pk, 5), (plenty.pk, 5)]
    assert variants(low="1") == variants()
    staff.put(f"{URL}{plenty.pk}/", {"on_hand": 60, "reason": "Came"})
    assert variants(low="true") == [(low.pk, 5), (none.pk, 0)]
    assert variants(low="0") == [(plenty.pk, 59)]
    assert variants(sku="C") == [(none.pk, 0)]
    assert staff.get(URL, {"low": "perhaps"}).status_code == 400


@pytest.mark.parametrize("path", ["0/", "9999999999999999999999/", "0/movements/"])
def test_an_unknown_variant_is_absent(staff, path):
    answer = staff.get(URL + path)
    assert (answer.status_code, answer.json()["code"]) == (404, "variant_not_found")
