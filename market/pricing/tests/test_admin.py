"""Promotions and codes as staff make them in the admin."""

import json
from datetime import time
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.accounts.tests.factories import make_staff
from core.operations.models import Run
from market.carts.tests.factories import make_offer
from market.catalog.models import Attribute
from market.catalog.services import create_product_type
from market.catalog.tests.factories import make_category
from market.orders.tests.factories import make_staff as make_clerk
from market.pricing.models import Coupon, CustomerList, PriceList, Promotion
from market.pricing.services import create_promotion, delete_promotion, request_coupons
from market.pricing.tests.factories import make_coupon, make_promotion, make_simulation

pytestmark = pytest.mark.django_db
ADD = reverse("admin:pricing_promotion_add")
TAKE_THE_CODE = """INSERT INTO pricing_coupon (promotion_id, code, uses, is_active, batch, created_at, updated_at)
VALUES (%s, 'TAKEN', 0, true, '', now(), now())"""
VERSIONS = {"versions-TOTAL_FORMS": 0, "versions-INITIAL_FORMS": 0}


@pytest.fixture
def office() -> Client:
    client = Client()
    client.force_login(make_staff())
    return client


def form(**changes) -> dict:
    """What a browser sends of the form."""
    blank = {"name": "Autumn 2026", "status": "active", "kind": "percentage", "value": "10", "stackable": "on"}
    blank |= {"from_hour": "0", "until_hour": "24", "priority": "0", "is_public": "on"}
    return blank | VERSIONS | changes


def change_page(promotion: Promotion) -> str:
    return reverse("admin:pricing_promotion_change", args=[promotion.pk])


def sent_back(page) -> dict:
    """What a browser would send of the page that it was shown, nothing changed."""
    form, data = page.context["adminform"].form, dict(VERSIONS)
    for bound in form:
        value = bound.value()
        if bound.name == "thresholds":
            rows = form.fields["thresholds"].widget.get_context("thresholds", value, {})["rows"]
            data |= {cell["name"]: cell["value"] for row in rows for cell in row}
        elif bound.name in {"starts_at", "ends_at"}:
            date, time = form.fields[bound.name].widget.decompress(value)
            data |= {f"{bound.name}_0": date or "", f"{bound.name}_1": time or ""}
        elif value is not None and value is not False:
            data[bound.name] = value
    return data


def test_staff_make_a_promotion_and_each_change_is_a_version(office):
    assert office.post(ADD, form(label="Ten percent", coupon_code="autumn")).status_code == 302
    promotion = Promotion.objects.get()
    assert (promotion.name, promotion.label, promotion.requires_coupon) == ("Autumn 2026", "Ten percent", True)
    for changes in ({"value": "15"}, {"value": "15", "status": "archived"}, {"value": "15", "name": "Past"}):
        office.post(change_page(promotion), sent_back(office.get(change_page(promotion))) | changes)
    promotion.refresh_from_db()
    assert (promotion.version, promotion.status, promotion.name) == (2, "archived", "Past")
    assert promotion.versions.count() == 2
    office.post(reverse("admin:pricing_promotion_delete", args=[promotion.pk]), {"post": "yes"})
    assert not Promotion.objects.exists()


