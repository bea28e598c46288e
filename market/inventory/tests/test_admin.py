"""The staff's screens of stock."""

import pytest

from core.accounts.tests.factories import make_staff
from market.catalog.models import Product
from market.catalog.tests.factories import make_variant
from market.inventory.models import Reservation, StockItem, StockMovement
from market.inventory.tests.factories import keep, make_stocked_variant

pytestmark = pytest.mark.django_db
ADMIN = "/admin/inventory"


@pytest.fixture
def user():
    return make_staff()


@pytest.fixture
def staff(client, user):
    client.force_login(user)
    return client


def test_staff_move_stock_with_a_reason(staff, user):
    variant = make_stocked_variant(on_hand=4)
    url = f"{ADMIN}/stockitem/{variant.pk}/change/"
    staff.post(url, {"low_stock_threshold": 9, "quantity": 6, "reason": "Came"})
    stock = StockItem.objects.get()
    assert (stock.on_hand, stock.low_stock_threshold) == (10, 9)
    last = StockMovement.objects.latest("pk")
    assert (last.quantity, last.reason, last.actor) == (6, "Came", user)


@pytest.mark.parametrize(
    ("form", "shown"),
    [
        ({"quantity": -3, "reason": "Broken"}, "2 units are kept for orders."),
        ({"quantity": 3, "reason": ""}, "Give a reason for the move."),
        ({"quantity": "many", "reason": "x"}, "Enter a whole number."),
    ],
)
def test_a_refused_move_is_shown_and_moves_nothing(staff, form, shown):
    variant = make_stocked_variant(on_hand=4)
    keep(variant, quantity=2)
    url = f"{ADMIN}/stockitem/{variant.pk}/change/"
    answer = staff.post(url, {"low_stock_threshold": 9} | form, follow=True)
    assert shown in answer.content.decode()
    assert StockItem.objects.values_list("on_hand", "low_stock_threshold").get() == (4, 5)


def test_staff_open_stock_of_a_variant_without(staff):
    variant = make_variant()
    form = {"variant": variant.pk, "low_stock_threshold": 5, "quantity": 3, "reason": "First delivery"}
    assert staff.post(f"{ADMIN}/stockitem/add/", form).status_code == 302
    assert StockItem.objects.values_list("variant_id", "on_hand").get() == (variant.pk, 3)


def test_staff_find_a_variant_without_stock_by_its_sku(staff):
    variant = make_variant(sku="LAMP-1")
    make_variant(sku="MUG-1")
    field = {"app_label": "inventory", "model_name": "stockitem", "field_name": "variant"}
    found = staff.get("/admin/autocomplete/", {"term": "lamp"} | field).json()["results"]
    assert found == [{"id": str(variant.pk), "text": "LAMP-1"}]


def test_a_product_goes_with_its_stock(staff):
    variant = make_stocked_variant()
    url = f"/admin/catalog/product/{variant.product_id}/delete/"
    assert "Are you sure" in staff.get(url).content.decode()
    staff.post(url, {"post": "yes"})
    assert (Product.objects.count(), StockItem.objects.count()) == (0, 0)


def test_ledger_and_reservations_are_read_only(staff):
    variant = make_stocked_variant()
    keep(variant)
    for model, row in [("stockmovement", StockMovement.objects.get()), ("reservation", Reservation.objects.get())]:
        assert staff.get(f"{ADMIN}/{model}/").status_code == 200
        assert staff.get(f"{ADMIN}/{model}/add/").status_code == 403
        assert staff.post(f"{ADMIN}/{model}/{row.pk}/delete/", {"post": "yes"}).status_code == 403
        staff.post(f"{ADMIN}/{model}/{row.pk}/change/", {"quantity": 99})
    assert (StockMovement.objects.get().quantity, Reservation.objects.get().quantity) == (10, 1)


@pytest.mark.parametrize("rows", [1, 10])
def test_lists_cost_the_same_however_long(staff, count_statements, rows):
    for place in range(rows):
        keep(make_stocked_variant(), reference=f"ORDER-{place}")
    costs = []
    for model in ("stockitem", "stockmovement", "reservation"):
        with count_statements() as statements:
            assert staff.get(f"{ADMIN}/{model}/").status_code == 200
        costs.append(len(statements))
    assert max(costs) <= 6
