"""Simulations over HTTP: asked for, told as a document and as a file, to whom may change promotions."""

import csv
from io import StringIO

import pytest
from django.test import Client
from django.urls import reverse

from core.operations.models import Run
from market.carts.tests.factories import make_cart, make_offer
from market.orders.tests.factories import make_order, make_staff
from market.pricing.models import Simulation
from market.pricing.tests.factories import make_promotion
from tasks.operations.tests.working import worked_on

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(client_of):
    return client_of(make_staff("pricing.change_promotion", "orders.view_order"))


def asked(office, promotion, **body):
    return office.post(f"/api/v1/promotions/{promotion.pk}/simulate/", body, format="json")


def test_a_changed_version_is_tried_and_told(office, client_of, count_statements):
    rival = make_promotion("Rival", stackable=False)
    offer = make_offer(price="10.00", cost="7.00")
    orders = [make_order(cart=make_cart(units={offer: count})) for count in (1, 2)]
    draft = make_promotion("Draft", status="draft", value="5", stackable=False, min_subtotal="20.00")
    answer = asked(office, draft, changes={"value": "60"}, warn_percent=50, reason="For spring")
    assert (answer.status_code, answer.json()["state"], answer.json()["operation"]) == (
        201, "queued", "simulate_promotion"
    )  # fmt: skip
    url = f"/api/v1/simulations/{answer.json()['id']}/"
    assert (office.get(url).status_code, office.get(url).json()["code"]) == (404, "run_not_found")
    worked_on(Run.objects.get())

    with count_statements() as statements:
        told = office.get(url).json()
    assert len([text for text in statements if "simulated" in text]) == 7
    assert (told["state"], told["is_changed"], told["rules"]["value"]) == ("finished", True, "60.00")
    assert (told["orders"], told["orders_changed"], told["orders_given"], told["given_total"]) == (2, 1, 1, "12.00")
    assert told["cost"] == {"total": "10.00", "per_order": "5.00", "per_changed_order": "10.00"}
    totals = [order.grand_total for order in orders]
    assert told["revenue"] == {"before": str(sum(totals)), "after": str(sum(totals) - 10)}
    # A sixth of the price is tax.
    assert told["margin"] == {
        "before": "1.50", "after": "-6.83", "orders": 2, "orders_below_cost_before": 0, "orders_below_cost_after": 1
    }  # fmt: skip
    warnings = told["warnings"]
    assert (warnings["goods_free"], warnings["goods_below"], warnings["warn_percent"]) == (0, 1, 50)
    for examples in ("examples", "below_cost"):
        assert [order["number"] for order in warnings[examples]] == [orders[1].number]
    assert told["promotions"] == [
        {"promotion": draft.pk, "label": "Draft", "orders_before": 0, "orders_after": 1, "given_before": "0.00",
         "given_after": "12.00", "displaced": 0},
        {"promotion": rival.pk, "label": "Rival", "orders_before": 2, "orders_after": 1, "given_before": "3.00",
         "given_after": "1.00", "displaced": 1},
    ]  # fmt: skip
    assert (told["conflicts"], told["refusals"]) == ([], [{"code": "min_subtotal", "orders": 1}])
    assert [(day["orders"], day["revenue_before"]) for day in told["days"]] == [(2, str(sum(totals)))]

    file = office.get(url + "orders.csv", headers={"Accept": "text/csv"})
    lines = list(csv.DictReader(StringIO(b"".join(file.streaming_content).decode())))
    assert [(line["order"], line["outcome"], line["cost"]) for line in lines] == [
        (orders[0].number, "min_subtotal", "0.00"), (orders[1].number, "applied", "10.00")
    ]  # fmt: skip
    assert float(lines[1]["margin_after"]) < 0
    assert (lines[1]["promotions_before"], lines[1]["promotions_after"]) == (str(rival.pk), str(draft.pk))

    # Who may not view orders is told the sums alone.
    other = client_of(make_staff("pricing.change_promotion"))
    assert other.get(url).json() == told | {"warnings": warnings | {"examples": [], "below_cost": []}}
    assert other.get(url + "orders.csv", headers={"Accept": "text/csv"}).status_code == 403


def test_who_asks_twice_for_the_same_gets_one_run_until_it_is_done(office):
    draft = make_promotion(status="draft")

    def run_asked_for(**body) -> str:
        return asked(office, draft, **body).json()["id"]

    first = run_asked_for(orders=5, changes={"value": "7"})
    assert run_asked_for(orders=5, changes={"value": "7"}) == first != run_asked_for(orders=6, changes={"value": "7"})
    worked_on(Run.objects.get(pk=first))
    assert run_asked_for(orders=5, changes={"value": "7"}) != first


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"orders": 0}, "orders"),
        ({"orders": 100_001}, "orders"),
        ({"placed_after": "2026-01-01T00:00:00"}, "placed_after"),
        ({"placed_after": "2026-02-01T00:00Z", "placed_before": "2026-01-01T00:00Z"}, "placed_before"),
        ({"changes": {"value": "101"}}, "changes.value"),
        ({"changes": {"kind": "gift"}}, "changes.gift_variant"),
        ({"changes": {"categories": [0]}}, "changes.categories.0"),
        ({"changes": []}, "changes"),
        ({"warn_percent": 0}, "warn_percent"),
    ],
)
def test_what_cannot_be_tried_is_refused_by_its_name(office, body, field):
    answer = asked(office, make_promotion(status="draft"), **body)
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (400, [field])
    assert not Run.objects.exists() and not Simulation.objects.exists()


@pytest.mark.parametrize(
    "rules",
    [
        "[" * 1000,
        "[" * 40 + "]" * 40,
        '{"kind": "percentage", "value": "5", "min_quantity": ' + "1" * 5000 + "}",
        '{"kind": "percentage", "value": "5", "usage_limit": NaN}',
        '{"kind": "percentage", "value": "5", "exclusive_group": "\\u0000"}',
        '{"kind": "percentage", "value": "5", "exclusive_group": "\\ud800"}',
        '{"kind": "percentage", "value": "5", "\\udfff": 1}',
        '{"kind": "percentage", "value": "5", "goods": {"products": [18446744073709551615]}}',
        '{"kind": "gift", "get_quantity": 1, "gift_variant": 18446744073709551615}',
    ],
    ids=lambda rules: rules[-30:],
)
def test_rules_that_cannot_be_read_or_kept_are_refused_by_name_over_either_door(rules, office):
    params = {"promotion": make_promotion(status="draft").pk, "rules": rules}
    answer = office.post("/api/v1/operations/simulate_promotion/runs/", {"params": params}, format="json")
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (400, ["params.rules"])
    page = Client()
    page.force_login(make_staff("pricing.change_promotion", "operations.view_run"))
    form = page.post(f"{reverse('admin:operations_run_add')}?operation=simulate_promotion", params)
    assert [own.errors.get("rules") is not None for own in form.context["forms"]] == [True, False]
    assert not Run.objects.exists()


def test_of_a_promotion_that_is_not_there_and_of_a_run_of_something_else_nothing_is_told(office):
    assert office.post("/api/v1/promotions/99/simulate/", {}, format="json").json()["code"] == "promotion_not_found"
    other = Run.objects.create(operation="reprice")
    for ending in ("", "orders.csv"):
        assert office.get(f"/api/v1/simulations/{other.pk}/{ending}").status_code == 404
