"""Promotions and codes as staff make them in the admin."""

import json

import pytest
from django.test import Client
from django.urls import reverse

from core.accounts.tests.factories import make_staff
from market.pricing.models import Coupon, PriceList, Promotion
from market.pricing.tests.factories import make_coupon, make_promotion

pytestmark = pytest.mark.django_db
ADD = reverse("admin:pricing_promotion_add")
VERSIONS = {"versions-TOTAL_FORMS": 0, "versions-INITIAL_FORMS": 0}


@pytest.fixture
def office() -> Client:
    client = Client()
    client.force_login(make_staff())
    return client


def form(**changes) -> dict:
    rules = changes.pop("rules", {"kind": "percentage", "value": "10"})
    return {"label": "Autumn", "status": "active", "rules": json.dumps(rules)} | VERSIONS | changes


def change_page(promotion: Promotion) -> str:
    return reverse("admin:pricing_promotion_change", args=[promotion.pk])


def test_staff_make_a_promotion_and_each_change_is_a_version(office):
    assert office.post(ADD, form()).status_code == 302
    promotion = Promotion.objects.get()
    office.post(change_page(promotion), form(rules={"kind": "percentage", "value": "15"}))
    office.post(change_page(promotion), form(rules={"kind": "percentage", "value": "15"}, status="archived"))
    promotion.refresh_from_db()
    assert (promotion.version, promotion.status, promotion.rules["value"]) == (2, "archived", "15")
    assert promotion.versions.count() == 2
    office.post(reverse("admin:pricing_promotion_delete", args=[promotion.pk]), {"post": "yes"})
    assert not Promotion.objects.exists()


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ({"kind": "percentage", "value": "101"}, "value: "),
        ({"kind": "percentage", "value": "10", "colour": "red"}, "colour: no such field"),
        (["percentage"], "Give an object"),
    ],
)
def test_what_makes_no_sense_is_told_beside_what_was_typed(office, rules, told):
    page = office.post(ADD, form(rules=rules))
    assert page.status_code == 200
    assert told in page.content.decode()
    assert not Promotion.objects.exists()


def test_a_code_is_made_once_and_switched_off(office):
    add, promotion = reverse("admin:pricing_coupon_add"), make_promotion(requires_coupon=True)
    for _ in range(2):
        office.post(add, {"promotion": promotion.pk, "code": "autumn", "usage_limit": "", "is_active": "on"})
    coupon = Coupon.objects.get()
    office.post(reverse("admin:pricing_coupon_change", args=[coupon.pk]), {"code": "other"})
    coupon.refresh_from_db()
    assert (coupon.code, coupon.is_active) == ("AUTUMN", False)


def test_what_orders_used_stays(office):
    promotion = make_coupon("AUTUMN").promotion
    promotion.uses.create(version=1, identity="ann", order_number="N1", amount=1)
    page = office.post(reverse("admin:pricing_promotion_delete", args=[promotion.pk]), {"post": "yes"}, follow=True)
    assert Promotion.objects.filter(pk=promotion.pk).exists()
    assert page.status_code == 200


def test_a_price_list_names_a_tier_that_there_is(office):
    entries = {"entries-TOTAL_FORMS": 0, "entries-INITIAL_FORMS": 0}
    page = office.post(reverse("admin:pricing_pricelist_add"), {"label": "Trade", "tier": "platinum"} | entries)
    assert "Give one of: bronze, silver, gold" in page.content.decode()
    assert not PriceList.objects.exists()
