"""The promotions of another moment, as they were then."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from market.pricing.models import PromotionPhase, PromotionTally, PromotionVersion
from market.pricing.selectors.dated import promotions_at
from market.pricing.services import set_status, update_promotion
from market.pricing.tests.factories import make_promotion

pytestmark = pytest.mark.django_db


def active_at(moment: datetime) -> list[tuple[str, int, str]]:
    return [(one.label, one.version, str(one.value)) for one in promotions_at(moment).promotions]


def test_each_is_in_the_version_and_with_the_status_of_then(count_statements):
    before = timezone.now()
    promotion = make_promotion("Autumn", status="draft")
    as_draft = timezone.now()
    set_status(promotion_id=promotion.pk, status="active")
    as_active = timezone.now()
    update_promotion(promotion_id=promotion.pk, label="Winter", rules={"kind": "percentage", "value": "20"})
    as_edited = timezone.now()
    set_status(promotion_id=promotion.pk, status="archived")
    PromotionTally.objects.update(uses=3, amount="4.50")

    with count_statements() as counted:
        found = [active_at(moment) for moment in (before, as_draft, as_active, as_edited, timezone.now())]
    assert found == [[], [], [("Autumn", 1, "10")], [("Winter", 2, "20")], []]
    assert len(counted) == 5
    assert active_at(timezone.now() + timedelta(days=9)) == []
    [uses] = promotions_at(as_active).uses
    assert (uses.total, str(uses.amount)) == (3, "4.50")
    assert promotions_at(as_active).known_since == {}


def test_a_status_from_before_it_was_recorded_is_told_as_unknown():
    promotion = make_promotion("Old")
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    PromotionVersion.objects.update(created_at=long_ago)
    began = PromotionPhase.objects.get().began_at
    dated = promotions_at(long_ago + timedelta(days=1))
    assert [one.id for one in dated.promotions] == [promotion.pk]
    assert dated.known_since == {promotion.pk: began}
    assert promotions_at(long_ago - timedelta(days=1)).promotions == ()
