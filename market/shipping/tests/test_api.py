"""Zones and methods over HTTP: as staff write them, and as the next cart is priced by."""

import pytest

from market.carts.tests.factories import make_cart, make_offer
from market.orders.tests.factories import make_staff
from market.shipping.models import ShippingMethod, ShippingZone

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unthrottled")]
ZONES, METHODS = "/api/v1/shipping-zones/", "/api/v1/shipping-methods/"
NORTH = {"name": "North", "areas": [{"country": "DE", "postal_patterns": "20000..20999"}, {"country": "DK"}]}
VAN = {"code": "van", "label": "Our van", "kind": "by_weight", "price": "3.00", "delivery_days": 1}
VAN |= {"steps": [{"at_least": "1000.00", "price": "5.00"}]}


@pytest.fixture
def office(client_of):
    return client_of(make_staff())


def test_what_staff_write_the_next_cart_is_priced_by(office, api_client):
    zone = office.post(ZONES, NORTH, format="json").json()
    assert [area["country"] for area in zone["areas"]] == ["DE", "DK"]
    method = office.post(METHODS, VAN | {"zones": [zone["id"]]}, format="json").json()
    assert (method["steps"], method["zones"], method["is_active"]) == (VAN["steps"], [zone["id"]], True)
    cart = make_cart(units={make_offer(weight_grams=800): 2})

    def prices(postal_code: str) -> dict[str, str]:
        url = f"/api/v1/carts/{cart.pk}/shipping-methods/?country=DE&postal_code={postal_code}"
        return {offer["code"]: offer["price"] for offer in api_client.get(url).json()}

    assert (prices("20095"), prices("80331")) == ({"standard": "4.95", "van": "5.00"}, {"standard": "4.95"})
    office.patch(f"{METHODS}{method['id']}/", {"steps": [], "free_over": "20.00"}, format="json")
    assert prices("20095")["van"] == "0.00"
    office.put(f"{ZONES}{zone['id']}/", NORTH | {"areas": [{"country": "DE"}]}, format="json")
    assert prices("80331")["van"] == "0.00"
    kept = office.delete(f"{ZONES}{zone['id']}/")
    assert (kept.status_code, kept.json()["code"], kept.json()["methods"]) == (409, "zone_in_use", ["van"])
    assert [office.delete(f"{METHODS}{method['id']}/").status_code for _ in range(2)] == [204, 404]
    assert office.delete(f"{ZONES}{zone['id']}/").status_code == 204
    assert prices("20095") == {"standard": "4.95"}


@pytest.mark.parametrize(
    ("url", "body", "field"),
    [
        (ZONES, {}, "name"),
        (ZONES, {"name": "South"}, "name"),
        (ZONES, NORTH | {"position": -1}, "position"),
        (ZONES, NORTH | {"areas": [{"country": "XX"}]}, "areas.0.country"),
        (ZONES, NORTH | {"areas": [{"country": "DE"}, {"region": "Bavaria"}]}, "areas.1.region"),
        (ZONES, NORTH | {"areas": [{"country": "DE", "postal_patterns": "*"}]}, "areas.0.postal_patterns"),
        (ZONES, NORTH | {"areas": [{"country": "DE"}, {"country": "DE"}]}, "areas.1"),
        (ZONES, NORTH | {"areas": [{"country": "DE", "region": name} for name in ("Bayern", "bayern")]}, "areas.1"),
        (METHODS, VAN | {"code": "standard"}, "code"),
        (METHODS, VAN | {"code": "a b"}, "code"),
        (METHODS, VAN | {"price": "-1"}, "price"),
        (METHODS, VAN | {"kind": "by_moon"}, "kind"),
        (METHODS, VAN | {"kind": "flat"}, "steps"),
        (METHODS, VAN | {"delivery_days": 5, "delivery_days_most": 2}, "delivery_days_most"),
        (METHODS, VAN | {"zones": [987654]}, "zones.0"),
        (METHODS, VAN | {"steps": [{"at_least": "1", "price": "x"}]}, "steps.0.price"),
        (METHODS, VAN | {"steps": [{"at_least": "1", "price": "1"}] * 2}, "steps.1"),
    ],
)
def test_what_makes_no_sense_is_told_at_its_field_and_changes_nothing(office, url, body, field):
    ShippingZone.objects.create(name="South")
    before = [list(model.objects.values()) for model in (ShippingZone, ShippingMethod)]
    answer = office.post(url, body, format="json")
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (400, [field])
    assert [list(model.objects.values()) for model in (ShippingZone, ShippingMethod)] == before


def test_the_code_of_a_method_stays(office):
    url = f"{METHODS}{ShippingMethod.objects.get().pk}/"
    assert office.patch(url, {"code": "other"}, format="json").json()["errors"][0]["field"] == "code"
    assert office.patch(url, {"code": "standard", "label": "Post"}, format="json").json()["label"] == "Post"