def test_every_rule_is_shown_as_it_is_and_sent_back_unchanged(office, settings):
    settings.SHOP_TIME_ZONE = "Europe/Berlin"
    variant = make_offer()
    color = {"code": "color", "title": "Color", "kind": "choice", "choices": ["red"]}
    Attribute.objects.create(product_type=create_product_type(title="Mug"), **color)
    rules = {
        "kind": "buy_x_get_y",
        "value": "50",
        "buy_quantity": 2,
        "get_quantity": 1,
        "goods": {"products": [variant.product_id], "attributes": ["color=red", "color=pale blue"]},
        "get_goods": {"categories": [make_category().pk]},
        "max_discount": "20.00",
        "tiers": ["gold"],
        "customer_lists": [CustomerList.objects.create(name="Friends").pk],
        "countries": ["GB", "IE"],
        "weekdays": [6, 7],
        "from_hour": 22,
        "until_hour": 2,
        "starts_at": "2026-12-01T00:00:00+00:00",
        "usage_limit": 100,
        "budget": "1000.00",
        "stackable": False,
        "is_public": False,
        "priority": -5,
        "exclusive_group": "autumn",
    }
    steps = [{"min_subtotal": "50.00", "percent": "5"}, {"min_subtotal": "100.00", "percent": "10"}]
    gift = {"kind": "gift", "gift_variant": variant.pk, "get_quantity": 1}
    for kind in (rules, {"kind": "spend_threshold", "thresholds": steps}, gift):
        promotion = create_promotion(label="All of it", rules=kind, status="active")
        page = office.get(change_page(promotion))
        assert "Europe/Berlin" in page.content.decode()
        with timezone.override(ZoneInfo("Europe/Berlin")):
            data = sent_back(page)
        sent = office.post(change_page(promotion), data)
        assert sent.status_code == 302, sent.context["adminform"].form.errors
        promotion.refresh_from_db()
        assert (promotion.version, promotion.name) == (1, "All of it")
        assert data["starts_at_1"] == ("" if "starts_at" not in kind else time(1))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"value": "101"}, "value"),
        ({"value": ""}, "value"),
        ({"kind": "sorcery"}, "kind"),
        ({"kind": "gift"}, "gift_variant"),
        ({"kind": "buy_x_get_y", "buy_quantity": "1"}, "get_quantity"),
        ({"kind": "spend_threshold"}, "thresholds"),
        ({"kind": "spend_threshold", "thresholds-0-amount": "x"}, "thresholds"),
        ({"products": "987654"}, "products"),
        ({"attributes": "nothing=red"}, "attributes"),
        (
            {"starts_at_0": "2026-12-02", "starts_at_1": "00:00", "ends_at_0": "2026-12-01", "ends_at_1": "00:00"},
            "ends_at",
        ),
        ({"from_hour": "8", "until_hour": "8"}, "from_hour"),
        ({"coupon_code": "a b"}, "coupon_code"),
        ({"coupon_code": "taken"}, "coupon_code"),
    ],
)
def test_what_makes_no_sense_is_told_at_its_field_and_what_was_typed_stays(office, changes, field):
    make_coupon("TAKEN")
    page = office.post(ADD, form(max_discount="7.77") | changes)
    assert page.status_code == 200
    assert field in page.context["adminform"].form.errors
    assert 'value="7.77"' in page.content.decode()
    assert Promotion.objects.count() == 1


def test_what_somebody_took_meanwhile_is_told_at_its_field_and_what_was_typed_stays(office):
    other = make_promotion(requires_coupon=True)

    def somebody(execute, sql, params, many, context):
        if sql.startswith('INSERT INTO "pricing_coupon"') and not Coupon.objects.exists():
            with connection.cursor() as cursor:
                cursor.connection.execute(TAKE_THE_CODE, [other.pk])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(somebody):
        page = office.post(ADD, form(coupon_code="taken", max_discount="7.77"))
    assert (page.status_code, list(page.context["adminform"].form.errors)) == (200, ["coupon_code"])
    assert 'value="7.77"' in page.content.decode()
    assert Promotion.objects.get() == other


def test_what_is_typed_is_simulated_and_not_saved(office):
    promotion = make_promotion("Ten percent")
    page = office.get(change_page(promotion))
    assert 'name="_simulate"' in page.content.decode()
    typed = sent_back(page) | {"_simulate": "yes"}
    before = Promotion.objects.values().get()
    assert "value" in office.post(change_page(promotion), typed | {"value": "x"}).context["adminform"].form.errors
    assert not Run.objects.exists()

    for changes, tried in (({}, None), ({"value": "15", "name": "Other", "starts_at_0": "2026-12-01"}, "15")):
        answer = office.post(change_page(promotion), typed | changes | {"starts_at_1": "00:00" if changes else ""})
        run = Run.objects.latest("created_at")
        assert answer.headers["Location"] == reverse("admin:operations_run_change", args=[run.pk])
        assert (run.state, run.params["promotion"]) == ("queued", promotion.pk)
        assert (run.params["rules"] and json.loads(run.params["rules"])["value"]) == tried
    assert Promotion.objects.values().get() == before
    assert not LogEntry.objects.exists()
    assert 'name="_simulate"' not in office.get(ADD).content.decode()


