"""Price lists over HTTP: all entries at once, and the next cart is priced by them."""

import pytest
from django.urls import reverse

from market.carts.tests.factories import make_cart, make_offer
from market.orders.tests.factories import make_staff
from market.pricing.models import PriceList, PriceListEntry

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unthrottled")]
URL = "/api/v1/price-lists/"


@pytest.fixture
def office(client_of):
    return client_of(make_staff())


def test_what_staff_write_the_next_cart_is_priced_by(office, api_client):
    variant, other = make_offer(), make_offer()
    cart = make_cart(units={variant: 5})
    steps = [{"variant": variant.pk, "price": "9.00"}, {"variant": variant.pk, "min_quantity": 5, "price": "8.00"}]
    made = office.post(URL, {"label": "Five or more", "entries": steps}, format="json")
    assert (made.status_code, made.json()["entry_count"], made.json()["tier"]) == (201, 2, "")
    detail = f"{URL}{made.json()['id']}/"

    def subtotal() -> str:
        return api_client.get(f"/api/v1/carts/{cart.pk}/").json()["subtotal"]

    assert subtotal() == "40.00"
    shown = office.get(f"{detail}entries/").json()["results"]
    assert [(row["variant"], row["sku"], row["min_quantity"], row["price"]) for row in shown] == [
        (variant.pk, variant.sku, 1, "9.00"),
        (variant.pk, variant.sku, 5, "8.00"),
    ]
    assert office.patch(detail, {"entries": [{"variant": other.pk, "price": "1.00"}]}, format="json").status_code == 200
    assert (subtotal(), PriceListEntry.objects.count()) == ("50.00", 1)
    office.put(detail, {"label": "Gold", "tier": "gold", "entries": steps}, format="json")
    assert subtotal() == "50.00"
    assert [office.delete(detail).status_code for _ in range(2)] == [204, 404]
    assert not PriceListEntry.objects.exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"label": ""}, "label"),
        ({"label": "Taken"}, "label"),
        ({"tier": "platinum"}, "tier"),
        ({"entries": {}}, "entries"),
        ({"entries": [{"variant": 987654, "price": "1.00"}]}, "entries.0.variant"),
        ({"entries": [{"variant": "VARIANT", "price": "-1.00"}]}, "entries.0.price"),
        ({"entries": [{"variant": "VARIANT"}]}, "entries.0.price"),
        ({"entries": [{"variant": "VARIANT", "price": "1", "min_quantity": 0}]}, "entries.0.min_quantity"),
        ({"entries": [{"variant": "VARIANT", "price": "1.00"}] * 2}, "entries.1"),
        ({"entries": [{"variant": "VARIANT", "price": "1.00"}] * 5001}, "entries"),
    ],
)
def test_what_makes_no_sense_is_told_at_its_field_and_changes_nothing(office, changes, field):
    variant = make_offer()
    PriceList.objects.create(label="Taken")
    kept = PriceList.objects.create(label="Mine")
    named = [
        {**entry, "variant": entry["variant"] if entry["variant"] != "VARIANT" else variant.pk}
        for entry in changes.get("entries") or ()
    ]
    body = {"label": "Trade"} | changes | ({"entries": named} if named else {})
    for write, url in ((office.post, URL), (office.patch, f"{URL}{kept.pk}/")):
        answer = write(url, body, format="json")
        assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (400, [field])
    kept.refresh_from_db()
    assert (kept.label, kept.tier) == ("Mine", "")
    assert (PriceList.objects.count(), PriceListEntry.objects.count()) == (2, 0)


def test_staff_keep_prices_one_by_one_in_the_admin(client):
    client.force_login(make_staff())
    variant, trade = make_offer(), PriceList.objects.create(label="Trade")
    add = reverse("admin:pricing_pricelistentry_add")
    form = {"price_list": trade.pk, "variant": variant.pk, "min_quantity": 1, "price": "9.00"}
    for wrong, told in (
        ({"price": "-1"}, "Give 0 or more."),
        ({"min_quantity": 0}, "Give 1 or more."),
        ({"price_list": ""}, "This field is required."),
    ):
        page = client.post(add, form | wrong).content.decode()
        assert (told in page, "Constraint" in page, PriceListEntry.objects.count()) == (True, False, 0)
    assert [client.post(add, form).status_code for _ in range(2)] == [302, 200]
    entry = trade.entries.get()
    listed = client.get(reverse("admin:pricing_pricelist_change", args=[trade.pk])).content.decode()
    assert f"?price_list={trade.pk}" in listed
    found = client.get(reverse("admin:pricing_pricelistentry_changelist"), {"price_list": trade.pk})
    assert found.context["cl"].result_count == 1
    client.post(reverse("admin:pricing_pricelistentry_change", args=[entry.pk]), form | {"price": "8.00"})
    entry.refresh_from_db()
    assert entry.price == 8
    client.post(reverse("admin:pricing_pricelistentry_delete", args=[entry.pk]), {"post": "yes"})
    assert not PriceListEntry.objects.exists()
    change = reverse("admin:pricing_pricelist_change", args=[trade.pk])
    assert "Give one of:" in client.post(change, {"label": "Trade", "tier": "platinum"}).content.decode()
    assert client.post(change, {"label": "Gold", "tier": "gold"}).status_code == 302
    trade.refresh_from_db()
    assert (trade.label, trade.tier, trade.is_active) == ("Gold", "gold", False)
    client.post(reverse("admin:pricing_pricelist_delete", args=[trade.pk]), {"post": "yes"})
    assert not PriceList.objects.exists()
