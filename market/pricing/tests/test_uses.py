"""Limits of promotions and codes, taken and given back."""

from decimal import Decimal

import pytest

from core.errors import Invalid
from core.operations.models import Run
from market.pricing import services
from market.pricing.errors import PromotionChanged, PromotionGone, PromotionNotFound, PromotionUsed
from market.pricing.models import Coupon, FirstOrder, Promotion, PromotionTally, PromotionUse
from market.pricing.rules import PromotionApplied, promotion_from_json
from market.pricing.tests.factories import make_promotion

pytestmark = pytest.mark.django_db
ANN, BOB = "customer:1", "bob@shop.example"


def take(promotion: Promotion, number: str, *, identity: str = ANN, code: str = "", amount: str = "5.00") -> None:
    parsed = promotion_from_json(promotion.rules, id=promotion.pk, version=promotion.version, label=promotion.label)
    use = PromotionApplied(promotion.pk, promotion.version, code, Decimal(amount))
    services.take_uses(services.Uses(number, identity, applied=[use], promotions={promotion.pk: parsed}))


def refusal(*arguments, **keywords) -> str | None:
    try:
        take(*arguments, **keywords)
    except PromotionGone as gone:
        return gone.errors[0].code
    return None


@pytest.mark.parametrize(
    ("rules", "takings", "refusals"),
    [
        ({}, [ANN, ANN, BOB], [None, None, None]),
        ({"usage_limit": 2}, [ANN, ANN, BOB], [None, None, "used_up"]),
        ({"usage_limit_per_customer": 1}, [ANN, BOB, ANN], [None, None, "used_up_by_customer"]),
        ({"budget": "9.99"}, [ANN, BOB], [None, "budget_used_up"]),
        ({"budget": "10.00"}, [ANN, BOB, BOB], [None, None, "budget_used_up"]),
        ({"first_order_only": True}, [ANN, BOB, ANN], [None, None, "not_first_order"]),
    ],
)
def test_each_limit(rules, takings, refusals):
    promotion = make_promotion(**rules)
    assert [refusal(promotion, f"N{number}", identity=identity) for number, identity in enumerate(takings)] == refusals
    taken = refusals.count(None)
    assert PromotionUse.objects.count() == taken
    counted = taken if rules.keys() - {"first_order_only"} else 0
    assert PromotionTally.objects.values_list("uses", "amount").get() == (counted, 5 * counted)


def test_a_code_is_used_as_often_as_it_may():
    promotion = make_promotion(requires_coupon=True)
    services.create_coupon(promotion_id=promotion.pk, code=" once ", usage_limit=1)
    free = services.create_coupon(promotion_id=promotion.pk, code="ALWAYS")
    assert [refusal(promotion, f"N{n}", code=code) for n, code in enumerate(["ONCE", "ONCE", "ALWAYS"])] == [
        None,
        "code_used_up",
        None,
    ]
    services.update_coupon(coupon_id=free.pk, is_active=False)
    assert refusal(promotion, "N9", code="ALWAYS") == "code_used_up"
    assert dict(Coupon.objects.values_list("code", "uses")) == {"ONCE": 1, "ALWAYS": 1}


def test_what_is_given_back_can_be_used_again_and_only_once():
    promotion = make_promotion(usage_limit=1, first_order_only=True, requires_coupon=True)
    services.create_coupon(promotion_id=promotion.pk, code="ONCE", usage_limit=1)
    take(promotion, "N1", code="ONCE")
    assert [services.give_back_uses(order_number=number) for number in ("N2", "N1", "N1")] == [0, 1, 0]
    assert PromotionTally.objects.values_list("uses", "amount").get() == (0, 0)
    assert (Coupon.objects.get().uses, FirstOrder.objects.count()) == (0, 0)
    assert refusal(promotion, "N3", code="ONCE") is None


def test_all_promotions_of_an_order_are_taken_or_none():
    first, second = make_promotion(usage_limit=5), make_promotion(usage_limit=1)
    take(second, "N1", identity=BOB)
    read = {
        row.pk: promotion_from_json(row.rules, id=row.pk, version=row.version, label=row.label)
        for row in (first, second)
    }
    both = [PromotionApplied(pk, 1, "", Decimal("1.00")) for pk in read]
    with pytest.raises(PromotionGone) as gone:
        services.take_uses(services.Uses("N2", ANN, applied=both, promotions=read))
    assert gone.value.extra == {"promotion": second.pk}
    assert not PromotionUse.objects.filter(order_number="N2").exists()
    assert PromotionTally.objects.get(pk=first.pk).uses == 0
    assert not FirstOrder.objects.filter(identity=ANN).exists()