def test_codes_are_generated_from_the_page_and_downloaded(office):
    promotion = make_coupon("AUTUMN").promotion
    page = office.get(change_page(promotion)).content.decode()
    assert f"{reverse('admin:operations_run_add')}?operation=generate_coupons&amp;promotion={promotion.pk}" in page
    asked = office.get(
        reverse("admin:operations_run_add"), {"operation": "generate_coupons", "promotion": promotion.pk}
    )
    assert f'<option value="{promotion.pk}" selected>' in asked.content.decode()
    found = office.get(reverse("admin:pricing_promotion_changelist"), {"q": "autumn"}).context["cl"].result_list
    assert [row.pk for row in found] == [promotion.pk]
    file = office.get(reverse("admin:pricing_promotion_codes", args=[promotion.pk]))
    assert b"".join(file.streaming_content).splitlines()[1].startswith(b"AUTUMN,")
    clerk = Client()
    clerk.force_login(make_clerk("pricing.view_promotion"))
    assert clerk.get(reverse("admin:pricing_promotion_codes", args=[promotion.pk])).status_code == 404
    assert "generate-codes" not in clerk.get(change_page(promotion)).content.decode()


def test_there_is_no_file_of_codes_of_what_is_not_there(office):
    promotion = make_promotion(requires_coupon=True)
    simulated = make_simulation(promotion)
    run = request_coupons(promotion_id=promotion.pk, count=1)
    delete_promotion(promotion_id=promotion.pk)
    of_run = [reverse("admin:pricing_codes_of_run", args=[key]) for key in (simulated, run.pk, uuid4())]
    for url in (*of_run, reverse("admin:pricing_promotion_codes", args=[promotion.pk])):
        assert office.get(url).status_code == 404, url


def test_a_code_is_made_once_and_switched_off(office):
    add, promotion = reverse("admin:pricing_coupon_add"), make_promotion(requires_coupon=True)
    for _ in range(2):
        office.post(add, {"promotion": promotion.pk, "code": "autumn", "usage_limit": "", "is_active": "on"})
    coupon = Coupon.objects.get()
    office.post(reverse("admin:pricing_coupon_change", args=[coupon.pk]), {"code": "other"})
    coupon.refresh_from_db()
    assert (coupon.code, coupon.is_active) == ("AUTUMN", False)


@pytest.mark.parametrize(
    ("code", "message"), [("A B!", "letters, digits, - or _"), ("ab", "3 to 32"), ("taken", "such a code already")]
)
def test_a_code_that_cannot_be_is_told_at_its_field(office, code, message):
    promotion = make_coupon("TAKEN").promotion
    page = office.post(reverse("admin:pricing_coupon_add"), {"promotion": promotion.pk, "code": code})
    problems = page.context["adminform"].form.errors
    assert list(problems) == ["code"]
    assert message in str(problems["code"])


def test_a_code_for_no_order_is_told_at_its_field(office):
    promotion = make_promotion(requires_coupon=True)
    add = {"promotion": promotion.pk, "code": "NEVER", "is_active": "on"}
    page = office.post(reverse("admin:pricing_coupon_add"), add | {"usage_limit": "0"})
    assert list(page.context["adminform"].form.errors) == ["usage_limit"]
    assert office.post(reverse("admin:pricing_coupon_add"), add).status_code == 302
    assert Coupon.objects.get().usage_limit is None


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
