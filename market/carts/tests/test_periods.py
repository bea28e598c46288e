"""Promotions begin and end by the moment alone: nothing is written, and nobody is shown the one before."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from core.models import ReferenceVersion
from market.carts.models import Cart
from market.carts.tests.asking import CARTS
from market.carts.tests.factories import make_cart, make_offer
from market.catalog.api.caching import FRESH_SECONDS
from market.pricing.models import Promotion
from market.pricing.tests.factories import make_promotion
from tests.running import wait_for

pytestmark = pytest.mark.django_db
SOON = timedelta(seconds=0.5)


@pytest.fixture
def turn() -> datetime:
    """The moment at which one promotion ends and another begins."""
    moment = timezone.now() + SOON
    make_promotion("Ends", ends_at=moment.isoformat(), value="10")
    make_promotion("Begins", starts_at=moment.isoformat(), value="20")
    return moment


def kept() -> list:
    """What a promotion that is switched on or off by somebody would change."""
    return [list(model.objects.order_by("pk").values()) for model in (Promotion, ReferenceVersion)]


def test_the_very_next_quote_has_what_has_begun_and_not_what_has_ended(api_client, count_statements, turn):
    cart = make_cart(units={make_offer(price=Decimal("10.00")): 1})

    def shown(cart: Cart) -> list[str]:
        return [discount["label"] for discount in api_client.get(f"{CARTS}{cart.pk}/").json()["discounts"]]

    before = kept()
    first = shown(cart)
    assert first == ["Ends"] or timezone.now() >= turn
    wait_for(lambda: timezone.now() >= turn, what="one has ended, the other begun")
    with count_statements() as counted:
        assert shown(cart) == ["Begins"]
    assert len(counted) == 1, "from what the process had read before"
    assert kept() == before


def test_the_public_list_turns_at_that_moment_and_is_kept_by_nobody_for_longer_than_it_says(api_client, turn):
    def shown() -> list[str]:
        answer = api_client.get("/api/v1/promotions/")
        assert f"max-age={FRESH_SECONDS}" in answer["Cache-Control"]
        return [row["label"] for row in answer.json()["results"]]

    first = shown()
    assert first == ["Ends"] or timezone.now() >= turn
    wait_for(lambda: timezone.now() >= turn, what="one has ended, the other begun")
    assert shown() == ["Begins"]
