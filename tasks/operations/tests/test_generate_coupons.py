"""Codes over HTTP and from the operation that makes them: as many as were asked for, once each, as a file too."""

import csv
from uuid import uuid4

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from core.errors import Invalid
from core.operations.models import Run
from core.operations.services.working import claim_run, do_next_batch, prepared_operation, release_lease
from market.orders.tests.factories import make_staff
from market.pricing.models import Coupon
from market.pricing.services import create_coupon, generate_coupons, request_coupons
from market.pricing.services.coupons import ASKED_BEFORE
from market.pricing.tests.factories import make_promotion
from tasks.operations.generate_coupons import GenerateCoupons
from tasks.operations.tests.working import run_of, worked_on

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("unthrottled")]


@pytest.fixture
def office(client_of):
    return client_of(make_staff())


def codes_of(promotion, part: str = "") -> str:
    return f"/api/v1/promotions/{promotion.pk}/coupons{part or '/'}"


def test_codes_are_made_in_the_background_and_downloaded(office, monkeypatch):
    monkeypatch.setattr(GenerateCoupons, "batch_size", 20)
    promotion = make_promotion(requires_coupon=True)
    made = office.post(codes_of(promotion), {"count": 50, "prefix": "fall-", "batch": "=Autumn"}, format="json")
    assert (made.status_code, made.json()["state"], made.json()["operation"]) == (201, "queued", "generate_coupons")
    run = worked_on(Run.objects.get(pk=made.json()["id"]))

    assert (run.state, run.total, run.processed, run.counts) == ("finished", 50, 50, {"made": 50})
    again = office.post(codes_of(promotion), {"count": 50, "prefix": "fall-", "batch": "=Autumn"}, format="json")
    assert (again.status_code, again.json()["id"]) == (201, made.json()["id"])
    more = office.post(codes_of(promotion), {"count": 51, "prefix": "fall-", "batch": "=Autumn"}, format="json")
    assert (more.status_code, more.json()["errors"][0]["field"]) == (400, "batch")
    assert Coupon.objects.filter(promotion=promotion, usage_limit=1, batch="=Autumn").count() == 50
    other = worked_on(Run.objects.get(pk=office.post(codes_of(promotion), {"count": 2}, format="json").json()["id"]))
    answer = office.get(codes_of(promotion, ".csv"), {"batch": "=Autumn"})
    rows = list(csv.DictReader(b"".join(answer.streaming_content).decode().splitlines()))
    assert answer["Content-Type"].startswith("text/csv")
    assert {row["code"][:5] for row in rows} == {"FALL-"}
    # A spreadsheet shows it as text.
    assert [row["batch"] for row in rows] == ["'=Autumn"] * 50
    assert {row["code"] for row in rows} == set(Coupon.objects.filter(batch="=Autumn").values_list("code", flat=True))
    browser = Client()
    browser.force_login(make_staff())
    of_run = browser.get(reverse("admin:pricing_codes_of_run", args=[run.pk]))
    assert len(b"".join(of_run.streaming_content).splitlines()) == 51
    whole = office.get(codes_of(promotion, ".csv"))
    assert len(b"".join(whole.streaming_content).splitlines()) == 53
    assert Coupon.objects.filter(batch=f"run {other.pk}", usage_limit=1).count() == 2


class Killed(Exception):
    """The worker is gone before its batch was committed."""


def test_who_is_killed_before_the_commit_has_made_none(monkeypatch):
    monkeypatch.setattr(GenerateCoupons, "batch_size", 20)
    promotion = make_promotion(requires_coupon=True)
    run = request_coupons(promotion_id=promotion.pk, count=50, usage_limit=None)
    lease = claim_run(run_id=run.pk, worker="tests:0")
    operation = prepared_operation(lease=lease)
    assert do_next_batch(lease=lease, operation=operation)  # the plan
    assert do_next_batch(lease=lease, operation=operation)
    with pytest.raises(Killed), transaction.atomic():
        do_next_batch(lease=lease, operation=operation)
        assert Coupon.objects.count() == 40
        raise Killed
    assert Coupon.objects.count() == 20
    release_lease(lease=lease)
    assert worked_on(run).state == "finished"
    assert Coupon.objects.filter(promotion=promotion, usage_limit=None, batch=f"run {run.pk}").count() == 50


def test_a_dry_run_makes_none_and_a_batch_that_exists_is_refused():
    promotion = make_promotion(requires_coupon=True)
    assert run_of("generate_coupons", dry_run=True, promotion=promotion.pk, count=3, batch="A").counts == {"made": 3}
    assert not Coupon.objects.exists()
    assert run_of("generate_coupons", promotion=promotion.pk, count=3, batch="A", usage_limit=0).state == "finished"
    with pytest.raises(Invalid) as refused:
        run_of("generate_coupons", promotion=promotion.pk, count=3, batch="A")
    assert [(error.field, error.code) for error in refused.value.errors] == [("params.batch", "taken")]
    assert Coupon.objects.filter(usage_limit=None).count() == 3


