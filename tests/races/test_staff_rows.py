"""Staff who write the same at one moment: one of them is told, and what both changed is kept."""

import pytest

from core.operations.models import Run
from market.pricing.models import Coupon, Promotion
from market.pricing.services import edit_promotion, make_promotion, request_coupons
from market.pricing.tests.factories import make_promotion as given
from market.taxes.models import TaxRate
from market.taxes.services import make_rate
from tests.races.meeting import meet_before_commit

pytestmark = pytest.mark.django_db(transaction=True)
NORWAY = {"name": "Norway", "country": "NO", "rate": "0.25"}
TEN = {"name": "Ten percent", "kind": "percentage", "value": "10"}


def test_a_place_has_one_rate():
    assert meet_before_commit(lambda: make_rate(values=NORWAY), lambda: make_rate(values=NORWAY)) == ["invalid"]
    assert TaxRate.objects.filter(country="NO").count() == 1


def test_a_code_is_of_one_promotion():
    body = TEN | {"coupon_code": "autumn"}
    assert meet_before_commit(lambda: make_promotion(fields=body), lambda: make_promotion(fields=body)) == ["invalid"]
    assert Coupon.objects.count() == 1


def test_a_batch_of_codes_is_of_one_promotion():
    first, second = (given(requires_coupon=True) for _ in range(2))

    def ask(promotion: Promotion, count: int = 3) -> None:
        request_coupons(promotion_id=promotion.pk, count=count, batch="Autumn")

    for late in (lambda: ask(second), lambda: ask(first, count=4)):
        Run.objects.all().delete()
        assert meet_before_commit(lambda: ask(first), late) == ["invalid"]
        assert [(run.params["promotion"], run.params["count"]) for run in Run.objects.all()] == [(first.pk, 3)]


def test_two_edits_of_one_promotion_are_both_kept():
    promotion = given()

    def edit(**changes) -> None:
        edit_promotion(promotion_id=promotion.pk, changes=changes)

    assert meet_before_commit(lambda: edit(value="15"), lambda: edit(min_quantity=3)) == []
    promotion.refresh_from_db()
    assert (promotion.version, promotion.rules["value"], promotion.rules["min_quantity"]) == (3, "15", 3)
