"""Tax rates over HTTP: as staff write them, and as the next cart is taxed by."""

import pytest
from django.urls import reverse

from market.carts.tests.factories import make_cart, make_offer
from market.catalog.tests.factories import make_product
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
        ({"rate": "1"}, "rate"),
        ({"country": "ES", "region": "CANARIAS"}, "region"),
        ({"rate": None}, "rate"),
    ],
)
def test_what_makes_no_sense_is_told_at_its_field_and_changes_nothing(office, changes, field):
    TaxRate.objects.create(name="France", country="FR", rate="0.2")
    TaxRate.objects.create(name="Islands", country="ES", region="Canarias", rate="0.07")
    before = list(TaxRate.objects.order_by("pk").values())
    answer = office.post(URL, GERMANY | changes, format="json")
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (400, [field])
    assert list(TaxRate.objects.order_by("pk").values()) == before


def test_the_rate_of_everywhere_else_stays_where_it_is(office):
    url = f"{URL}{TaxRate.objects.get().pk}/"
    for refused in (office.delete(url), office.patch(url, {"country": "DE"}, format="json")):
        assert (refused.status_code, refused.json()["code"]) == (409, "rest_of_world_stays")
    assert office.patch(url, {"rate": "0.1500"}, format="json").json()["rate"] == "0.1500"


def test_the_last_rate_of_a_class_stays_while_products_have_it(office, client):
    client.force_login(make_staff())
    books = TaxRate.objects.create(name="Books", tax_class="books", rate="0.05")
    atlas = make_product(tax_class="books")
    url, page = f"{URL}{books.pk}/", reverse("admin:taxes_taxrate_change", args=[books.pk])
    form = {"name": "Books", "tax_class": "paper", "country": "", "region": "", "rate": "0.05"}
    message = "1 product has the class books, and no other rate has it."
    for refused in (office.delete(url), office.patch(url, {"tax_class": "paper"}, format="json")):
        assert (refused.status_code, refused.json()["code"], refused.json()["detail"]) == (
            409,
            "tax_class_in_use",
            message,
        )
    assert message in client.post(page, form, follow=True).content.decode()
    gone = client.post(reverse("admin:taxes_taxrate_delete", args=[books.pk]), {"post": "yes"}, follow=True)
    assert message in gone.content.decode()
    assert office.patch(url, {"country": "DE"}, format="json").status_code == 200
    abroad = TaxRate.objects.create(name="Books", tax_class="books", country="FR", rate="0.05")
    assert office.delete(f"{URL}{abroad.pk}/").status_code == 204
    atlas.delete()
    assert office.patch(url, {"country": "", "tax_class": "paper"}, format="json").json()["tax_class"] == "paper"
    assert office.delete(url).status_code == 204