def test_an_edit_makes_a_version_and_stops_quotes_of_the_one_before():
    promotion = make_promotion()
    take(promotion, "N1")
    same = services.update_promotion(promotion_id=promotion.pk, label=promotion.label, rules=promotion.rules)
    edited = services.update_promotion(
        promotion_id=promotion.pk, label="Twenty", rules={"kind": "percentage", "value": "20", "usage_limit": 2}
    )
    with pytest.raises(PromotionChanged):
        take(promotion, "N2")
    assert (same.version, edited.version) == (1, 2)
    assert list(edited.versions.values_list("number", "label")) == [(2, "Twenty"), (1, "Ten percent")]
    # What was used before there was a limit counts too.
    assert [refusal(edited, number) for number in ("N3", "N4")] == [None, "used_up"]
    services.set_status(promotion_id=promotion.pk, status="archived")
    with pytest.raises(PromotionChanged):
        take(edited, "N5")


def test_only_what_no_order_used_is_deleted():
    used, unused = make_promotion(), make_promotion()
    take(used, "N1")
    services.delete_promotion(promotion_id=unused.pk)
    with pytest.raises(PromotionUsed):
        services.delete_promotion(promotion_id=used.pk)
    with pytest.raises(PromotionNotFound):
        services.delete_promotion(promotion_id=unused.pk)
    assert list(Promotion.objects.all()) == [used]


@pytest.mark.parametrize(
    ("rules", "field"),
    [
        ({"kind": "percentage", "value": "101"}, "rules.value"),
        ({"kind": "percentage", "value": 10}, "rules.value"),
        ({"kind": "bogus"}, "rules.kind"),
        ({"value": "10"}, "rules"),
        ({"kind": "percentage", "value": "10", "label": "x"}, "rules.label"),
        ({"kind": "percentage", "value": "10", "colour": "red"}, "rules.colour"),
        ({"kind": "percentage", "value": "10", "codes": ["A"]}, "rules.codes"),
        ({"kind": "percentage", "value": "10", "weekdays": [8]}, "rules.weekdays"),
        ({"kind": "gift", "get_quantity": 1, "gift_variant": 987654}, "rules.gift_variant"),
        ({"kind": "percentage", "value": "10", "goods": {"products": [987654]}}, "rules.goods.products"),
        ({"kind": "percentage", "value": "10", "goods": {"categories": [2**70]}}, "rules.goods.categories"),
        ({"kind": "percentage", "value": "10", "customer_lists": [987654]}, "rules.customer_lists"),
        ({"kind": "percentage", "value": "10", "tiers": ["platinum"]}, "rules.tiers"),
        ({"kind": "percentage", "value": "10", "countries": ["XX"]}, "rules.countries"),
    ],
)
def test_rules_that_make_no_sense_are_refused_by_name(rules, field):
    with pytest.raises(Invalid) as refused:
        services.create_promotion(label="Odd", rules=rules)
    assert [error.field for error in refused.value.errors] == [field]
    assert not Promotion.objects.exists()


def test_many_codes_at_once():
    promotion = make_promotion(requires_coupon=True)
    codes = services.generate_coupons(promotion_id=promotion.pk, count=300, batch="Autumn", prefix="fall-")
    assert len(set(codes)) == 300
    assert all(code.startswith("FALL-") and len(code) == 16 for code in codes)
    assert set(Coupon.objects.values_list("code", "usage_limit", "batch")) == {(c, 1, "Autumn") for c in codes}


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"count": 0}, "count"),
        ({"count": 100_001}, "count"),
        ({"prefix": "a b"}, "prefix"),
        ({"prefix": "X" * 22}, "prefix"),
        ({"batch": "There"}, "batch"),
    ],
)
def test_codes_that_cannot_be_made(asked, field):
    promotion = make_promotion(requires_coupon=True)
    services.generate_coupons(promotion_id=promotion.pk, count=1, batch="There")
    with pytest.raises(Invalid) as refused:
        services.request_coupons(**({"promotion_id": promotion.pk, "count": 1, "batch": "A"} | asked))
    assert [error.field for error in refused.value.errors] == [field]
    assert not Run.objects.exists()


@pytest.mark.parametrize("code", ["", "ab", "Ä12", "a b c", "x" * 33])
def test_a_code_is_plain(code):
    with pytest.raises(Invalid) as refused:
        services.create_coupon(promotion_id=make_promotion(requires_coupon=True).pk, code=code)
    assert [(e.field, e.code) for e in refused.value.errors] == [("code", "invalid")]


def test_a_code_is_given_out_once_in_any_case():
    promotion = make_promotion(requires_coupon=True)
    services.create_coupon(promotion_id=promotion.pk, code="Summer")
    with pytest.raises(Invalid) as refused:
        services.create_coupon(promotion_id=promotion.pk, code="sUMMER")
    assert [(e.field, e.code) for e in refused.value.errors] == [("code", "taken")]