def test_the_name_of_a_batch_that_is_asked_for_is_told_to_others_at_its_field(office):
    promotion = make_promotion(requires_coupon=True)
    params = {"promotion": promotion.pk, "count": 3, "batch": "Autumn"}
    rehearsal = run_of("generate_coupons", dry_run=True, **params)
    office.post(codes_of(promotion), {"count": 3, "batch": "Autumn"}, format="json")
    browser = Client()
    browser.force_login(make_staff())
    url = f"{reverse('admin:operations_run_add')}?operation=generate_coupons"
    page = browser.post(url, params | {"prefix": "fall", "run_id": uuid4(), "earnest": "now"})
    assert page.context["forms"][0].errors["batch"] == [ASKED_BEFORE]
    assert 'value="fall"' in page.content.decode()
    earnest = reverse("admin:operations_run_act", args=[rehearsal.pk, "start-in-earnest"])
    assert ASKED_BEFORE in browser.post(earnest, follow=True).content.decode()
    assert Run.objects.filter(dry_run=False).count() == 1
    # What a run calls its codes when nobody says is no other's either.
    unnamed = office.post(codes_of(promotion), {"count": 1}, format="json").json()["params"]["batch"]
    refused = office.post(codes_of(promotion), {"count": 2, "batch": unnamed}, format="json")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "batch")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "count"),
        ({"count": 0}, "count"),
        ({"count": 100_001}, "count"),
        ({"count": 1, "usage_limit": 0}, "usage_limit"),
        ({"count": 1, "prefix": "a b"}, "prefix"),
        ({"count": 1, "prefix": "-a"}, "prefix"),
        ({"count": 1, "prefix": "=a"}, "prefix"),
        ({"count": 1, "prefix": "x" * 22}, "prefix"),
        ({"count": 1, "batch": "There"}, "batch"),
    ],
)
def test_codes_that_cannot_be_made(office, body, field):
    promotion = make_promotion(requires_coupon=True)
    generate_coupons(promotion_id=promotion.pk, count=1, batch="There")
    answer = office.post(codes_of(promotion), body, format="json")
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (400, [field])
    assert not Run.objects.exists()


def test_a_promotion_for_everybody_has_no_codes_made(office):
    promotion = make_promotion()
    answer = office.post(codes_of(promotion), {"count": 1}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "code_not_needed")
    assert run_of("generate_coupons", promotion=promotion.pk, count=1).state == "failed"
    add = {"promotion": promotion.pk, "code": "AUTUMN"}
    browser = Client()
    browser.force_login(make_staff())
    page = browser.post(reverse("admin:pricing_coupon_add"), add)
    assert list(page.context["adminform"].form.errors) == ["promotion"]
    assert not Coupon.objects.exists()


@pytest.mark.parametrize(
    ("query", "status", "fields"),
    [({"batch": "x" * 101}, 400, ["batch"]), ({"colour": "red"}, 400, ["colour"]), ({"batch": "x" * 100}, 200, [])],
)
def test_the_file_of_codes_knows_its_parameter_alone(office, query, status, fields):
    answer = office.get(codes_of(make_promotion(requires_coupon=True), ".csv"), query)
    assert answer.status_code == status
    assert fields == ([] if status == 200 else [error["field"] for error in answer.json()["errors"]])


def test_codes_are_found_switched_off_and_deleted_until_one_has_ordered_with_them(office):
    promotion = make_promotion(requires_coupon=True)
    used, unused = (create_coupon(promotion_id=promotion.pk, code=code) for code in ("Used", "Unused"))
    generate_coupons(promotion_id=promotion.pk, count=3, batch="Autumn")
    Coupon.objects.filter(pk=used.pk).update(uses=1)
    for query, count in (({"batch": "Autumn"}, 3), ({"code": "used"}, 1), ({"used": "true"}, 1), ({}, 5)):
        assert office.get(codes_of(promotion), query).json()["count"] == count, query

    one, other = (f"{codes_of(promotion)}{coupon.pk}/" for coupon in (used, unused))
    assert office.patch(one, {"is_active": False}, format="json").json()["is_active"] is False
    refused = office.delete(one)
    assert (refused.status_code, refused.json()["code"]) == (409, "coupon_used")
    assert [office.delete(other).status_code for _ in range(2)] == [204, 404]
    of_another = f"{codes_of(make_promotion())}{used.pk}/"
    assert {office.patch(of_another, {"is_active": True}, format="json").status_code} == {404}
    assert list(Coupon.objects.filter(batch="").values_list("code", "is_active")) == [("USED", False)]
