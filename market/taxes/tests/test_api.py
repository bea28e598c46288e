"""Tax rates over HTTP: as staff write them, and as the next cart is taxed by."""

import pytest

from market.carts.tests.factories import make_cart, make_offer
from market.orders.tests.factories import make_staff
from market.taxes.models import TaxRate

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unthrottled")]
URL = "/api/v1/tax-rates/"
GERMANY = {"name": "Germany", "country": "DE", "rate": "0.19"}


@pytest.fixture
def office(client_of):
    return client_of(make_staff())


def test_what_staff_write_the_next_cart_is_taxed_by(office, api_client):
    cart = make_cart(units={make_offer(): 1})
    url = f"/api/v1/carts/{cart.pk}/delivery/"

    def tax() -> str:
        return api_client.put(url, {"country": "DE", "postal_code": "20095"}, format="json").json()["tax_total"]

    before = tax()
    made = office.post(URL, GERMANY, format="json")
    assert (made.status_code, made.json()["rate"], made.json()["tax_class"]) == (201, "0.1900", "standard")
    assert (before, tax()) == ("2.50", "2.39")  # in 10.00, and in 4.95
    detail = f"{URL}{made.json()['id']}/"
    assert office.patch(detail, {"rate": "0"}, format="json").json()["rate"] == "0.0000"
    assert tax() == "0.00"
    assert [office.delete(detail).status_code for _ in range(2)] == [204, 404]
    assert tax() == before


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"country": "XX"}, "country"),
        ({"country": "FR"}, "country"),
        ({"country": "", "region": "Bavaria"}, "region"),
        ({"rate": "-0.1"}, "rate"),
        ({"rate": "1.5"}, "rate"),
        ({"rate": "1"}, "country"),
        ({"rate": None}, "rate"),
    ],
)
def test_what_makes_no_sense_is_told_at_its_field_and_changes_nothing(office, changes, field):
    TaxRate.objects.create(name="France", country="FR", rate="0.2")
    before = list(TaxRate.objects.order_by("pk").values())
    answer = office.post(URL, GERMANY | changes, format="json")
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (400, [field])
    assert list(TaxRate.objects.order_by("pk").values()) == before


def test_the_rate_of_everywhere_else_stays_where_it_is(office):
    url = f"{URL}{TaxRate.objects.get().pk}/"
    for refused in (office.delete(url), office.patch(url, {"country": "DE"}, format="json")):
        assert (refused.status_code, refused.json()["code"]) == (409, "rest_of_world_stays")
    assert office.patch(url, {"rate": "0.1500"}, format="json").json()["rate"] == "0.1500"
