"""Asking for a simulation at the moment in which the same one ends."""

import pytest
from django.utils import timezone

from core.operations.models import Run
from market.pricing.services.simulating import request_simulation
from market.pricing.tests.factories import make_promotion
from tests.races.meeting import meet_before_commit

pytestmark = pytest.mark.django_db(transaction=True)


def test_who_asks_while_the_same_ends_gets_a_new_run():
    draft = make_promotion(status="draft")
    first = request_simulation(promotion_id=draft.pk)

    def end() -> None:
        Run.objects.filter(pk=first.pk).update(state="finished", finished_at=timezone.now())

    assert meet_before_commit(end, lambda: request_simulation(promotion_id=draft.pk)) == []
    assert sorted(Run.objects.values_list("state", flat=True)) == ["finished", "queued"]
